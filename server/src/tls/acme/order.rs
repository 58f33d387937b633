//! One order of a certificate, from the account to the chain.

use std::time::Duration;

use domain::certificate::Fault;
use instant_acme::{
    Account, AccountBuilder, AccountCredentials, AuthorizationStatus, CertificateIdentifier, Challenge,
    ChallengeStatus, ChallengeType, Error, ExternalAccountKey, Identifier, NewAccount, NewOrder, Order, OrderStatus,
    RetryPolicy,
};
use store::Desk;
use store::certificates::{self, Kept};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::Settings;
use super::challenges::is_token;
use super::client::{Client, Heard};
use super::words::{Failed, Step, of_error, of_problem, plain};

/// How long is waited for the authority to look, and to sign.
const POLLED: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120)).backoff(1.5);
/// How often an order is begun again for what is nobody's fault: a number that ran out, an account that is gone.
const BEGUN_MOST: u32 = 4;

/// A conversation with the authority.
pub(super) struct Talk<'a> {
    desk: &'a Desk,
    settings: &'a Settings,
    heard: Heard,
}

impl<'a> Talk<'a> {
    pub(super) fn new(desk: &'a Desk, settings: &'a Settings) -> Self {
        Self { desk, settings, heard: Heard::default() }
    }

    /// Asks for a certificate, the first time or anew; `replaces`: which one it is for.
    pub(super) async fn order(
        &self,
        by_http: bool,
        replaces: Option<&CertificateIdentifier<'_>>,
    ) -> Result<Kept, Failed> {
        let mut begun = 0;
        loop {
            begun += 1;
            let ordered = self.order_once(by_http, replaces).await;
            // It may stay, or another server's order may need its own.
            if let Err(error) = certificates::forget_challenges(self.desk, &self.settings.wanted.name).await {
                tracing::debug!(%error, "challenges stay until they are too old");
            }
            let failed = match ordered {
                Ok(kept) => return Ok(kept),
                Err(failed) if begun < BEGUN_MOST => failed,
                Err(failed) => return Err(failed),
            };
            match failed.kind.as_deref() {
                Some("badNonce") => {}
                Some("accountDoesNotExist") => {
                    tracing::info!(
                        "{} does not know our account any more: a new one is made",
                        self.settings.authority()
                    );
                    self.open_account().await?;
                }
                _ => return Err(failed),
            }
        }
    }

    async fn order_once(&self, by_http: bool, replaces: Option<&CertificateIdentifier<'_>>) -> Result<Kept, Failed> {
        let (desk, wanted, of) = (self.desk, &self.settings.wanted, |error: Error| self.failed(&error, Step::Order));
        let account = match self.known_account().await? {
            Some(account) => account,
            None => self.open_account().await?,
        };
        let identifiers = [Identifier::Dns(wanted.name.clone())];
        let new = NewOrder::new(&identifiers);
        let begun = match replaces {
            Some(known) => {
                match account.new_order(&NewOrder::new(&identifiers).replaces(known.clone())).await.map_err(of) {
                    // It does not know that one, or it was renewed meanwhile: then it is asked for like any other.
                    Err(failed) if failed.fault != Fault::TooMany => account.new_order(&new).await.map_err(of),
                    begun => begun,
                }
            }
            None => account.new_order(&new).await.map_err(of),
        };
        let mut order = begun?;
        let mut offered = order.authorizations();
        while let Some(one) = offered.next().await {
            let mut one = one.map_err(of)?;
            if one.status == AuthorizationStatus::Valid {
                continue;
            }
            let [first, second] = ways(by_http, self.settings.plain_too);
            let has = |way: &ChallengeType| one.challenges.iter().any(|challenge| challenge.r#type == *way);
            let Some(way) = first.filter(has).or(second.filter(has)) else {
                return Err(Failed::new(
                    Fault::Refused,
                    "The authority offers no way to prove the name that this server has (TLS-ALPN-01, and HTTP-01 with --http-redirect)",
                ));
            };
            let Some(mut challenge) = one.challenge(way) else { continue };
            if !is_token(&challenge.token) {
                return Err(Failed::new(
                    Fault::Refused,
                    "The authority's challenge has no token that could be answered",
                ));
            }
            let answer = challenge.key_authorization();
            certificates::challenge(desk, &wanted.name, &challenge.token, answer.as_str()).await?;
            challenge.set_ready().await.map_err(of)?;
        }
        if order.state().status == OrderStatus::Pending {
            match order.poll_ready(&POLLED).await {
                Ok(OrderStatus::Ready | OrderStatus::Valid) => {}
                Ok(_) => return Err(self.refused(&mut order).await),
                // Of the order itself, and not of how it was asked about.
                Err(Error::Api(_)) if self.heard.last().is_none() => return Err(self.refused(&mut order).await),
                Err(error) => return Err(of(error)),
            }
        }
        let key = order.finalize().await.map_err(of)?;
        let chain = order.poll_certificate(&POLLED).await.map_err(of)?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|_| Failed::new(Fault::Refused, "The key that was made for the certificate cannot be read"))?;
        Ok(Kept { chain, key: key.secret_der().to_vec() })
    }

