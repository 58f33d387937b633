//! Ways in from outside, switched off: whoever tries the demo has no client of their own there yet.

use domain::outside::{Audience, Kind, ProviderInput, Saml};
use domain::{Actor, CompanyId, Error};
use store::Desk;
use store::companies::view;
use store::outside::providers;

/// An invented provider's certificate. Nobody has its key.
const CERTIFICATE: &str = include_str!("saml.pem");

/// Makes one for customers, one for staff with roles by groups, and one for the users of a company.
pub async fn make(desk: &Desk, maker: &Actor, company: Option<CompanyId>) -> Result<(), Error> {
    let company = match company {
        Some(id) => Some(view::view(&mut *desk.read().await?, maker, id).await?),
        None => None,
    };
    let mut tx = desk.begin().await?;
    let google = ProviderInput {
        name: "Google".into(),
        client_id: "docket-demo.apps.example".into(),
        secret: "not a secret".into(),
        creates: true,
        ..ProviderInput::default()
    };
    providers::create(&mut tx, maker, Kind::Google, google).await?;
    let staff = ProviderInput {
        name: "Docket staff".into(),
        audience: Audience::Staff,
        domains: "docket.example".into(),
        issuer: "https://id.docket.example/realms/staff".into(),
        client_id: "docket".into(),
        secret: "not a secret".into(),
        creates: true,
        role_claim: "realm_access.roles".into(),
        roles: "leads = Manager\nsupport = Agent\nbilling = Team agent".into(),
        trusts_mfa: true,
        ..ProviderInput::default()
    };
    providers::create(&mut tx, maker, Kind::Oidc, staff).await?;
    if let Some(company) = company.filter(|company| !company.domains.is_empty()) {
        let theirs = ProviderInput {
            name: format!("{} ID", company.name),
            audience: Audience::Company,
            issuer: format!("https://id.{}/saml", company.domains[0]),
            saml: Saml {
                sign_on: format!("https://id.{}/saml/sign-on", company.domains[0]),
                certificates: CERTIFICATE.into(),
                ..Saml::default()
            },
            company: company.name,
            creates: true,
            ..ProviderInput::default()
        };
        providers::create(&mut tx, maker, Kind::Saml, theirs).await?;
    }
    tx.commit().await
}
