//! One order of a certificate, from the account to the chain.

use std::time::Duration;

use domain::certificate::Fault;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, Challenge, ChallengeStatus, ChallengeType, Error, Identifier,
    NewAccount, NewOrder, Order, OrderStatus, Problem, RetryPolicy,
};
use store::Desk;
use store::certificates::{self, Kept};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::Settings;
use super::challenges::is_token;
use super::client::Client;

/// How long is waited for the authority to look, and to sign.
const POLLED: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120)).backoff(1.5);
/// How often an order is begun again for what is nobody's fault: a number that ran out, an account that is gone.
const BEGUN_MOST: u32 = 4;
/// The longest reason, in characters: it is kept, and shown.
const REASON_MAX: usize = 600;

/// Why there is no certificate.
#[derive(Debug)]
pub(super) struct Failed {
    /// For administrators.
    pub why: String,
    pub fault: Fault,
    /// The kind of problem, where the authority has named one.
    kind: Option<String>,
}

impl Failed {
    pub(super) fn new(fault: Fault, why: impl Into<String>) -> Self {
        Self { why: plain(&why.into()), fault, kind: None }
    }
}

impl From<domain::Error> for Failed {
    fn from(error: domain::Error) -> Self {
        Self::new(Fault::Unreachable, format!("Our own database did not go along: {error}"))
    }
}

/// A text of the authority as one line of ours.
fn plain(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ").chars().take(REASON_MAX).collect()
}

/// Asks the authority for a certificate, the first time or anew.
pub(super) async fn order(desk: &Desk, settings: &Settings, by_http: bool) -> Result<Kept, Failed> {
    let mut begun = 0;
    loop {
        begun += 1;
        let ordered = order_once(desk, settings, by_http).await;
        // It may stay, or another server's order may need its own.
        if let Err(error) = certificates::forget_challenges(desk, &settings.wanted.name).await {
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
                tracing::info!("{} does not know our account any more: a new one is made", settings.authority());
                let contact = &settings.contact;
                account(desk, settings, contact).await.map_err(|error| said(&error, settings))?;
            }
            _ => return Err(failed),
        }
    }
}

async fn order_once(desk: &Desk, settings: &Settings, by_http: bool) -> Result<Kept, Failed> {
    let (wanted, of) = (&settings.wanted, |error: Error| said(&error, settings));
    let known = certificates::account(desk, &wanted.directory, &settings.contact).await?;
    let account = match known.and_then(|bytes| serde_json::from_slice::<AccountCredentials>(&bytes).ok()) {
        Some(known) => {
            let builder = Account::builder_with_http(Box::new(Client(settings.outgoing.clone())));
            builder.from_credentials(known).await.map_err(of)?
        }
        None => account(desk, settings, &settings.contact).await.map_err(of)?,
    };
    let identifiers = [Identifier::Dns(wanted.name.clone())];
    let mut order = account.new_order(&NewOrder::new(&identifiers)).await.map_err(of)?;
    let mut offered = order.authorizations();
    while let Some(one) = offered.next().await {
        let mut one = one.map_err(of)?;
        if one.status == AuthorizationStatus::Valid {
            continue;
        }
        let [first, second] = ways(by_http, settings.plain_too);
        let has = |way: &ChallengeType| one.challenges.iter().any(|challenge| challenge.r#type == *way);
        let Some(way) = first.filter(has).or(second.filter(has)) else {
            return Err(Failed::new(
                Fault::Refused,
                "The authority offers no way to prove the name that this server has (TLS-ALPN-01, and HTTP-01 with --http-redirect)",
            ));
        };
        let Some(mut challenge) = one.challenge(way) else { continue };
        if !is_token(&challenge.token) {
            return Err(Failed::new(Fault::Refused, "The authority's challenge has no token that could be answered"));
        }
        let answer = challenge.key_authorization();
        certificates::challenge(desk, &wanted.name, &challenge.token, answer.as_str()).await?;
        challenge.set_ready().await.map_err(of)?;
    }
    if order.state().status == OrderStatus::Pending {
        match order.poll_ready(&POLLED).await {
            Ok(OrderStatus::Ready | OrderStatus::Valid) => {}
            Ok(_) | Err(Error::Api(_)) => return Err(refused(&mut order, settings).await),
            Err(error) => return Err(of(error)),
        }
    }
    let key = order.finalize().await.map_err(of)?;
    let chain = order.poll_certificate(&POLLED).await.map_err(of)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|_| Failed::new(Fault::Refused, "The key that was made for the certificate cannot be read"))?;
    Ok(Kept { chain, key: key.secret_der().to_vec() })
}