    fn builder(&self) -> AccountBuilder {
        Account::builder_with_http(Box::new(Client {
            desk: self.desk.clone(),
            outgoing: self.settings.outgoing.clone(),
            heard: self.heard.clone(),
            host: self.settings.host(),
        }))
    }

    /// The account that the authority knows us by, if there is one.
    pub(super) async fn known_account(&self) -> Result<Option<Account>, Failed> {
        let known = certificates::account(self.desk, &self.settings.account()).await?;
        let Some(known) = known.and_then(|bytes| serde_json::from_slice::<AccountCredentials>(&bytes).ok()) else {
            return Ok(None);
        };
        let account = self.builder().from_credentials(known).await;
        account.map(Some).map_err(|error| self.failed(&error, Step::Order))
    }

    /// Makes an account, agreeing to the authority's terms: whoever sets `--acme` does.
    async fn open_account(&self) -> Result<Account, Failed> {
        let settings = self.settings;
        let address = format!("mailto:{}", settings.contact);
        let new = NewAccount { contact: &[&address], terms_of_service_agreed: true, only_return_existing: false };
        let bound = settings.bound.as_ref().map(|bound| ExternalAccountKey::new(bound.id.clone(), &bound.key));
        let made = self.builder().create(&new, settings.wanted.directory.clone(), bound.as_ref()).await;
        let (account, credentials) = made.map_err(|error| self.failed(&error, Step::Account))?;
        let credentials =
            serde_json::to_vec(&credentials).map_err(|error| self.failed(&error.into(), Step::Account))?;
        certificates::keep_account(self.desk, &settings.account(), &credentials).await?;
        Ok(account)
    }

    /// Why the authority does not believe that the name is ours.
    async fn refused(&self, order: &mut Order) -> Failed {
        let settings = self.settings;
        let mut offered = order.authorizations();
        while let Some(Ok(mut one)) = offered.next().await {
            // What is known of it is of before it looked.
            let Ok(state) = one.refresh().await else { continue };
            let looked = state.challenges.iter().find(|challenge| challenge.status == ChallengeStatus::Invalid);
            if let Some(Challenge { error: Some(problem), r#type: way, .. }) = looked {
                let mut failed = of_problem(problem, Step::Order, settings, None);
                if matches!(failed.kind.as_deref(), Some("connection" | "unauthorized" | "tls")) {
                    let came = match way {
                        ChallengeType::Http01 => "without encryption, on port 80",
                        _ => "by TLS, on port 443",
                    };
                    failed.why = plain(&format!("{} (it came to {} {came})", failed.why, settings.wanted.name));
                }
                return failed;
            }
        }
        match &order.state().error {
            Some(problem) => of_problem(&problem.clone(), Step::Order, settings, None),
            None => Failed::new(Fault::Refused, format!("{} refused, and did not say why", settings.authority())),
        }
    }

    pub(super) fn failed(&self, error: &Error, step: Step) -> Failed {
        of_error(error, step, self.settings, self.desk.now(), self.heard.last().as_ref())
    }
}

/// Which way is taken, and which if the authority does not offer that. After a failure it is the other one's turn, where there are two.
fn ways(by_http: bool, plain_too: bool) -> [Option<ChallengeType>; 2] {
    match (plain_too, by_http) {
        (false, _) => [Some(ChallengeType::TlsAlpn01), None],
        (true, false) => [Some(ChallengeType::TlsAlpn01), Some(ChallengeType::Http01)],
        (true, true) => [Some(ChallengeType::Http01), Some(ChallengeType::TlsAlpn01)],
    }
}
