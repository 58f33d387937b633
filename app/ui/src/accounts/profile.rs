//! What people set about themselves: name, zone and signature; password; address.

use super::{by_mail::StillGood, picture::OwnPicture, rpc};
use crate::erased::{Rows, Sometimes, dynamic, handler};
use crate::fetched::resource;
use crate::tickets::rpc::preview;
use crate::{
    fields::OwnFields,
    flash::{Done, Flash, flash},
    me,
    outside::ConnectedAccounts,
    shared::{Field, TextArea, fetched, field_error, options, submit, toaster},
};
use domain::{
    language::Language,
    profile::{Profile, SIGNATURE_MAX, ZONES},
};
use leptos::{ev, html, prelude::*};
use leptos_router::hooks::use_query_map;

/// The forms, each sent to the address of its page.
#[component]
pub fn ProfileForms(page: &'static str) -> impl IntoView {
    let profile = resource(|| (), |()| rpc::own_profile());
    view! {
        <Done words=DONE />
        {fetched(
            || view! { <i class="skeleton skeleton--block" data-tall="320"></i> }.into_any(),
            profile,
            move |profile| {
                let changed = use_query_map().with_untracked(|query| query.get("password").is_some());
                let beside = if changed { profile.beside.lines() } else { Vec::new() };
                let tokens = profile.beside.api_tokens > 0;
                view! {
                    <StillGood beside tokens />
                    <About profile=profile.clone() page />
                    <OwnFields fields=profile.fields />
                    <OwnPicture page />
                    <Address waiting=profile.new_email page />
                    <Password page />
                    <ConnectedAccounts />
                }
                    .into_any()
            },
        )}
    }
    .into_any()
}

/// What the form that was sent last has come to.
const DONE: &[(&str, &str)] = &[
    ("saved", "Saved."),
    ("picture", "Your picture is saved."),
    ("picture-removed", "Your picture is removed."),
    ("connected", "Connected: you can sign in with that account from now on."),
    ("disconnected", "Disconnected: that account opens this one no more."),
    ("password", "Your password is changed, and every other device is signed out."),
    (
        "sent",
        "A mail is on its way to the new address. Open the link in it within 24 hours; until then nothing changes.",
    ),
];

/// What was typed into this form and refused, if it is the one that was sent.
pub(super) fn refused(form: &str) -> Option<Flash> {
    Some(flash()).filter(|flash| flash.error.is_some() && flash.value("form") == form)
}

#[component]
fn About(profile: Profile, page: &'static str) -> impl IntoView {
    let staff = me::start().is_staff();
    let flash = refused("profile").unwrap_or_else(|| Flash {
        values: vec![
            ("name".into(), profile.name),
            ("language".into(), profile.language.tag().into()),
            ("time_zone".into(), profile.time_zone),
            ("signature".into(), profile.signature),
        ],
        error: None,
    });
    // All names there are, once somebody looks for theirs: hundreds.
    let zones = RwSignal::new(None::<Vec<String>>);
    let look_up = move |_: ev::FocusEvent| {
        if zones.with_untracked(Option::is_none) {
            leptos::task::spawn_local(async move {
                if let Ok(names) = rpc::zones().await {
                    zones.try_set(Some(names));
                }
            });
        }
    };
    let zone_problem = flash.problem("time_zone");
    let signature_problem = flash.problem("signature");
    let area = NodeRef::new();
    let described = signature_problem.is_some().then(|| "signature-error".to_owned());
    view! {
        <section class="section">
            <div class="section__head">
                <h2 class="section__title">"Profile"</h2>
            </div>
            <form method="post" action=page class="stack">
                <input type="hidden" name="form" value="profile" />
                <Field flash=flash.clone() name="name" label="Your name" autocomplete="name" required=true maxlength=100 />
                <div class="field">
                    <label class="field__label" for="language">
                        "Language"
                    </label>
                    <select class="select" id="language" name="language" aria-describedby="language-hint">
                        {options(Language::ALL.map(|language| (language.tag(), language.name())), &flash.value("language"))}
                    </select>
                    {field_error("language", flash.problem("language"))}
                    <p class="field__hint" id="language-hint">
                        "Days and times on your pages are written as it is usual there."
                    </p>
                </div>
                <div class="field">
                    <label class="field__label" for="time_zone">
                        "Time zone"
                    </label>
                    <input
                        class="input"
                        id="time_zone"
                        name="time_zone"
                        list="zones"
                        maxlength=64
                        value=flash.value("time_zone")
                        autocomplete="off"
                        placeholder="As the browser says"
                        aria-invalid=zone_problem.is_some().then_some("true")
                        aria-describedby=if zone_problem.is_some() { "time_zone-error" } else { "time_zone-hint" }
                        on:focus=handler(look_up)
                    />
                    <datalist id="zones">
                        {dynamic(move || {
                            let offered = zones.get().unwrap_or_else(|| ZONES.map(str::to_owned).to_vec());
                            offered.into_iter().map(|zone| view! { <option value=zone></option> }).rows()
                        })}
                    </datalist>
                    {field_error("time_zone", zone_problem)}
                    <p class="field__hint" id="time_zone-hint">
                        "Like Europe/Berlin. Days and times on your pages and in what you export are those of this zone. Empty: pages go by the browser, exports by UTC."
                    </p>
                </div>
                {staff
                    .shown(|| {
                        view! {
                            <div class="field">
                                <label class="field__label" for="signature">
                                    "Signature"
                                </label>
                                <TextArea
                                    text=flash.value("signature")
                                    name="signature"
                                    id="signature"
                                    rows=4
                                    invalid=signature_problem.is_some()
                                    described_by=described
                                    node=area
                                />
                                {field_error("signature", signature_problem)}
                                <p class="field__hint">
                                    {format!(
                                        "Stands below your replies to customers; it can be left out of any of them. Markdown, at most {SIGNATURE_MAX} characters.",
                                    )}
                                </p>
                                <SignaturePreview area />
                            </div>
                        }
                    })}
                {submit("Save profile")}
            </form>
        </section>
    }
    .into_any()
}

