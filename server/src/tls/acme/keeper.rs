//! The certificate in use: taken from the database, and asked for at the authority when it is time.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::certificate::{Fault, Standing, look_again, suggested};
use domain::{Code, Result, Time};
use instant_acme::{CertificateIdentifier, Error};
use sha2::{Digest as _, Sha256};
use store::Desk;
use store::certificates::{self, Kept, Turn};
use tokio::signal::unix::Signal;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_util::sync::CancellationToken;
use webpki::EndEntityCert;

use super::order::Talk;
use super::words::{Failed, Step};
use super::{Challenges, Settings};
use crate::live::Live;
use crate::tls::hangups;

/// How often it is looked in any case, for what no call has told.
const LOOK: Duration = Duration::from_secs(30);
/// How long an order may take with all that belongs to it.
const ORDER: Duration = Duration::from_secs(300);
/// How long it may take to say when it would have a certificate renewed.
const SUGGESTION: Duration = Duration::from_secs(60);
/// How often it is tried to save what the authority has given, and the pause: it counts how much it gives.
const SAVES: u32 = 10;
const SAVE_AGAIN: Duration = Duration::from_secs(3);

/// Keeps the certificate of this server.
#[derive(Debug)]
pub struct Keeper {
    desk: Desk,
    settings: Settings,
    loaded: RwLock<Option<Loaded>>,
    /// Answers the authority.
    pub challenges: Arc<Challenges>,
}

#[derive(Debug)]
struct Loaded {
    chain: String,
    certified: Arc<CertifiedKey>,
}

/// When the next try is, in a sentence of its own.
fn again(next: Time, not_before: Option<Time>) -> String {
    match not_before {
        Some(until) if until >= next => {
            format!("Tried again on {}, which is when the authority wants to be asked", day(next))
        }
        _ => format!("Tried again on {}, or upon SIGHUP", day(next)),
    }
}

/// By what an authority knows one of its certificates.
fn identifier(chain: &str) -> std::result::Result<CertificateIdentifier<'static>, String> {
    let (chain, _) = read(chain)?;
    let first = chain.first().ok_or("there is no certificate in it")?;
    CertificateIdentifier::try_from(first).map(CertificateIdentifier::into_owned)
}

/// A moment as it stands in a sentence.
fn day(at: Time) -> String {
    at.rfc3339()
}

impl Keeper {
    /// With the certificate that is there already. Without one, nobody gets a connection until there is.
    pub async fn start(desk: Desk, settings: Settings) -> Arc<Self> {
        let challenges = Arc::new(Challenges::new(desk.clone(), &settings.wanted.name));
        let keeper = Self { desk, settings, loaded: RwLock::default(), challenges };
        // What is wrong is said, and looked at again by `keep`.
        let _ = keeper.load().await;
        if !keeper.is_ready() {
            tracing::warn!(
                "HTTPS waits for the certificate of {} from {}: until it is there, connections are refused",
                keeper.settings.wanted.name,
                keeper.settings.authority(),
            );
        }
        // Who starts it anew wants to know what is still wrong, not only once it is tried again.
        if let Ok(Some(Standing { failure: Some((why, at)), next_at, not_before, .. })) =
            certificates::standing(&keeper.desk, &keeper.settings.wanted).await
        {
            tracing::warn!(
                "the last try to get a certificate, on {}, failed: {why}. {}",
                day(at),
                again(next_at, not_before),
            );
        }
        Arc::new(keeper)
    }

