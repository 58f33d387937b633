//! How a directory is asked for somebody's password (LDAP): they are looked up as whoever was set up for that, and then the
//! password that was typed is tried with the name of the one entry that was found.

mod entry;
mod wire;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ProviderId;
use domain::outside::directory::{among, find_groups, find_person};
use domain::outside::{Trial, Usable, Vouched};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, ResultEntry, Scope, SearchOptions, StdStream};
use store::outside::directories::Answer;
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::oidc::network;
use crate::outgoing::Outgoing;
use entry::Entry;
pub use wire::authorities;
pub(super) use wire::place;

/// Why a directory was not asked, in words that follow its name.
type Failed = String;

/// How long a directory may take for all of it, waiting for a turn included.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many people one directory is asked about at once: a slow one keeps its own people waiting, and nobody else.
const AT_ONCE: usize = 8;
/// The most groups of somebody that are looked for.
const GROUPS_MAX: i32 = 1_000;
/// How long a directory may search, in seconds, as it is asked to.
const SEARCH_SECONDS: i32 = 5;

/// What directories answer (RFC 4511, appendix A.1).
mod code {
    pub const SUCCESS: u32 = 0;
    pub const SIZE_LIMIT_EXCEEDED: u32 = 4;
    pub const CONSTRAINT_VIOLATION: u32 = 19;
    pub const NO_SUCH_OBJECT: u32 = 32;
    pub const INVALID_DN: u32 = 34;
    pub const INAPPROPRIATE_AUTHENTICATION: u32 = 48;
    pub const INVALID_CREDENTIALS: u32 = 49;
    pub const INSUFFICIENT_ACCESS: u32 = 50;
    pub const UNWILLING: u32 = 53;
}

/// Asks directories. Cheap to copy.
#[derive(Clone, Debug)]
pub struct Directories {
    outgoing: Outgoing,
    /// Whether they may be in private networks, and be asked there without encryption.
    private: bool,
    patience: Duration,
    turns: Arc<Mutex<HashMap<ProviderId, Arc<Semaphore>>>>,
}

/// What a directory is asked.
enum Errand {
    SignIn { login: String, password: String },
    Try { login: String, told: Arc<Mutex<Vec<String>>> },
}

/// What has come of it.
enum Outcome {
    Answered(Answer),
    Tried(Trial),
}

impl Directories {
    /// `private`: they may be in private networks, and be asked there without encryption.
    pub fn new(private: bool) -> Self {
        Self { outgoing: network(private, PATIENCE), private, patience: PATIENCE, turns: Arc::default() }
    }

    /// The same over another network, and with less patience, for tests.
    #[must_use]
    pub fn over(self, outgoing: Outgoing, patience: Duration) -> Self {
        Self { outgoing, patience, ..self }
    }

    fn turn(&self, id: ProviderId) -> Arc<Semaphore> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(id).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))).clone()
    }

    /// Does an errand in a task of its own, which ends with this call: a directory that has the library panic has failed.
    async fn run(&self, directory: &Usable, errand: Errand) -> Result<Outcome, Failed> {
        let (here, directory) = (self.clone(), directory.clone());
        let mut task = JoinSet::new();
        task.spawn(async move {
            let done = timeout(here.patience, async {
                let turn = here.turn(directory.id);
                let _turn = turn.acquire().await.map_err(|_| "is not asked any more")?;
                here.converse(&directory, &errand).await
            });
            done.await.unwrap_or_else(|_| Err("does not answer in time".to_owned()))
        });
        match task.join_next().await {
            Some(Ok(done)) => done,
            Some(Err(_)) | None => Err("gave an answer that is not understood".to_owned()),
        }
    }

    async fn converse(&self, directory: &Usable, errand: &Errand) -> Result<Outcome, Failed> {
        let connected = wire::connect(&self.outgoing, self.private, directory).await?;
        if let Errand::Try { told, .. } = errand {
            let how = if connected.encrypted { "in private (TLS)" } else { "without encryption" };
            tell(told, format!("{} answers, and is talked to {how}.", directory.name));
        }
        let (here, there) = UnixStream::pair().map_err(|error| format!("cannot be asked: {error}"))?;
        let there = there.into_std().map_err(|error| format!("cannot be asked: {error}"))?;
        let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(there));
        let (connection, ldap) =
            LdapConnAsync::with_settings(settings, "ldapi://directory").await.map_err(|error| failed(&error))?;
        let driving = async {
            if let Err(error) = connection.drive().await {
                tracing::debug!(provider = directory.name, %error, "the connection to a directory has ended");
            }
            // Whoever waits for an answer is told that there is none.
            std::future::pending::<Infallible>().await
        };
        tokio::select! {
            biased;
            refused = wire::guard(connected.stream, here) => Err(refused),
            never = driving => match never {},
            done = talk(ldap, directory, errand) => done,
        }
    }
}