/// The signature as customers will see it, once it is asked for.
#[component]
fn SignaturePreview(area: NodeRef<html::Textarea>) -> impl IntoView {
    let shown = RwSignal::new(None::<String>);
    let (toaster, taken_over) = (toaster(), me::taken_over());
    let show = move |_| {
        let Some(text) = area.get_untracked().map(|area| area.value()) else { return };
        leptos::task::spawn_local(async move {
            match preview(text).await {
                Ok(html) => drop(shown.try_set(Some(html))),
                Err(error) => toaster.fail(&error.0),
            }
        });
    };
    dynamic(move || {
        taken_over.get().shown(|| {
            view! {
                <div class="actions">
                    <button class="button button--sm" type="button" on:click=handler(show)>
                        "Preview"
                    </button>
                </div>
                {dynamic(move || {
                    shown
                        .get()
                        .map(|html| {
                            view! {
                                <div class="box">
                                    <div class="prose" role="region" aria-label="Preview of the signature" inner_html=html></div>
                                </div>
                            }
                        })
                })}
            }
        })
    })
}

#[component]
fn Address(waiting: Option<String>, page: &'static str) -> impl IntoView {
    let flash = refused("address").unwrap_or_default();
    let now = me::me().map(|person| person.email).unwrap_or_default();
    view! {
        <section class="section">
            <div class="section__head">
                <h2 class="section__title">"E-mail address"</h2>
            </div>
            <p>
                "You sign in with " <b>{now}</b> "."
                {waiting.map(|email| view! { " A mail to " <b>{email}</b> " waits for its link to be opened." })}
            </p>
            <form method="post" action=page class="stack">
                <input type="hidden" name="form" value="address" />
                <Field
                    flash=flash.clone()
                    name="new_email"
                    label="New e-mail address"
                    kind="email"
                    autocomplete="off"
                    required=true
                    maxlength=254
                />
                <Field
                    flash
                    name="address_password"
                    label="Your password"
                    kind="password"
                    autocomplete="current-password"
                    required=true
                />
                <div class="actions">
                    <button class="button" type="submit">
                        "Send the link"
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

#[component]
fn Password(page: &'static str) -> impl IntoView {
    let flash = refused("password").unwrap_or_default();
    view! {
        <section class="section">
            <div class="section__head">
                <h2 class="section__title">"Password"</h2>
            </div>
            <form method="post" action=page class="stack">
                <input type="hidden" name="form" value="password" />
                <Field
                    flash=flash.clone()
                    name="current_password"
                    label="Current password"
                    kind="password"
                    autocomplete="current-password"
                    required=true
                />
                <Field
                    flash
                    name="new_password"
                    label="New password"
                    kind="password"
                    autocomplete="new-password"
                    hint="At least 8 characters. Every other device is signed out."
                    required=true
                />
                <div class="actions">
                    <button class="button" type="submit">
                        "Change password"
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}
