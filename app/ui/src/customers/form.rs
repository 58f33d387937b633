//! Making and changing a customer. Plain forms: they are sent to the addresses of their pages.

use super::{
    frames::FormPage,
    page::whole_resource,
    pieces::{CompanyField, about, filled},
};
use crate::{
    fields::{BlankFields, FieldInputs},
    flash::{Flash, flash},
    shared::{Area, Field},
};
use domain::{
    channel::Identity,
    customer::Known,
    fields::{Filled, Subject, Whole},
};
use leptos::prelude::*;

/// `/customers/new`.
#[component]
pub fn NewCustomerPage() -> impl IntoView {
    let flash = flash();
    let up = ("Customers".to_owned(), "/customers".to_owned());
    view! {
        <FormPage title="New customer" up action="/customers/new" submit="Make customer">
            <Fields flash=flash.clone() />
            <BlankFields flash=flash.clone() of=Subject::Customers />
            <CompanyField
                flash
                hint="Empty: the company whose domain the address is in; if there is none, an individual."
            />
        </FormPage>
    }
    .into_any()
}

/// `/customers/N/edit`.
#[component]
pub fn EditCustomerPage() -> impl IntoView {
    let flash = flash();
    about("Customer", whole_resource(), move |Whole { it: known, fields }| {
        Ok(view! { <Edit known fields flash=flash.clone() /> }.into_any())
    })
}

#[component]
fn Edit(known: Known, fields: Vec<Filled>, flash: Flash) -> impl IntoView {
    let Known { customer, channels } = known;
    let channels = channels.iter().map(Identity::line).collect::<Vec<_>>().join("\n");
    let (emails, phones) = (customer.emails.join("\n"), customer.phones.join("\n"));
    let values = [
        ("name", customer.name.as_str()),
        ("email", &customer.email),
        ("emails", &emails),
        ("phones", &phones),
        ("channels", &channels),
        ("notes", &customer.notes),
    ];
    let flash = filled(flash, &values);
    let page = format!("/customers/{}", customer.id);
    let up = (customer.name.clone(), page.clone());
    view! {
        <FormPage title="Edit customer" up action=format!("{page}/edit") submit="Save">
            <input type="hidden" name="version" value=customer.version.to_string() />
            <Fields flash=flash.clone() />
            <FieldInputs flash fields />
        </FormPage>
    }
    .into_any()
}

#[component]
fn Fields(flash: Flash) -> impl IntoView {
    view! {
        <Field flash=flash.clone() name="name" label="Name" required=true maxlength=100 autocomplete="off" autofocus=true />
        <Field
            flash=flash.clone()
            name="email"
            label="E-mail address"
            kind="email"
            required=true
            autocomplete="off"
            hint="The one that they are written to."
        />
        <Area
            flash=flash.clone()
            name="emails"
            label="Other addresses"
            rows=2
            hint="One to a line. Mails from any of them are this customer's, and any of them signs in."
        />
        <Area flash=flash.clone() name="phones" label="Phone numbers" rows=2 hint="One to a line." />
        <Area
            flash=flash.clone()
            name="channels"
            label="Channel identities"
            rows=2
            hint="One to a line, like “Telegram: @jana_w (Jana W.)”; the name may be left out. Also WhatsApp, Facebook Messenger, Instagram, X, Slack, Discord and Microsoft Teams."
        />
        <Area flash name="notes" label="Notes" rows=5 hint="For staff only; customers never see them." />
    }
    .into_any()
}
