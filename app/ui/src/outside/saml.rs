//! What is asked about a provider that speaks SAML 2.0.

use super::form::Believed;
use crate::{
    flash::Flash,
    shared::{Area, Field, ReadOnly},
};
use leptos::prelude::*;

/// What people rarely need to say.
const MORE: [&str; 3] = ["email_attribute", "name_attribute", "subject_attribute"];

/// `entity`: what Docket is called there, once this way in has a number; `answers`: where answers are sent to.
#[component]
pub(super) fn SamlFields(flash: Flash, entity: Option<String>, answers: String) -> impl IntoView {
    let named = match entity {
        Some(entity) => view! {
            <ReadOnly
                id="entity"
                label="Docket's entity ID, and the address of its metadata"
                value=entity
                hint="Enter it there as the entity ID (audience, identifier). Providers that read metadata find all that they need at this address."
            />
        }
        .into_any(),
        None => view! {
            <p class="muted">
                "Docket's entity ID and the address of its metadata are shown once this is saved. Where the provider asks for them first, enter anything there until then."
            </p>
        }
        .into_any(),
    };
    let open = MORE.iter().any(|name| !flash.value(name).is_empty() || flash.problem(name).is_some());
    view! {
        {named}
        <ReadOnly
            id="answers"
            label="Where the provider sends its answers to"
            value=answers
            hint="Enter exactly this address there, as the assertion consumer service (ACS, reply URL), with the binding HTTP-POST."
        />
        <Area
            flash=flash.clone()
            name="metadata"
            label="Metadata of the provider (XML)"
            hint="What it says about itself, as it lets you download it. When it is filled in, the entity ID, the sign-on address and the certificates below are taken from it."
        />
        <Field
            flash=flash.clone()
            name="issuer"
            label="Entity ID of the provider"
            hint="As it names itself, like https://id.acme.example/saml or urn:acme:id."
            maxlength=1000
        />
        <Field
            flash=flash.clone()
            name="sign_on"
            label="Sign-on address"
            hint="Where people are sent to sign in, with the binding HTTP-Redirect."
            maxlength=1000
        />
        <Area
            flash=flash.clone()
            name="certificates"
            label="Certificates that it signs with"
            rows=5
            hint="As PEM, up to 5: enter the next one beside the one in use before the provider changes over. Nothing is believed that is signed by anybody else."
        />
        <details class="more" open=open>
            <summary class="link">"Names of attributes"</summary>
            <div class="stack">
                <Field
                    flash=flash.clone()
                    name="subject_attribute"
                    label="Attribute that never changes"
                    hint="Empty: the name identifier (NameID), which has to be a lasting one then. When you change this, people are connected anew as they come."
                    maxlength=1000
                />
                <Field
                    flash=flash.clone()
                    name="email_attribute"
                    label="Attribute with the e-mail address"
                    hint="Empty: the usual names, or the name identifier where it is an address. People must not be able to change it themselves."
                    maxlength=1000
                />
                <Field
                    flash=flash.clone()
                    name="name_attribute"
                    label="Attribute with the name"
                    hint="Empty: the usual names."
                    maxlength=1000
                />
            </div>
        </details>
        <Believed flash />
    }
    .into_any()
}
