//! One provider: everything about it, whether it works, and the end of it.

use super::{Addresses, announce::Announcing, directory::DirectoryFields, rpc, saml::SamlFields};
use crate::erased::{Sometimes, memo};
use crate::fetched::resource;
use crate::{
    flash::{Flash, flash},
    icons::{Ico, Icon},
    settings::{SettingsPage, loading},
    shared::{Area, Field, ReadOnly, fetched, field_error},
};
use domain::{
    ProviderId,
    outside::{Audience, Kind, Provider},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// `/settings/sign-in/:id`, and `/settings/sign-in/new-KIND`.
#[component]
pub fn ProviderPage() -> impl IntoView {
    let params = use_params_map();
    let step = memo(move || params.with(|p| p.get("id")).unwrap_or_default());
    let found = resource(
        move || step.get(),
        |step| async move {
            let new = step.strip_prefix("new-").and_then(Kind::from_word).is_some();
            // What is neither a kind nor a number is nobody's, like a number that nobody has.
            let id = (!new).then(|| ProviderId(step.parse().unwrap_or_default()));
            rpc::one_provider(id).await
        },
    );
    view! {
        <SettingsPage title="Way in" lead="What is entered here, and at the provider, so that it vouches for people.">
            <nav class="page__crumbs" aria-label="Way back">
                <a class="link" href="/settings/sign-in">
                    "All ways in"
                </a>
            </nav>
            {fetched(
                loading,
                found,
                move |(provider, addresses)| {
                    let kind = Kind::from_word(step.get_untracked().trim_start_matches("new-"));
                    view! { <Edit provider kind=kind addresses /> }.into_any()
                },
            )}
        </SettingsPage>
    }
    .into_any()
}

/// What stands in the form: what was typed and refused, or what is so.
fn values(provider: Option<&Provider>, kind: Kind) -> Vec<(String, String)> {
    let on = |yes: bool| if yes { "yes" } else { "" }.to_owned();
    let pairs = match provider {
        None => {
            let mut pairs = match kind {
                Kind::Ldap => [
                    ("filter", "(mail={login})"),
                    ("role_claim", "memberOf"),
                    ("name_attribute", "cn"),
                    ("email_attribute", "mail"),
                    ("subject_attribute", "entryUUID"),
                ]
                .map(|(name, value)| (name, value.to_owned()))
                .to_vec(),
                _ => Vec::new(),
            };
            if kind.issuer().is_some() {
                pairs.push(("name", kind.name().to_owned()));
            }
            pairs.push(("audience", if kind.issuer().is_some() { "everybody" } else { "company" }.to_owned()));
            pairs
        }
        Some(provider) => {
            let (directory, saml) = (&provider.directory, &provider.saml);
            // Both kinds have such attributes, and each has only its own.
            let (name, email, subject) = match kind {
                Kind::Saml => (&saml.name_attribute, &saml.email_attribute, &saml.subject_attribute),
                _ => (&directory.name_attribute, &directory.email_attribute, &directory.subject_attribute),
            };
            vec![
                ("name", provider.name.clone()),
                ("audience", provider.audience.word().to_owned()),
                ("company", provider.company.as_ref().map(|c| c.name.clone()).unwrap_or_default()),
                ("domains", provider.domains.join("\n")),
                ("issuer", provider.issuer.clone()),
                ("client_id", provider.client_id.clone()),
                ("creates", on(provider.creates)),
                ("role_claim", provider.role_claim.clone()),
                ("roles", provider.roles.clone()),
                ("teams", provider.teams.clone()),
                ("trusts_mfa", on(provider.trusts_mfa)),
                ("base", directory.base.clone()),
                ("filter", directory.filter.clone()),
                ("name_attribute", name.clone()),
                ("email_attribute", email.clone()),
                ("subject_attribute", subject.clone()),
                ("sign_on", saml.sign_on.clone()),
                ("certificates", saml.certificates.clone()),
                ("start_tls", on(directory.start_tls)),
                ("group_base", directory.group_base.clone()),
                ("group_filter", directory.group_filter.clone()),
                ("ca", directory.ca.clone()),
                ("only", on(provider.only)),
                ("enabled", on(provider.enabled)),
            ]
        }
    };
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[component]
fn Edit(provider: Option<Provider>, kind: Option<Kind>, addresses: Addresses) -> impl IntoView {
    let kind = provider.as_ref().map(|p| p.kind).or(kind).unwrap_or(Kind::Oidc);
    let mut flash = flash();
    if !flash.values.iter().any(|(name, _)| name == "name") {
        flash.values.extend(values(provider.as_ref(), kind));
    }
    let page = match &provider {
        Some(provider) => format!("/settings/sign-in/{}", provider.id),
        None => format!("/settings/sign-in/new-{}", kind.word()),
    };
    let version = provider.as_ref().map_or(0, |p| p.version);
    let has_secret = provider.as_ref().is_some_and(|p| p.has_secret);
    let end = provider.is_some().then(|| page.clone());
    let Addresses { back, scim, saml } = addresses;
    let entity = provider.as_ref().map(|provider| format!("{saml}/{}", provider.id));
    let announcing = provider.map(|provider| {
        let (page, made) = (page.clone(), flash.value("token"));
        view! { <Announcing provider page address=scim made /> }
    });
    view! {
        <Tried flash=flash.clone() />
        <form method="post" action=page class="stack" novalidate autocomplete="off">
            <input type="hidden" name="version" value=version.to_string() />
            <h2 class="section__title">{kind.name()}</h2>
            <Field
                flash=flash.clone()
                name="name"
                label=if kind == Kind::Ldap { "What people call it" } else { "Name on the button" }
                required=true
                maxlength=60
            />
            <Whom flash=flash.clone() kind />
            {match kind {
                Kind::Ldap => view! { <DirectoryFields flash=flash.clone() has_secret /> }.into_any(),
                Kind::Saml => view! { <SamlFields flash=flash.clone() entity answers=saml /> }.into_any(),
                _ => view! { <OidcFields flash=flash.clone() kind has_secret back /> }.into_any(),
            }}
            <Rules flash=flash.clone() kind />
            <Check flash=flash.clone() name="enabled" label="People can sign in this way" />
            <OnlyWay flash=flash.clone() kind />
            {(kind == Kind::Ldap && end.is_some())
                .shown(|| {
                    view! {
                        <Field
                            flash=flash.clone()
                            name="login"
                            label="Address to try"
                            autocomplete="off"
                            hint="“Try what is saved” says what is found by it. No password is tried."
                            maxlength=254
                        />
                    }
                })}
            <div class="actions">
                <button class="button button--primary" type="submit" name="do" value="save">
                    "Save"
                </button>
                {end
                    .is_some()
                    .shown(|| {
                        view! {
                            <button class="button" type="submit" name="do" value="try">
                                "Try what is saved"
                            </button>
                        }
                    })}
            </div>
        </form>
        {announcing}
        {end.map(|page| view! { <End page asked=flash.value("ask") == "delete" /> })}
    }
    .into_any()
}

/// What has come of trying it.
#[component]
fn Tried(flash: Flash) -> impl IntoView {
    let lines = |name: &'static str| flash.values.iter().filter(move |(n, _)| n == name).map(|(_, line)| line.clone());
    let (good, bad): (Vec<String>, Vec<String>) = (lines("tried-good").collect(), lines("tried-bad").collect());
    if good.is_empty() && bad.is_empty() {
        return ().into_any();
    }
    let (kind, icon) = if bad.is_empty() { ("ok", Icon::Check) } else { ("error", Icon::Alert) };
    let words: Vec<_> = bad.into_iter().chain(good).map(|line| view! { <p>{line}</p> }).collect();
    view! {
        <div class="notice" data-kind=kind role="status">
            <Ico icon />
            <div>{words}</div>
        </div>
    }
    .into_any()
}

#[component]
pub(super) fn Check(flash: Flash, name: &'static str, #[prop(into)] label: String) -> impl IntoView {
    let on = !flash.value(name).is_empty();
    view! {
        <label class="check">
            <input type="checkbox" name=name value="yes" checked=on autocomplete="off" />
            <span>{label}</span>
        </label>
    }
    .into_any()
}

/// Whom it vouches for.
#[component]
fn Whom(flash: Flash, kind: Kind) -> impl IntoView {
    let chosen = flash.value("audience");
    let problem = flash.problem("audience");
    let private = kind.issuer().is_some();
    let choices: Vec<_> = Audience::ALL
        .into_iter()
        .filter(|audience| kind.may_serve(*audience).is_ok())
        .map(|audience| {
            let on = chosen == audience.word();
            view! {
                <label class="check">
                    <input type="radio" name="audience" value=audience.word() checked=on autocomplete="off" />
                    <span>{audience.name()}</span>
                </label>
            }
        })
        .collect();
    view! {
        <fieldset class="field">
            <legend class="field__label">"For whom"</legend>
            {choices}
            {field_error("audience", problem)}
        </fieldset>
        <Field
            flash=flash.clone()
            name="company"
            label="Company"
            hint="For users of one company: its name. Addresses in the company's domains are led here."
            maxlength=100
        />
        {(!private)
            .shown(|| {
                view! {
                    <Area
                        flash
                        name="domains"
                        label="Domains of staff"
                        hint="For people on staff: the domains of their addresses, one to a line."
                    />
                }
            })}
    }
    .into_any()
}

#[component]
fn OidcFields(flash: Flash, kind: Kind, has_secret: bool, back: String) -> impl IntoView {
    let secret =
        if has_secret { "One is kept. Leave this empty to go on with it." } else { "As the provider gave it to you." };
    let client = match kind {
        Kind::Google => "Of an OAuth client for a web application, made under Credentials at console.cloud.google.com.",
        Kind::Facebook => "The ID of an app with Facebook Login, made at developers.facebook.com.",
        _ => "As the provider gave it to you.",
    };
    view! {
        <ReadOnly
            id="back"
            label="Where the provider sends people back to"
            value=back
            hint="Enter exactly this address there, as the redirect URI."
        />
        {kind
            .issuer()
            .is_none()
            .shown(|| {
                view! {
                    <Field
                        flash=flash.clone()
                        name="issuer"
                        label="Issuer"
                        hint="Its address as it writes it itself, like https://id.acme.example/realms/acme."
                        required=true
                        maxlength=1000
                    />
                }
            })}
        <Field flash=flash.clone() name="client_id" label="Client ID" hint=client required=true maxlength=1000 />
        <SecretField flash=flash.clone() label="Client secret" hint=secret />
        <Believed flash />
    }
    .into_any()
}

/// Whether two factors that somebody has shown there are enough.
#[component]
pub(super) fn Believed(flash: Flash) -> impl IntoView {
    view! {
        <Check
            flash
            name="trusts_mfa"
            label="Believe it when it says that somebody has shown two factors: then none is asked for here"
        />
    }
    .into_any()
}

/// What Docket shows itself by. One that is kept is never shown again.
#[component]
pub(super) fn SecretField(flash: Flash, label: &'static str, hint: &'static str) -> impl IntoView {
    view! { <Field flash name="secret" label kind="password" autocomplete="off" hint maxlength=1000 /> }.into_any()
}

/// Accounts that are made, and the roles they get.
#[component]
fn Rules(flash: Flash, kind: Kind) -> impl IntoView {
    let private = kind.issuer().is_some();
    let (claim, means) = match kind {
        Kind::Ldap => ("Attribute with groups", "For people on staff: like memberOf."),
        Kind::Saml => {
            ("Attribute with groups", "For people on staff: like groups, or http://schemas.xmlsoap.org/claims/Group.")
        }
        _ => ("Claim with groups", "For people on staff: like groups, or realm_access.roles."),
    };
    let roles = match kind {
        Kind::Ldap => {
            "For people on staff: a line for each group by its whole name, as “cn=support,ou=groups,dc=acme,dc=example = Agent”. The first that fits is theirs; whoever is in none of them is not let in. Superadmins are made by people only."
        }
        _ => {
            "For people on staff: a line for each group, as “support-team = Agent”. The first that fits is theirs. Superadmins are made by people only."
        }
    };
    view! {
        <Check flash=flash.clone() name="creates" label="Make an account for who comes for the first time" />
        {(!private)
            .shown(|| {
                view! {
                    <Field
                        flash=flash.clone()
                        name="role_claim"
                        label=claim
                        hint=means
                        maxlength=1000
                    />
                    <Area
                        flash=flash.clone()
                        name="roles"
                        label="Roles"
                        hint=roles
                    />
                    <Area
                        flash
                        name="teams"
                        label="Teams"
                        hint="For people on staff: a line for each group, as “support-team = Support”. All that fit are theirs, and are taken from them again when they leave the group. Whom people have put into a team stays in it."
                    />
                }
            })}
    }
    .into_any()
}

/// Whether its people come in by it and in no other way, and what that means.
#[component]
fn OnlyWay(flash: Flash, kind: Kind) -> impl IntoView {
    let on = !flash.value("only").is_empty();
    let problem = flash.problem("only");
    let described = if problem.is_some() { "only-hint only-error" } else { "only-hint" };
    let staff = match kind.issuer() {
        None => " People on staff are connected with their account there by their address, the first time they come.",
        Some(_) => "",
    };
    view! {
        <div class="field">
            <label class="check">
                <input
                    type="checkbox"
                    name="only"
                    value="yes"
                    checked=on
                    autocomplete="off"
                    aria-describedby=described
                    aria-invalid=problem.is_some().then_some("true")
                />
                <span>"Only this way in"</span>
            </label>
            {problem
                .map(|problem| {
                    view! {
                        <p class="field__error" id="only-error">
                            <Ico icon=Icon::Alert />
                            {problem}
                        </p>
                    }
                })}
            <p class="field__hint" id="only-hint">
                {format!(
                    "For users of one company or people on staff: whoever is connected there, or has an address in the domains, signs in this way and in no other, be it a password, the link of a mail, a passkey or another provider. When you switch this on, they are signed out everywhere, and later so is whoever it comes to bind by an address, a domain, a company or a role.{staff} Superadmins keep all of their ways in, and API tokens go on working.",
                )}
            </p>
        </div>
    }
    .into_any()
}

/// Deletes it, after asking once more.
#[component]
fn End(page: String, asked: bool) -> impl IntoView {
    view! {
        <section class="section">
            <form method="post" action=page class="actions">
                <p class="muted grow">
                    {if asked {
                        "Really? Whoever has no password and no other connected account has to choose one by mail."
                    } else {
                        "Whoever signs in this way needs another one then."
                    }}
                </p>
                {asked.shown(|| view! { <input type="hidden" name="sure" value="yes" /> })}
                <button class="button button--danger" type="submit" name="do" value="delete">
                    {if asked { "Yes, delete it" } else { "Delete this way in" }}
                </button>
            </form>
        </section>
    }
    .into_any()
}
