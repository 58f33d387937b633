//! Who vouches for people: made, changed, tried, deleted.

use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::outside::{Audience, Directory, Kind, ProviderInput, Saml, directory::is_encrypted, saml::METADATA_MAX};
use domain::policy::{self, Action};
use domain::{Error, ProviderId};
use store::outside::providers;
use store::scim;
use ui::flash::Flash;

use crate::app::AppState;
use crate::forms::{Fields, answer, refuse, still_of_use, unreadable};
use crate::identify::Who;
use crate::outside::saml;

const PAGE: &str = "/settings/sign-in";

/// The largest form, in bytes: what a provider says about itself grows when it is sent, by three at most.
pub(super) const BODY_MAX: usize = super::BODY_MAX + 3 * METADATA_MAX;

/// What a button has come to.
enum Done {
    /// The browser goes there.
    Gone(String),
    /// The page is shown again with this beside it.
    Shown(Vec<(String, String)>),
}

pub(super) async fn provider(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    who: Who,
    request: Request,
) -> Response {
    let kind = id.strip_prefix("new-").and_then(Kind::from_word);
    let number = ProviderId(id.parse().unwrap_or_default());
    let page = match kind {
        Some(kind) => format!("{PAGE}/new-{}", kind.word()),
        None => format!("{PAGE}/{number}"),
    };
    let mut typed = Vec::new();
    let done = async {
        let fields = Fields::read(request).await?;
        typed = fields.0.iter().filter(|(name, _)| name != "secret").cloned().collect();
        perform(&state, &who, kind, number, &fields, &mut typed).await
    };
    let done = match done.await {
        Ok(Done::Shown(values)) => return refuse(state, &headers, who, &page, Flash { values, error: None }).await,
        Ok(Done::Gone(to)) => Ok(to),
        Err(error) => Err(error),
    };
    let typed = still_of_use(typed, &done);
    answer(state, &headers, who, &page, typed, done).await
}

async fn perform(
    state: &AppState,
    who: &Who,
    kind: Option<Kind>,
    id: ProviderId,
    fields: &Fields,
    typed: &mut Vec<(String, String)>,
) -> Result<Done, Error> {
    let (desk, actor) = (&state.desk, &who.0.actor);
    match fields.value("do").unwrap_or("save") {
        "try" => {
            let provider = providers::to_try(desk, actor, id).await?;
            let login = fields.value("login").unwrap_or_default();
            let trial = match provider.kind {
                Kind::Ldap => desk.options().directories.attempt(&provider, login).await,
                Kind::Saml => saml::trial(&provider, desk.now()),
                _ => state.partners.attempt(&provider, desk.now()).await,
            };
            let told = |name: &str, lines: Vec<String>| {
                lines.into_iter().map(|line| (name.to_owned(), line)).collect::<Vec<_>>()
            };
            let typed = vec![("login".to_owned(), login.to_owned())];
            Ok(Done::Shown([told("tried-good", trial.good), told("tried-bad", trial.bad), typed].concat()))
        }
        "token" => {
            let mut tx = desk.begin().await?;
            let token = scim::token::make(&mut tx, actor, id).await?;
            tx.commit().await?;
            // Written into this answer and nowhere else.
            Ok(Done::Shown(vec![("token".to_owned(), token)]))
        }
        "revoke-token" => {
            let mut tx = desk.begin().await?;
            scim::token::revoke(&mut tx, actor, id).await?;
            tx.commit().await?;
            Ok(Done::Gone(format!("{PAGE}/{id}?saved")))
        }
        "delete" if fields.value("sure").is_none() => Ok(Done::Shown(vec![("ask".to_owned(), "delete".to_owned())])),
        "delete" => {
            let mut tx = desk.begin().await?;
            providers::delete(&mut tx, actor, id).await?;
            tx.commit().await?;
            Ok(Done::Gone(format!("{PAGE}?saved")))
        }
        "save" => {
            policy::demand(actor, Action::ManageProviders, None)?;
            let of = match kind {
                Some(kind) => kind,
                None => providers::get(desk, actor, id).await?.kind,
            };
            let mut input = input(fields)?;
            match of {
                Kind::Saml => {
                    by_metadata(&mut input, fields, typed)?;
                    may_be_believed(state, &input)?;
                }
                _ => may_be_asked(state, &input)?,
            }
            let mut tx = desk.begin().await?;
            let id = match kind {
                Some(kind) => providers::create(&mut tx, actor, kind, input).await?,
                None => {
                    providers::change(&mut tx, actor, id, fields.number("version")?, input).await?;
                    id
                }
            };
            tx.commit().await?;
            Ok(Done::Gone(format!("{PAGE}/{id}?saved")))
        }
        _ => Err(unreadable()),
    }
}

