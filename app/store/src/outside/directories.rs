//! Directories: whose password is tried at which of them. How one is asked is the server's, which hands it in
//! ([`Directories`]), for here nothing talks to the network.

use super::providers;
use crate::{Desk, OrOurs};
use domain::{
    Code, Error, ProviderId, Result,
    outside::{Trial, Usable, Vouched, domain_of},
};
use sqlx::PgConnection;

/// What a directory says about a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is right, and this is whose.
    Vouched(Vouched),
    /// It is wrong, or the directory knows nobody by what was typed, or lets them in no more: which of it is not told.
    Wrong,
    /// The directory could not be asked, and why, in words for whoever set it up.
    Failed(String),
}

/// How directories are asked.
#[async_trait::async_trait]
pub trait Directories: std::fmt::Debug + Send + Sync + 'static {
    /// Whether this password is that of whoever is found by what was typed. Takes some seconds at most.
    async fn ask(&self, directory: &Usable, login: &str, password: &str) -> Answer;

    /// Looks whether a directory can be asked, and what it says of somebody, if anybody is named.
    async fn attempt(&self, directory: &Usable, login: &str) -> Trial;
}

/// For programs that ask none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDirectories;

#[async_trait::async_trait]
impl Directories for NoDirectories {
    async fn ask(&self, _: &Usable, _: &str, _: &str) -> Answer {
        Answer::Failed("cannot be asked by this program".to_owned())
    }

    async fn attempt(&self, directory: &Usable, _: &str) -> Trial {
        Trial { good: Vec::new(), bad: vec![format!("{} cannot be asked by this program.", directory.name)] }
    }
}

/// The directory that the password for an address is tried at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub provider: ProviderId,
    /// Whom it has to find: the account with the address is connected with them. Nothing for who comes for the first time.
    pub subject: Option<String>,
}

/// Which directory the password for an address is tried at; nothing where it is tried here.
///
/// Tried at a directory is the password of whoever is connected with somebody there; of customers whose address is in a
/// domain of their own company's directory; and of whoever has no account and an address in the domain of a directory. So
/// staff who have a password here keep it until they connect their account themselves. A superadmin who has a password
/// here gets in by it, or nobody could mend a directory that is broken.
pub(crate) async fn way(conn: &mut PgConnection, email: &str) -> Result<Option<Way>> {
    let Some(domain) = domain_of(email) else { return Ok(None) };
    let found = sqlx::query!(
        r#"select p.id, i.subject as "subject?"
           from providers p
               left join (user_emails e join users u on u.id = e.user_id) on e.address = lower($1)
               left join identities i on i.provider_id = p.id and i.user_id = u.id
           where p.enabled and p.kind = 'ldap'
               and not (u.id is not null and u.role = 'superadmin' and u.password_hash is not null)
               and (i.id is not null
                    or ((p.domains @> array[$2::text]
                         or p.company_id = (select company_id from company_domains where domain = $2))
                        and (u.id is null
                             or (u.role = 'customer' and p.audience = 'company'
                                 and (u.company_id is null or u.company_id = p.company_id)))))
           order by i.id nulls last, p.audience desc, p.id limit 1"#,
        email,
        domain,
    )
    .fetch_optional(conn)
    .await
    .ours()?;
    Ok(found.map(|r| Way { provider: ProviderId(r.id), subject: r.subject }))
}

/// Refuses a password of one's own to whom a directory lets in: whoever is let in there no more would still come in here.
pub(crate) async fn demand_own_password(conn: &mut PgConnection, email: &str) -> Result<()> {
    if way(conn, email).await?.is_none() {
        return Ok(());
    }
    let why = "You sign in here with the password that you have at your company. It is changed there.";
    Err(Error::new(Code::Forbidden, why))
}

/// What a directory says to a password.
///
/// Errors: `Unavailable` when it does not say anything; the log has the reason.
pub(crate) async fn ask(desk: &Desk, directory: &Usable, login: &str, password: &str) -> Result<Option<Vouched>> {
    // Nobody's: with an empty password, many directories let everybody in as nobody.
    if password.is_empty() {
        return Ok(None);
    }
    match desk.options().directories.ask(directory, login, password).await {
        Answer::Vouched(who) => Ok(Some(who)),
        Answer::Wrong => Ok(None),
        Answer::Failed(why) => {
            tracing::warn!(provider = directory.name, "a directory {why}");
            Err(Error::new(
                Code::Unavailable,
                format!(
                    "Your password is tried at {}, which does not answer at the moment. Please try again in a minute.",
                    directory.name
                ),
            ))
        }
    }
}

/// The directory of a way in, with what it takes to ask it.
pub(crate) async fn of_way(desk: &Desk, way: &Way) -> Result<Usable> {
    providers::in_use(desk, way.provider).await
}