fn tell(told: &Mutex<Vec<String>>, line: String) {
    told.lock().unwrap_or_else(PoisonError::into_inner).push(line);
}

fn failed(error: &LdapError) -> Failed {
    format!("does not answer as it should: {}", shown(&error.to_string()))
}

/// What others have written, short enough to be shown.
fn shown(text: &str) -> String {
    domain::text::excerpt(text, 200)
}

async fn talk(mut ldap: Ldap, directory: &Usable, errand: &Errand) -> Result<Outcome, Failed> {
    greet(&mut ldap, directory).await?;
    match errand {
        Errand::SignIn { login, password } => {
            let answer = match look_up(&mut ldap, directory, login).await?.as_slice() {
                [entry] => vouch(&mut ldap, directory, login, password, entry).await?,
                [] => Answer::Wrong,
                _ => {
                    tracing::warn!(
                        provider = directory.name,
                        "several entries of a directory fit one address: none of them is let in"
                    );
                    Answer::Wrong
                }
            };
            Ok(Outcome::Answered(answer))
        }
        Errand::Try { login, told } => {
            let trial = attempt(&mut ldap, directory, login, told).await?;
            Ok(Outcome::Tried(trial))
        }
    }
}

/// Says as whom people are looked up. Where nobody is entered for that, nothing is said.
async fn greet(ldap: &mut Ldap, directory: &Usable) -> Result<(), Failed> {
    if directory.client_id.is_empty() {
        return Ok(());
    }
    // A name without a password lets everybody in, as nobody (RFC 4513, 5.1.2).
    if directory.secret.is_empty() {
        return Err("is to be asked without a password for the name that people are looked up as".to_owned());
    }
    let result = ldap.simple_bind(&directory.client_id, &directory.secret).await.map_err(|error| failed(&error))?;
    match result.rc {
        code::SUCCESS => Ok(()),
        code::INVALID_CREDENTIALS | code::INVALID_DN => Err(format!(
            "does not accept the name and password that people are looked up as (it answers {})",
            result.rc
        )),
        other => Err(format!("does not let people be looked up: it answers {other} {}", shown(&result.text))),
    }
}

/// What a search has found, as far as it went.
async fn search(
    ldap: &mut Ldap,
    base: &str,
    filter: &str,
    most: i32,
    attributes: Vec<&str>,
) -> Result<Vec<ResultEntry>, Failed> {
    let options = SearchOptions::new().sizelimit(most).timelimit(SEARCH_SECONDS);
    let found =
        ldap.with_search_options(options).search(base, Scope::Subtree, filter, attributes).await.map_err(|error| {
            match error {
                LdapError::FilterParsing => "cannot be searched: a filter is not right".to_owned(),
                other => failed(&other),
            }
        })?;
    let (entries, result) = (found.0, found.1);
    match result.rc {
        code::SUCCESS | code::SIZE_LIMIT_EXCEEDED => {
            Ok(entries.into_iter().filter(|entry| !entry.is_ref() && !entry.is_intermediate()).collect())
        }
        code::NO_SUCH_OBJECT => Err(format!("has no entry “{}”, or does not show it", shown(base))),
        other => Err(format!("cannot be searched: it answers {other} {}", shown(&result.text))),
    }
}

/// The entries that fit what was typed: one, if all is well, and no more than two.
async fn look_up(ldap: &mut Ldap, directory: &Usable, login: &str) -> Result<Vec<Entry>, Failed> {
    let settings = &directory.directory;
    let filter = find_person(&settings.filter, login);
    let mut attributes = vec![&*settings.subject_attribute, &*settings.email_attribute, &*settings.name_attribute];
    if !directory.role_claim.is_empty() {
        attributes.push(&directory.role_claim);
    }
    let found = search(ldap, &settings.base, &filter, 2, attributes).await?;
    Ok(found.into_iter().map(Entry::new).collect())
}

/// The groups that somebody is in: those that their entry names, and those that name their entry.
async fn groups_of(ldap: &mut Ldap, directory: &Usable, entry: &Entry) -> Result<Vec<String>, Failed> {
    let settings = &directory.directory;
    let mut groups = entry.texts(&directory.role_claim);
    if !settings.group_filter.is_empty() {
        let base = if settings.group_base.is_empty() { &settings.base } else { &settings.group_base };
        let filter = find_groups(&settings.group_filter, &entry.dn);
        // No attributes: the name is all that is needed (RFC 4511, 4.5.1.8).
        let found = search(ldap, base, &filter, GROUPS_MAX, vec!["1.1"]).await?;
        groups.extend(found.into_iter().map(|group| Entry::new(group).dn));
    }
    Ok(groups)
}

