//! What is asked about a directory.

use super::form::{Check, SecretField};
use crate::{
    flash::Flash,
    shared::{Area, Field},
};
use leptos::prelude::*;

#[component]
pub(super) fn DirectoryFields(flash: Flash, has_secret: bool) -> impl IntoView {
    let secret = match has_secret {
        true => "One is kept. Leave this empty to go on with it.",
        false => "Empty only where nobody is entered above: people are looked up without a name then.",
    };
    view! {
        <Field
            flash=flash.clone()
            name="issuer"
            label="Server"
            hint="Like ldaps://ldap.acme.example, or ldap://ldap.acme.example with StartTLS. People type their password into Docket, and it is tried there."
            required=true
            maxlength=1000
        />
        <Check flash=flash.clone() name="start_tls" label="Encrypt after a greeting (StartTLS), with ldap://" />
        <Area
            flash=flash.clone()
            name="ca"
            label="Who signs its certificate"
            hint="Certificates of your own authority, as PEM. Then nobody else is believed. Empty: the authorities that browsers trust."
        />
        <Field
            flash=flash.clone()
            name="client_id"
            label="Look people up as"
            hint="The whole name of an entry that may search, like cn=docket,dc=acme,dc=example."
            maxlength=1000
        />
        <SecretField flash=flash.clone() label="Its password" hint=secret />
        <Field
            flash=flash.clone()
            name="base"
            label="Base"
            hint="Below which entry people are, like ou=people,dc=acme,dc=example."
            required=true
            maxlength=1000
        />
        <Field
            flash=flash.clone()
            name="filter"
            label="Filter"
            hint="How one is found: {login} stands for the address that they type, {user} for what is before its @. In Active Directory: (&(objectClass=user)(userPrincipalName={login}))."
            required=true
            maxlength=1000
        />
        <Field
            flash=flash.clone()
            name="subject_attribute"
            label="Attribute that never changes"
            hint="entryUUID; objectGUID in Active Directory. When you change this, people are connected anew as they come."
            required=true
            maxlength=100
        />
        <Field
            flash=flash.clone()
            name="email_attribute"
            label="Attribute with the e-mail address"
            hint="By it, whoever comes for the first time gets their account. People must not be able to change it themselves."
            required=true
            maxlength=100
        />
        <Field flash=flash.clone() name="name_attribute" label="Attribute with the name" required=true maxlength=100 />
        <Field
            flash=flash.clone()
            name="group_filter"
            label="Filter for groups"
            hint="For people on staff, where no attribute of theirs names their groups: like (member={dn}), with {dn} for their whole name."
            maxlength=1000
        />
        <Field
            flash=flash.clone()
            name="group_base"
            label="Base of groups"
            hint="Empty: the same as that of people."
            maxlength=1000
        />
        <Check
            flash
            name="trusts_mfa"
            label="The directory asks for a second factor itself: then none is asked for here"
        />
    }
    .into_any()
}