/// Whether a provider or a directory with these settings would be asked at all: what only this program knows of it.
fn may_be_asked(state: &AppState, input: &ProviderInput) -> Result<(), Error> {
    let (address, settings) = (domain::text::tidy_line(&input.issuer), &input.directory);
    // What is no address at all is said with all that is wrong.
    if ["http://", "https://", "ldap://", "ldaps://"].iter().any(|scheme| address.starts_with(scheme)) {
        state.partners.would_ask(&address).map_err(|problem| Error::field("issuer", problem))?;
    }
    if address.starts_with("ldap://")
        && !is_encrypted(&address)
        && !settings.start_tls
        && !state.config.outside_private_addresses
    {
        let problem = "Without encryption everybody on the way could read passwords. Use ldaps:// or StartTLS. Without either, \
                       a directory has to be in your own network, and Docket started with --outside-private-addresses true.";
        return Err(Error::field("issuer", problem));
    }
    // What else is wrong with it is said with all that is wrong.
    if settings.ca.contains("BEGIN CERTIFICATE") && !settings.ca.contains("PRIVATE KEY") {
        crate::outside::authorities(&settings.ca).map_err(|wrong| Error::field("ca", format!("This {wrong}.")))?;
    }
    Ok(())
}

/// Takes from what a provider says about itself, if that was entered, what else would have to be typed. From then on it stands in
/// the fields: there it can be seen, and mended.
fn by_metadata(input: &mut ProviderInput, fields: &Fields, typed: &mut Vec<(String, String)>) -> Result<(), Error> {
    let metadata = fields.value("metadata").unwrap_or_default().trim();
    if metadata.is_empty() {
        return Ok(());
    }
    if metadata.len() > METADATA_MAX {
        return Err(Error::field("metadata", "This is too long: enter only what it says about itself."));
    }
    let (issuer, sign_on, certificates) =
        saml::read_metadata(metadata).map_err(|problem| Error::field("metadata", problem))?;
    let read = [("issuer", &issuer), ("sign_on", &sign_on), ("certificates", &certificates)];
    typed.retain(|(name, _)| name != "metadata" && read.iter().all(|(field, _)| name != field));
    typed.extend(read.map(|(name, value)| (name.to_owned(), value.clone())));
    input.issuer = issuer;
    input.saml = Saml { sign_on, certificates, ..std::mem::take(&mut input.saml) };
    Ok(())
}

/// Whether people would be sent to a provider with these settings, and what it signs could be checked: what only this program knows
/// of it. It is not asked itself, so it may be anywhere where browsers reach it.
fn may_be_believed(state: &AppState, input: &ProviderInput) -> Result<(), Error> {
    let sign_on = domain::text::tidy_line(&input.saml.sign_on);
    if sign_on.starts_with("http://") && !state.config.outside_private_addresses {
        let problem = "Without encryption everybody on the way could send people elsewhere. Use https://. A provider without \
                       it has to be in your own network, and Docket started with --outside-private-addresses true.";
        return Err(Error::field("sign_on", problem));
    }
    // What else is wrong with them is said with all that is wrong.
    let certificates = &input.saml.certificates;
    if certificates.contains("BEGIN CERTIFICATE") && !certificates.contains("PRIVATE KEY") {
        saml::check_certificates(certificates).map_err(|problem| Error::field("certificates", problem))?;
    }
    Ok(())
}

fn input(fields: &Fields) -> Result<ProviderInput, Error> {
    let text = |name: &str| fields.value(name).unwrap_or_default().to_owned();
    let on = |name: &str| fields.value(name).is_some();
    Ok(ProviderInput {
        name: fields.value("name").ok_or_else(unreadable)?.to_owned(),
        audience: Audience::from_word(&text("audience")).ok_or_else(unreadable)?,
        company: text("company"),
        domains: text("domains"),
        issuer: text("issuer"),
        client_id: text("client_id"),
        secret: text("secret"),
        creates: on("creates"),
        role_claim: text("role_claim"),
        roles: text("roles"),
        teams: text("teams"),
        trusts_mfa: on("trusts_mfa"),
        directory: Directory {
            base: text("base"),
            filter: text("filter"),
            name_attribute: text("name_attribute"),
            email_attribute: text("email_attribute"),
            subject_attribute: text("subject_attribute"),
            start_tls: on("start_tls"),
            group_base: text("group_base"),
            group_filter: text("group_filter"),
            ca: text("ca"),
        },
        saml: Saml {
            sign_on: text("sign_on"),
            certificates: text("certificates"),
            subject_attribute: text("subject_attribute"),
            email_attribute: text("email_attribute"),
            name_attribute: text("name_attribute"),
        },
        only: on("only"),
        enabled: on("enabled"),
    })
}