/// Who an entry is of, with the groups that rules are about.
fn who(directory: &Usable, entry: &Entry, login: &str, groups: &[String]) -> Result<Vouched, Failed> {
    let settings = &directory.directory;
    let subject = entry.subject(&settings.subject_attribute).ok_or_else(|| {
        format!("does not say the {} of {}, or several", settings.subject_attribute, shown(&entry.dn))
    })?;
    let emails = entry.texts(&settings.email_attribute);
    let typed = emails.iter().find(|email| email.to_lowercase() == login.to_lowercase());
    Ok(Vouched {
        subject,
        name: entry.texts(&settings.name_attribute).into_iter().next().unwrap_or_default(),
        email: typed.or(emails.first()).cloned().unwrap_or_default(),
        email_verified: None,
        groups: among(directory.rules.values(), groups),
        // It is only believed where that was set up: the directory asks for a second factor itself then.
        mfa: true,
    })
}

/// Tries a password with the name of an entry.
async fn vouch(
    ldap: &mut Ldap,
    directory: &Usable,
    login: &str,
    password: &str,
    entry: &Entry,
) -> Result<Answer, Failed> {
    // Without either, many directories let in whoever comes, as nobody.
    if entry.dn.is_empty() || password.is_empty() {
        return Ok(Answer::Wrong);
    }
    let groups = groups_of(ldap, directory, entry).await?;
    let result = ldap.simple_bind(&entry.dn, password).await.map_err(|error| failed(&error))?;
    match result.rc {
        code::SUCCESS => Ok(Answer::Vouched(who(directory, entry, login, &groups)?)),
        // Wrong, locked, expired, or not allowed to sign in: directories tell these apart in ways of their own.
        code::CONSTRAINT_VIOLATION
        | code::NO_SUCH_OBJECT
        | code::INAPPROPRIATE_AUTHENTICATION
        | code::INVALID_CREDENTIALS
        | code::INSUFFICIENT_ACCESS
        | code::UNWILLING => Ok(Answer::Wrong),
        other => Err(format!("does not say whether a password is right: it answers {other} {}", shown(&result.text))),
    }
}

/// Looks whether people are found, and what is found of somebody.
async fn attempt(ldap: &mut Ldap, directory: &Usable, login: &str, told: &Mutex<Vec<String>>) -> Result<Trial, Failed> {
    match directory.client_id.as_str() {
        "" => tell(told, "People are looked up without a name.".to_owned()),
        name => tell(told, format!("People are looked up as {name}.")),
    }
    // Somebody whom nobody is called, where nobody is named: what counts is that the directory has searched.
    let asked = if login.is_empty() { "nobody@docket.invalid" } else { login };
    let found = look_up(ldap, directory, asked).await?;
    let mut trial = Trial::default();
    match found.as_slice() {
        [] if login.is_empty() => tell(told, "It can be searched. Name somebody to see what is found.".to_owned()),
        [] => trial.bad.push(format!("Nobody is found by {login}.")),
        [entry] => {
            let groups = groups_of(ldap, directory, entry).await?;
            let person = who(directory, entry, login, &groups)?;
            tell(told, format!("{asked} is {} there.", entry.dn));
            tell(told, format!("The number is {}, the name {}.", person.subject, or_none(&person.name)));
            match domain::text::is_email(&person.email) {
                true => tell(told, format!("The address is {}.", person.email)),
                false => trial.bad.push(format!(
                    "The attribute {} has no e-mail address in it, so nobody gets an account.",
                    directory.directory.email_attribute
                )),
            }
            tell(told, format!("The groups are: {}.", or_none(&shown(&groups.join("; ")))));
        }
        _ => {
            trial.bad.push(format!("Several entries fit {asked}, so none of them is let in. Make the filter narrower."))
        }
    }
    Ok(trial)
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

#[async_trait::async_trait]
impl store::outside::directories::Directories for Directories {
    async fn ask(&self, directory: &Usable, login: &str, password: &str) -> Answer {
        if password.is_empty() {
            return Answer::Wrong;
        }
        let errand = Errand::SignIn { login: login.to_owned(), password: password.to_owned() };
        match self.run(directory, errand).await {
            Ok(Outcome::Answered(answer)) => answer,
            Ok(Outcome::Tried(_)) => Answer::Wrong,
            Err(why) => Answer::Failed(why),
        }
    }

    async fn attempt(&self, directory: &Usable, login: &str) -> Trial {
        let told = Arc::new(Mutex::new(Vec::new()));
        let errand = Errand::Try { login: domain::text::tidy_line(login), told: told.clone() };
        let mut trial = match self.run(directory, errand).await {
            Ok(Outcome::Tried(trial)) => trial,
            Ok(Outcome::Answered(_)) => Trial::default(),
            Err(why) => Trial { good: Vec::new(), bad: vec![format!("{} {why}.", directory.name)] },
        };
        let good = std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
        trial.good.splice(..0, good);
        trial
    }
}
