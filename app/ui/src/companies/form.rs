//! Making and changing a company. Plain forms: they are sent to the addresses of their pages.

use super::page::whole_resource;
use crate::customers::{
    frames::FormPage,
    pieces::{about, filled, logo},
};
use crate::{
    accounts::picture::PictureForms,
    fields::{BlankFields, FieldInputs},
    flash::{Flash, flash},
    shared::{Area, Field},
};
use domain::{
    company::Company,
    fields::{Filled, Subject, Whole},
};
use leptos::prelude::*;

/// `/companies/new`.
#[component]
pub fn NewCompanyPage() -> impl IntoView {
    let flash = flash();
    let up = ("Companies".to_owned(), "/companies".to_owned());
    view! {
        <FormPage title="New company" up action="/companies/new" submit="Make company">
            <Fields flash=flash.clone() />
            <BlankFields flash of=Subject::Companies />
        </FormPage>
    }
    .into_any()
}

/// `/companies/N/edit`.
#[component]
pub fn EditCompanyPage() -> impl IntoView {
    let flash = flash();
    about("Company", whole_resource(), move |Whole { it: company, fields }| {
        Ok(view! { <Edit company fields flash=flash.clone() /> }.into_any())
    })
}

#[component]
fn Edit(company: Company, fields: Vec<Filled>, flash: Flash) -> impl IntoView {
    let domains = company.domains.join("\n");
    // The form of the logo leaves this one as it is.
    let of_logo = flash.value("form") == "picture";
    let problem = flash.problem("picture").or_else(|| flash.error.as_ref().filter(|_| of_logo).map(|e| e.in_words()));
    let flash = if of_logo { Flash::default() } else { flash };
    let values = [
        ("name", company.name.as_str()),
        ("tier", &company.tier),
        ("domains", &domains),
        ("notes", &company.notes),
        ("accent", &company.accent),
        ("sees_all", if company.sees_all { "on" } else { "" }),
    ];
    let flash = filled(flash, &values);
    let page = format!("/companies/{}", company.id);
    let up = (company.name.clone(), page.clone());
    let after = view! {
        <section class="section" aria-labelledby="logo-title">
            <div class="section__head">
                <h2 class="section__title" id="logo-title">
                    "Logo"
                </h2>
            </div>
            <div class="row">
                {logo(company.id, company.logo)}
                <p class="field__hint">
                    "Its users see it above their tickets, staff beside its name. JPEG, PNG, GIF or WebP of at most 2 MB."
                </p>
            </div>
            <PictureForms action=format!("{page}/logo") what="logo" has_one=company.logo.is_some() problem whole=true />
        </section>
    }
    .into_any();
    view! {
        <FormPage title="Edit company" up action=format!("{page}/edit") submit="Save" after=Some(after)>
            <input type="hidden" name="version" value=company.version.to_string() />
            <Fields flash=flash.clone() />
            <FieldInputs flash fields />
        </FormPage>
    }
    .into_any()
}

#[component]
fn Fields(flash: Flash) -> impl IntoView {
    let sees_all = flash.value("sees_all") == "on";
    view! {
        <Field flash=flash.clone() name="name" label="Name" required=true maxlength=100 autocomplete="off" autofocus=true />
        <Field
            flash=flash.clone()
            name="tier"
            label="Tier"
            maxlength=40
            autocomplete="off"
            hint="What it has bought, in your own words: Gold."
        />
        <Area
            flash=flash.clone()
            name="domains"
            label="Domains"
            rows=3
            hint="One to a line, like acme.example. Whoever writes from there for the first time joins the company; those who are customers already do not, but you are shown who they are."
        />
        <Field
            flash=flash.clone()
            name="accent"
            label="Colour"
            maxlength=7
            autocomplete="off"
            hint="What buttons and links have for its users, as in #1f6feb. It is made darker or lighter where it would be hard to read. Empty: Docket's own."
        />
        <label class="check">
            <input type="checkbox" name="sees_all" checked=sees_all />
            <span>
                "Users see all tickets of the company"
                <span class="field__hint">
                    " Otherwise each sees only their own. Tickets from before are included."
                </span>
            </span>
        </label>
        <Area flash name="notes" label="Notes" rows=5 hint="For staff only; customers never see them." />
    }
    .into_any()
}