    /// Whether there is a certificate.
    pub fn is_ready(&self) -> bool {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Keeps the certificate up, until the server stops. From the call on a SIGHUP is noticed, and does not end the process.
    pub fn keep(self: Arc<Self>, live: Live, stop: CancellationToken) -> impl Future<Output = ()> + Send {
        let asked = hangups();
        async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.keep_on(&live, asked) => {}
            }
        }
    }

    async fn keep_on(&self, live: &Live, mut asked: Option<Signal>) {
        loop {
            let pause = match self.look().await {
                Ok(next) => Duration::from_millis(u64::try_from(next.0 - self.desk.now().0).unwrap_or_default()),
                Err(error) => {
                    tracing::warn!(%error, "how the certificate stands cannot be looked up right now");
                    LOOK
                }
            };
            let asked = async {
                match &mut asked {
                    Some(asked) => drop(asked.recv().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // Not at once, should another server be at it.
                () = tokio::time::sleep(pause.clamp(Duration::from_secs(1), LOOK)) => {}
                () = live.certified() => {}
                () = asked => {
                    tracing::info!("looking at the certificate (SIGHUP)");
                    // It cannot be opened, as after the loss of the secret key.
                    let anew = self.load().await.is_err_and(|error| error.code == Code::Internal);
                    if let Err(error) = certificates::hurry(&self.desk, &self.settings.wanted, anew).await {
                        tracing::warn!(%error, "the next try cannot be brought forward right now");
                    }
                }
            }
        }
    }

    /// Takes what another server has got, and has the authority asked if it is time. Returns when it is again.
    async fn look(&self) -> Result<Time> {
        let wanted = &self.settings.wanted;
        // What cannot be used does not keep it from being renewed. The log has said what is wrong.
        let _ = self.load().await;
        let next = match certificates::standing(&self.desk, wanted).await? {
            Some(standing) => standing.next_at,
            None => {
                certificates::want(&self.desk, wanted).await?;
                self.desk.now()
            }
        };
        if next > self.desk.now() {
            return Ok(self.look_at_suggestion().await?.unwrap_or(next));
        }
        match certificates::take_turn(&self.desk, wanted).await? {
            Some(turn) => self.ask(turn).await,
            None => Ok(next),
        }
    }

    /// Asks the authority, and keeps what comes of it.
    async fn ask(&self, turn: Turn) -> Result<Time> {
        let (wanted, authority) = (&self.settings.wanted, self.settings.authority());
        tracing::info!("asking {authority} for a certificate for {}", wanted.name);
        // The ways to prove the name take turns.
        let by_http = turn.failures % 2 == 1;
        let replaces = turn.replaces.as_deref().and_then(|chain| identifier(chain).ok());
        let talk = Talk::new(&self.desk, &self.settings);
        let ordered = tokio::time::timeout(ORDER, talk.order(by_http, replaces.as_ref())).await;
        let ordered = ordered.unwrap_or_else(|_| Err(Failed::slow(&authority)));
        let checked = ordered.and_then(|kept| {
            let validity =
                sound(&kept, &wanted.name, self.desk.now()).map_err(|wrong| Failed::useless(&authority, &wrong))?;
            Ok((kept, validity))
        });
        match checked {
            Ok((kept, valid)) => {
                let next = self.save(&turn, &kept, valid).await?;
                tracing::info!(
                    "{authority} gave a certificate for {}, valid until {}; it is renewed on {}",
                    wanted.name,
                    day(valid.1),
                    day(next),
                );
                self.load().await?;
                Ok(next)
            }
            Err(Failed { why, fault, not_before, .. }) => {
                let next = certificates::failed(&self.desk, &turn, wanted, &why, fault, not_before).await?;
                let meanwhile = match self.is_ready() {
                    true => "The one of before stays in use.",
                    false => "Until there is one, HTTPS is refused.",
                };
                tracing::error!("no certificate for {}: {why}. {meanwhile} {}", wanted.name, again(next, not_before));
                Ok(next)
            }
        }
    }

    /// Asks the authority when it would have the certificate renewed, if that is due and no other server does. Returns when it is,
    /// if it has said so.
    async fn look_at_suggestion(&self) -> Result<Option<Time>> {
        let wanted = &self.settings.wanted;
        let Some((chain, valid)) = certificates::to_look_at(&self.desk, wanted).await? else { return Ok(None) };
        let authority = self.settings.authority();
        let asked = tokio::time::timeout(SUGGESTION, self.suggestion(&chain)).await;
        let (window, again) = match asked.unwrap_or_else(|_| Err(format!("{authority} took too long"))) {
            Ok(Some(said)) => said,
            Ok(None) => return Ok(None),
            Err(wrong) => {
                // It is renewed in any case, by what is known of it already.
                tracing::info!("{authority} does not say when to renew the certificate for {}: {wrong}", wanted.name);
                return Ok(None);
            }
        };
        let digest = Sha256::digest(chain.as_bytes());
        let Some(next) = suggested(window, valid, u16::from_be_bytes([digest[0], digest[1]])) else { return Ok(None) };
        certificates::suggested(&self.desk, wanted, &chain, next, look_again(self.desk.now(), again)).await?;
        tracing::debug!("{authority} would have the certificate for {} renewed on {}", wanted.name, day(next));
        Ok(Some(next))
    }

    /// In which window the authority would have this certificate renewed, and in how many milliseconds it wants to be asked again.
    /// `None`: it does not say such things, or does not know us yet.
    async fn suggestion(&self, chain: &str) -> std::result::Result<Option<((Time, Time), i64)>, String> {
        let identifier = identifier(chain)?;
        let talk = Talk::new(&self.desk, &self.settings);
        let Some(account) = talk.known_account().await.map_err(|failed| failed.why)? else { return Ok(None) };
        match account.renewal_info(&identifier).await {
            Ok((said, again)) => {
                let window = (said.suggested_window.start.into(), said.suggested_window.end.into());
                Ok(Some((window, i64::try_from(again.as_millis()).unwrap_or(i64::MAX))))
            }
            Err(Error::Unsupported(_)) => Ok(None),
            Err(error) => Err(talk.failed(&error, Step::Order).why),
        }
    }

    async fn save(&self, turn: &Turn, kept: &Kept, valid: (Time, Time)) -> Result<Time> {
        let mut tries = 1;
        loop {
            match certificates::obtained(&self.desk, turn, &self.settings.wanted, kept, valid).await {
                Err(error) if tries < SAVES => {
                    tracing::warn!(%error, "the new certificate cannot be saved right now; trying again");
                    tokio::time::sleep(SAVE_AGAIN).await;
                    tries += 1;
                }
                saved => return saved,
            }
        }
    }

    /// Takes the certificate from the database, if it is another one.
    async fn load(&self) -> Result<()> {
        let known = self.loaded.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|it| it.chain.clone());
        let Some(kept) = certificates::kept(&self.desk, &self.settings.wanted, known.as_deref()).await? else {
            return Ok(());
        };
        let (certified, until) = certified(&kept).map_err(|wrong| {
            store::error::internal(&format!("the certificate of {}: {wrong}", self.settings.wanted.name))
        })?;
        let loaded = Loaded { chain: kept.chain, certified: Arc::new(certified) };
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Some(loaded);
        tracing::info!("the certificate for {} is in use, valid until {}", self.settings.wanted.name, day(until));
        if until <= self.desk.now() {
            tracing::warn!("the certificate for {} has expired: browsers will refuse it", self.settings.wanted.name);
        }
        Ok(())
    }
}

