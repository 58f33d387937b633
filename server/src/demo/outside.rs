//! Ways in from outside, switched off: whoever tries the demo has no client of their own there yet.

use domain::outside::{Audience, Kind, ProviderInput};
use domain::{Actor, Error};
use store::Desk;
use store::outside::providers;

/// Makes one for customers, and one for staff with roles by groups.
pub async fn make(desk: &Desk, maker: &Actor) -> Result<(), Error> {
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
    tx.commit().await
}
