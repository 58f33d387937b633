//! The mails that accounts get from Docket: what a job keeps of them, and what it makes of that when it sends them.
//!
//! A job holds numbers and addresses, never a link. What has become of a row meanwhile counts: a link that was used or
//! revoked before its mail went out is not sent any more.

use super::{invitations, link, second_factor};
use crate::{
    Desk, OrOurs, Tx,
    jobs::{self, Work},
    outside::ways,
    ratings::by_mail,
};
use domain::{Result, TicketId, UserId, letter::Purpose};
use serde::{Deserialize, Serialize};

/// Mails are waited for: they go before other work.
const PRIORITY: i16 = 10;

/// A mail that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Letter {
    /// To who has registered: a link that proves the address.
    Register {
        link: i64,
    },
    /// The same again, if somebody with this address waits for it.
    RegisterAgain {
        email: String,
    },
    /// Somebody forgot a password. Whether there is such an account is looked up here, not while they wait.
    ResetAsked {
        email: String,
    },
    Reset {
        link: i64,
    },
    /// The number of an invitation.
    Invitation {
        invitation: i64,
    },
    /// To the new address of an account.
    NewAddress {
        link: i64,
    },
    /// To the old one, once it is replaced.
    AddressChanged {
        name: String,
        email: String,
        to: String,
    },
    PasswordChanged {
        user: UserId,
    },
    /// Somebody tries passwords on this account.
    Locked {
        email: String,
        from: Option<String>,
    },
    /// Two-step sign-in was turned on, or a part of it off.
    SecondFactorChanged {
        user: UserId,
        on: bool,
    },
    /// An admin has taken the second factor away.
    SecondFactorRemoved {
        user: UserId,
    },
    /// A passkey was added or removed.
    PasskeyChanged {
        user: UserId,
        name: String,
        added: bool,
    },
    RecoveryCodeUsed {
        user: UserId,
        left: i64,
        from: Option<String>,
    },
    /// A ticket was solved, and for how many times by then: what does its requester say?
    RatingAsked {
        ticket: TicketId,
        solution: i32,
    },
}

/// What stands in a mail; each has a template of its own. Links are addresses within Docket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Content {
    Register {
        link: String,
    },
    /// Instead of a link, to an address that has an account.
    Known {
        forgot: &'static str,
        sign_in: &'static str,
    },
    /// `first`: they have never had a password.
    Reset {
        link: String,
        first: bool,
    },
    Invitation {
        link: String,
        by: String,
        role: String,
    },
    NewAddress {
        link: String,
    },
    AddressChanged {
        to: String,
    },
    /// `beside`: a line for each thing that opens the account beside the password.
    PasswordChanged {
        forgot: &'static str,
        page: &'static str,
        beside: Vec<String>,
        /// The page of tokens of the API, if there are any.
        tokens: Option<&'static str>,
    },
    Locked {
        from: String,
        forgot: &'static str,
    },
    SecondFactorChanged {
        on: bool,
        forgot: &'static str,
    },
    SecondFactorRemoved {
        page: &'static str,
    },
    PasskeyChanged {
        name: String,
        added: bool,
        page: &'static str,
        forgot: &'static str,
    },
    RecoveryCodeUsed {
        left: i64,
        from: String,
        page: &'static str,
        forgot: &'static str,
    },
    /// `scores`: what one can say, the best first. `days`: how long after it was solved.
    RatingAsked {
        ticket: i64,
        subject: String,
        link: String,
        scores: Vec<(i16, &'static str)>,
        days: i64,
    },
}

impl Content {
    /// The name of the template.
    pub fn template(&self) -> &'static str {
        match self {
            Content::Register { .. } => "register",
            Content::Known { .. } => "known",
            Content::Reset { .. } => "reset",
            Content::Invitation { .. } => "invitation",
            Content::NewAddress { .. } => "new_address",
            Content::AddressChanged { .. } => "address_changed",
            Content::PasswordChanged { .. } => "password_changed",
            Content::Locked { .. } => "locked",
            Content::SecondFactorChanged { .. } => "second_factor_changed",
            Content::SecondFactorRemoved { .. } => "second_factor_removed",
            Content::PasskeyChanged { .. } => "passkey_changed",
            Content::RecoveryCodeUsed { .. } => "recovery_code_used",
            Content::RatingAsked { .. } => "rating_asked",
        }
    }
}

/// A mail as it can be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// May be empty.
    pub name: String,
    pub email: String,
    pub content: Content,
}

/// Where one says that one has forgotten one's password.
const FORGOT: &str = "/forgot";
const SIGN_IN: &str = "/sign-in";
/// One's own two-step sign-in.
const TWO_STEP: &str = "/two-step";
const API_TOKENS: &str = "/api-tokens";
/// In the place of a network address.
const UNKNOWN: &str = "an unknown address";

/// Has a mail sent once this transaction is committed.
pub(crate) async fn post(tx: &mut Tx, letter: Letter) -> Result<()> {
    let now = tx.now;
    jobs::enqueue(tx, &Work::Letter { letter }, now, PRIORITY, None).await
}