impl ResolvesServerCert for Keeper {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.loaded.read().unwrap_or_else(PoisonError::into_inner).as_ref()?.certified.clone())
    }
}

/// A certificate with its key as connections are encrypted with it, and until when it is valid.
fn certified(kept: &Kept) -> std::result::Result<(CertifiedKey, Time), String> {
    let (chain, (_, until)) = read(&kept.chain)?;
    let key = PrivatePkcs8KeyDer::from(kept.key.clone()).into();
    let certified = CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| error.to_string())?;
    Ok((certified, until))
}

/// Whether what an authority has given can be used: for this name, with this key, now. Returns from when until when.
fn sound(kept: &Kept, name: &str, now: Time) -> std::result::Result<(Time, Time), String> {
    let (chain, (from, until)) = read(&kept.chain)?;
    certified(kept)?;
    let first = EndEntityCert::try_from(&chain[0]).map_err(|error| error.to_string())?;
    let name = ServerName::try_from(name).map_err(|error| error.to_string())?;
    first.verify_is_valid_for_subject_name(&name).map_err(|_| "it is for another name".to_owned())?;
    if until <= now || until <= from {
        return Err("it has expired already. Is the clock of this machine right?".to_owned());
    }
    Ok((from, until))
}

/// The certificates of a chain, of which there is one at least, and from when until when the first is valid.
fn read(chain: &str) -> std::result::Result<(Vec<CertificateDer<'static>>, (Time, Time)), String> {
    let chain: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
    let chain = chain.map_err(|_| "it is not written as PEM")?;
    let first = chain.first().ok_or("there is no certificate in it")?;
    let (_, parsed) = x509_parser::parse_x509_certificate(first).map_err(|error| error.to_string())?;
    let of = |seconds: i64| Time(seconds.saturating_mul(1_000));
    let valid = (of(parsed.validity().not_before.timestamp()), of(parsed.validity().not_after.timestamp()));
    Ok((chain, valid))
}

impl Failed {
    fn slow(authority: &str) -> Self {
        Self::new(Fault::Unreachable, format!("{authority} took too long"))
    }

    fn useless(authority: &str, wrong: &str) -> Self {
        Self::new(Fault::Refused, format!("{authority} gave a certificate that cannot be used: {wrong}"))
    }
}