/// Which way is taken, and which if the authority does not offer that. After a failure it is the other one's turn, where there are two.
fn ways(by_http: bool, plain_too: bool) -> [Option<ChallengeType>; 2] {
    match (plain_too, by_http) {
        (false, _) => [Some(ChallengeType::TlsAlpn01), None],
        (true, false) => [Some(ChallengeType::TlsAlpn01), Some(ChallengeType::Http01)],
        (true, true) => [Some(ChallengeType::Http01), Some(ChallengeType::TlsAlpn01)],
    }
}

/// Makes an account, agreeing to the authority's terms: whoever sets `--acme` does.
async fn account(desk: &Desk, settings: &Settings, contact: &str) -> Result<Account, Error> {
    let builder = Account::builder_with_http(Box::new(Client(settings.outgoing.clone())));
    let address = format!("mailto:{contact}");
    let new = NewAccount { contact: &[&address], terms_of_service_agreed: true, only_return_existing: false };
    let directory = &settings.wanted.directory;
    let (account, credentials) = builder.create(&new, directory.clone(), None).await?;
    let credentials = serde_json::to_vec(&credentials)?;
    certificates::keep_account(desk, directory, contact, &credentials)
        .await
        .map_err(|error| Error::Other(Box::new(error)))?;
    Ok(account)
}

/// Why the authority does not believe that the name is ours.
async fn refused(order: &mut Order, settings: &Settings) -> Failed {
    let mut offered = order.authorizations();
    while let Some(Ok(mut one)) = offered.next().await {
        // What is known of it is of before it looked.
        let Ok(state) = one.refresh().await else { continue };
        let looked = state.challenges.iter().find(|challenge| challenge.status == ChallengeStatus::Invalid);
        if let Some(Challenge { error: Some(problem), r#type: way, .. }) = looked {
            let mut failed = of_problem(problem, settings);
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
        Some(problem) => of_problem(&problem.clone(), settings),
        None => Failed::new(Fault::Refused, format!("{} refused, and did not say why", settings.authority())),
    }
}

/// An error in words that somebody can act on.
fn said(error: &Error, settings: &Settings) -> Failed {
    let authority = settings.authority();
    match error {
        Error::Api(problem) => of_problem(problem, settings),
        Error::Other(cause) => Failed::new(Fault::Unreachable, format!("{authority} cannot be asked: {cause}")),
        Error::Timeout(_) => Failed::new(Fault::Unreachable, format!("{authority} took too long")),
        Error::Json(_) | Error::Http(_) | Error::InvalidUri(_) | Error::Str(_) => Failed::new(
            Fault::Unreachable,
            format!("{authority} does not answer as an authority does ({error}). Is --acme-directory right?"),
        ),
        other => Failed::new(Fault::Refused, format!("{authority}: {other}")),
    }
}

/// What the authority says (RFC 8555, section 6.7), and what can be done about it.
fn of_problem(problem: &Problem, settings: &Settings) -> Failed {
    let name = &settings.wanted.name;
    // What is wrong with all of it may stand with one of its parts.
    let part = problem.subproblems.first();
    let kind = part.and_then(|part| part.r#type.as_deref()).or(problem.r#type.as_deref());
    let kind = kind.and_then(|kind| kind.rsplit(':').next()).unwrap_or_default().to_owned();
    let todo = match kind.as_str() {
        "dns" => format!("It found no address for {name}. Is the name entered in the DNS?"),
        "connection" | "unauthorized" | "tls" | "incorrectResponse" => format!(
            "It did not get this server's answer. Does {name} lead here, and to no other machine or proxy, and does a firewall let \
             the authority through?"
        ),
        "caa" => format!("A CAA record in the DNS of {name} allows other authorities only."),
        "rejectedIdentifier" => format!("It gives no certificates for {name}."),
        "rateLimited" => "It has had too many requests for this name or from here.".to_owned(),
        "invalidContact" | "unsupportedContact" => "It does not take the address of --acme.".to_owned(),
        "externalAccountRequired" => {
            "It wants an account that was made with it before, which Docket cannot name.".to_owned()
        }
        "serverInternal" => "It has trouble of its own.".to_owned(),
        _ => String::new(),
    };
    let fault = match kind.as_str() {
        "rateLimited" => Fault::TooMany,
        "serverInternal" => Fault::Unreachable,
        _ => Fault::Refused,
    };
    let detail = part.and_then(|part| part.detail.as_deref()).or(problem.detail.as_deref()).unwrap_or_default();
    let why = format!("{} refused. {todo} It says: {detail} ({kind})", settings.authority());
    Failed { why: plain(&why), fault, kind: Some(kind) }
}