/// What is to be sent, if anything still is.
#[crate::compiled_here]
pub async fn ready(desk: &Desk, letter: &Letter) -> Result<Option<Ready>> {
    match letter {
        Letter::Register { link } => of_link(desk, *link, Purpose::Register).await,
        Letter::Reset { link } => of_link(desk, *link, Purpose::Reset).await,
        Letter::NewAddress { link } => of_link(desk, *link, Purpose::NewAddress).await,
        Letter::Invitation { invitation } => invitations::ready(desk, *invitation).await,
        Letter::RegisterAgain { email } => {
            let latest = sqlx::query_scalar!(
                "select id from account_links where purpose = 'register' and lower(email) = lower($1) order by id desc limit 1",
                email,
            )
            .fetch_optional(desk.pool())
            .await
            .ours()?;
            match latest {
                Some(link) => of_link(desk, link, Purpose::Register).await,
                None => Ok(None),
            }
        }
        Letter::ResetAsked { email } => {
            let Some(user) = reader(desk, email).await? else { return Ok(None) };
            let mut tx = desk.begin().await?;
            // They were told where they asked: the link would lead nowhere.
            let told = ways::told(&mut tx.conn, &user.email).await?.is_some();
            if told && ways::demand_own_password(&mut tx.conn, &user.email).await.is_err() {
                return Ok(None);
            }
            let link = link::insert(&mut tx, Purpose::Reset, Some(user.id), &user.email, None).await?;
            post(&mut tx, Letter::Reset { link }).await?;
            tx.commit_quietly().await?;
            Ok(None)
        }
        Letter::AddressChanged { name, email, to } => Ok(Some(Ready {
            name: name.clone(),
            email: email.clone(),
            content: Content::AddressChanged { to: to.clone() },
        })),
        Letter::PasswordChanged { user } => {
            let mut conn = desk.read().await?;
            let beside = second_factor::own::beside(&mut conn, *user, desk.now()).await?;
            conn.done();
            // Where there is nothing else, theirs is the page to look at.
            let (page, tokens) = match beside.has_second_factor() {
                true => (TWO_STEP, (beside.api_tokens > 0).then_some(API_TOKENS)),
                false => (API_TOKENS, None),
            };
            to(desk, *user, Content::PasswordChanged { forgot: FORGOT, page, beside: beside.lines(), tokens }).await
        }
        Letter::SecondFactorChanged { user, on } => {
            to(desk, *user, Content::SecondFactorChanged { on: *on, forgot: FORGOT }).await
        }
        Letter::SecondFactorRemoved { user } => to(desk, *user, Content::SecondFactorRemoved { page: TWO_STEP }).await,
        Letter::PasskeyChanged { user, name, added } => {
            let content = Content::PasskeyChanged { name: name.clone(), added: *added, page: TWO_STEP, forgot: FORGOT };
            to(desk, *user, content).await
        }
        Letter::RecoveryCodeUsed { user, left, from } => {
            let from = from.clone().unwrap_or_else(|| UNKNOWN.to_owned());
            let content = Content::RecoveryCodeUsed { left: *left, from, page: TWO_STEP, forgot: FORGOT };
            to(desk, *user, content).await
        }
        Letter::RatingAsked { ticket, solution } => by_mail::ready(desk, *ticket, *solution).await,
        Letter::Locked { email, from } => {
            let content = Content::Locked { from: from.clone().unwrap_or_else(|| UNKNOWN.to_owned()), forgot: FORGOT };
            let user = reader(desk, email).await?.filter(|user| user.has_password);
            Ok(user.map(|u| Ready { name: u.name, email: u.email, content }))
        }
    }
}

/// A mail to somebody who may still come in.
async fn to(desk: &Desk, user: UserId, content: Content) -> Result<Option<Ready>> {
    let user = sqlx::query!("select name, email from users where id = $1 and blocked_at is null", user.0)
        .fetch_optional(desk.pool())
        .await
        .ours()?;
    Ok(user.map(|u| Ready { name: u.name, email: u.email, content }))
}

/// Somebody who may get mails of their account.
struct Reader {
    id: UserId,
    name: String,
    email: String,
    has_password: bool,
}

async fn reader(desk: &Desk, email: &str) -> Result<Option<Reader>> {
    let row = sqlx::query!(
        // Whichever of their addresses it is: mails of the account go to the first one.
        r#"select u.id, u.name, u.email, u.password_hash is not null as "has_password!"
           from user_emails e join users u on u.id = e.user_id
           where e.address = lower($1) and u.blocked_at is null"#,
        email,
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?;
    Ok(row.map(|r| Reader { id: UserId(r.id), name: r.name, email: r.email, has_password: r.has_password }))
}

async fn of_link(desk: &Desk, id: i64, purpose: Purpose) -> Result<Option<Ready>> {
    let row = sqlx::query!(
        r#"select l.email, l.nonce, u.name as "user_name?", u.password_hash is not null as "has_password!",
                  -- Somebody's account has the address that is to be proved.
                  exists (select from user_emails e join users k on k.id = e.user_id
                          where e.address = lower(l.email) and k.id is distinct from l.user_id
                          and (k.password_hash is not null or l.purpose = 'new_address'
                               -- One of several that staff or a merge has put together: who reads the first one is asked.
                               or lower(k.email) <> lower(l.email))) as "known!"
           from account_links l left join users u on u.id = l.user_id
           where l.id = $1 and l.purpose = $2 and l.expires_at > $3 and u.blocked_at is null"#,
        id,
        purpose.word(),
        time::OffsetDateTime::from(desk.now()),
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?;
    let Some(row) = row else { return Ok(None) };
    let link = link::path(desk, purpose, id, &row.nonce)?;
    let content = match purpose {
        Purpose::Reset => Content::Reset { link, first: !row.has_password },
        _ if row.known => Content::Known { forgot: FORGOT, sign_in: SIGN_IN },
        Purpose::NewAddress => Content::NewAddress { link },
        Purpose::Register | Purpose::Invitation | Purpose::Rating => Content::Register { link },
    };
    // Whoever asked may have typed somebody else's address: their words do not go there.
    let name = if purpose == Purpose::Reset { row.user_name } else { None };
    Ok(Some(Ready { name: name.unwrap_or_default(), email: row.email, content }))
}
