//! Staff are invited by mail, with a role. Who opens the link has proved to read the address, and chooses name and password.

use super::{
    Letter,
    letters::{self, Content, Ready},
    link, password, reset, session,
};
use crate::{Desk, OrOurs, Tx, access::demand_hand_out, events, people};
use domain::{
    Actor, Code, Error, Principal, Result, Role, Time, UserId,
    access::Permissions,
    account::Registration,
    event::Happening,
    invitation::{Invitation, State},
    letter::{Opened, Purpose},
    policy::{self, Action},
};

/// How many are listed: the newest.
const LISTED: i64 = 200;

/// The invitations of this desk: those that wait first, then by when they were sent, newest first.
pub async fn list(desk: &Desk, actor: &Actor) -> Result<Vec<Invitation>> {
    policy::demand(actor, Action::ManageStaff, None)?;
    let now = desk.now();
    let rows = sqlx::query!(
        "select i.id, i.email, i.role, u.name as invited_by, i.sent_at, i.expires_at, i.accepted_at, i.revoked_at
         from invitations i join users u on u.id = i.invited_by
         order by (i.accepted_at is null and i.revoked_at is null) desc, i.sent_at desc, i.id desc limit $1",
        LISTED,
    )
    .fetch_all(desk.pool())
    .await
    .ours()?;
    let rows = rows.into_iter().map(|r| {
        let expires_at: Time = r.expires_at.into();
        let state = match (r.accepted_at, r.revoked_at) {
            (Some(_), _) => State::Accepted,
            (None, Some(_)) => State::Revoked,
            (None, None) if expires_at <= now => State::Expired,
            (None, None) => State::Open,
        };
        Invitation {
            id: r.id,
            email: r.email,
            role: Role::from_word(&r.role).unwrap_or(Role::Agent),
            invited_by: r.invited_by,
            sent_at: r.sent_at.into(),
            expires_at,
            state,
        }
    });
    Ok(rows.collect())
}

/// Invites somebody to be staff. A customer with this address becomes staff by accepting. Errors: a field error for staff, for
/// who is blocked, and for an address whose invitation still waits; `Forbidden` for a role with rights that the actor has not.
pub async fn invite(tx: &mut Tx, actor: &Actor, email: &str, role: Role) -> Result<()> {
    policy::demand(actor, Action::ManageStaff, None)?;
    let by = actor.signed_in()?.id;
    let email = reset::address(email)?;
    if !role.is_staff() {
        return Err(Error::field("role", "Choose what they are to be."));
    }
    demand_hand_out(actor, role, Permissions::of_role(role))?;
    let known = sqlx::query!(
        "select u.role, u.blocked_at from user_emails e join users u on u.id = e.user_id where e.address = lower($1)",
        email
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    match known {
        Some(user) if user.role != Role::Customer.word() => {
            return Err(Error::field("email", "Somebody on staff has this address already."));
        }
        Some(user) if user.blocked_at.is_some() => {
            return Err(Error::field("email", "The person with this address is blocked."));
        }
        _ => {}
    }
    let now = tx.at();
    let id = sqlx::query_scalar!(
        "insert into invitations (email, role, invited_by, nonce, created_at, sent_at, expires_at)
         values ($1, $2, $3, $4, $5, $5, $6) returning id",
        email,
        role.word(),
        by.0,
        &link::nonce()[..],
        now,
        time::OffsetDateTime::from(tx.now.plus_millis(Purpose::Invitation.lifetime())),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    events::append(tx, actor, None, &Happening::Invited { email, role }).await?;
    letters::post(tx, Letter::Invitation { invitation: id }).await
}

/// Sends an invitation again, good for as long as a new one. The link of the mail before is not good any more, and who sends
/// it vouches for it from now on.
pub async fn send_again(tx: &mut Tx, actor: &Actor, id: i64) -> Result<()> {
    policy::demand(actor, Action::ManageStaff, None)?;
    let by = actor.signed_in()?.id;
    let role = role_of(tx, id).await?;
    demand_hand_out(actor, role, Permissions::of_role(role))?;
    let now = tx.at();
    let email = sqlx::query_scalar!(
        "update invitations set nonce = $2, sent_at = $3, expires_at = $4, invited_by = $5
         where id = $1 and accepted_at is null and revoked_at is null returning email",
        id,
        &link::nonce()[..],
        now,
        time::OffsetDateTime::from(tx.now.plus_millis(Purpose::Invitation.lifetime())),
        by.0,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?
    .ok_or_else(|| Error::not_found("open invitation"))?;
    events::append(tx, actor, None, &Happening::InvitationResent { email }).await?;
    letters::post(tx, Letter::Invitation { invitation: id }).await
}

/// Takes an invitation back. Its link is not good any more.
pub async fn revoke(tx: &mut Tx, actor: &Actor, id: i64) -> Result<()> {
    policy::demand(actor, Action::ManageStaff, None)?;
    let role = role_of(tx, id).await?;
    demand_hand_out(actor, role, Permissions::of_role(role))?;
    let now = tx.at();
    let email = sqlx::query_scalar!(
        "update invitations set revoked_at = $2
         where id = $1 and accepted_at is null and revoked_at is null returning email",
        id,
        now,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?
    .ok_or_else(|| Error::not_found("open invitation"))?;
    events::append(tx, actor, None, &Happening::InvitationRevoked { email }).await?;
    Ok(())
}

/// As what an invitation invites, as long as it is open. Who could not have sent it may not decide over it either.
async fn role_of(tx: &mut Tx, id: i64) -> Result<Role> {
    let word = sqlx::query_scalar!(
        "select role from invitations where id = $1 and accepted_at is null and revoked_at is null",
        id,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    word.and_then(|word| Role::from_word(&word)).ok_or_else(|| Error::not_found("open invitation"))
}

/// An invitation that may be accepted.
struct Waiting {
    id: i64,
    email: String,
    role: Role,
}

/// The invitation of this link, as long as whoever sent it may still invite to that role.
async fn find(desk: &Desk, token: &str) -> Result<Waiting> {
    let (id, signed) = link::parse(token).ok_or_else(link::lost)?;
    let mut conn = desk.read().await?;
    let row = sqlx::query!(
        "select email, role, nonce, invited_by from invitations
         where id = $1 and accepted_at is null and revoked_at is null and expires_at > $2",
        id,
        time::OffsetDateTime::from(desk.now()),
    )
    .fetch_optional(&mut *conn)
    .await
    .ours()?
    .ok_or_else(link::lost)?;
    if !link::fits(desk, Purpose::Invitation, id, &row.nonce, &signed)? {
        return Err(link::lost());
    }
    let role = Role::from_word(&row.role).ok_or_else(link::lost)?;
    // Who has left or has been given less since lets nobody in any more.
    let by = match people::principal(&mut conn, UserId(row.invited_by)).await {
        Err(error) if error.code == Code::NotFound => return Err(link::lost()),
        found => Actor::user(found?, None),
    };
    if !policy::may(&by, Action::ManageStaff, None) || !policy::may_hand_out(&by, role, Permissions::of_role(role)) {
        return Err(link::lost());
    }
    Ok(Waiting { id, email: row.email, role })
}

pub(super) async fn opened(desk: &Desk, token: &str) -> Result<Opened> {
    find(desk, token).await.map(|waiting| Opened { email: waiting.email, role: Some(waiting.role) })
}

/// Makes whoever opened the link staff, with the name and the password that they choose. A customer with this address stays
/// who they are, and keeps what they have asked for. Errors: `NotFound` for a link that is not good.
pub async fn accept(desk: &Desk, actor: &Actor, token: &str, name: String, password: String) -> Result<Principal> {
    let waiting = find(desk, token).await?;
    let input = Registration { name, email: waiting.email, password }.check()?;
    let hash = password::hash(desk, input.password).await?;
    let mut tx = desk.begin().await?;
    let known = sqlx::query!(
        "select u.id, u.role, u.blocked_at from user_emails e join users u on u.id = e.user_id
         where e.address = lower($1) for update of u",
        input.email,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    let id = match known {
        Some(user) if user.blocked_at.is_some() => return Err(link::lost()),
        Some(user) if user.role != Role::Customer.word() => {
            return Err(Error::new(Code::Conflict, "Somebody on staff has this address already. Please sign in."));
        }
        Some(user) => {
            let id = UserId(user.id);
            sqlx::query!(
                "update users set name = $2, role = $3, company_id = null, password_hash = $4, token_epoch = token_epoch + 1
                 where id = $1",
                id.0,
                input.name,
                waiting.role.word(),
                hash,
            )
            .execute(&mut *tx.conn)
            .await
            .ours()?;
            session::end_all(&mut tx, id, None).await?;
            link::end_all(&mut tx, id).await?;
            id
        }
        None => {
            let now = tx.at();
            let id = sqlx::query_scalar!(
                "insert into users (name, email, password_hash, role, created_at) values ($1, $2, $3, $4, $5) returning id",
                input.name,
                input.email,
                hash,
                waiting.role.word(),
                now,
            )
            .fetch_one(&mut *tx.conn)
            .await
            .ours()?;
            UserId(id)
        }
    };
    let now = tx.at();
    // Of two who accept at once, or while it is revoked, one gets through.
    let accepted = sqlx::query!(
        "update invitations set accepted_at = $2, accepted_by = $3
         where id = $1 and accepted_at is null and revoked_at is null",
        waiting.id,
        now,
        id.0,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if accepted.rows_affected() == 0 {
        return Err(link::lost());
    }
    let person = people::principal(&mut tx.conn, id).await?;
    let by = Actor::user(person.clone(), actor.address.clone());
    events::append(&mut tx, &by, None, &Happening::JoinedStaff { email: input.email, role: waiting.role }).await?;
    tx.commit().await?;
    Ok(person)
}

/// The mail of an invitation, as long as it waits.
pub(super) async fn ready(desk: &Desk, id: i64) -> Result<Option<Ready>> {
    let row = sqlx::query!(
        "select i.email, i.role, i.nonce, u.name as by from invitations i join users u on u.id = i.invited_by
         where i.id = $1 and i.accepted_at is null and i.revoked_at is null and i.expires_at > $2",
        id,
        time::OffsetDateTime::from(desk.now()),
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?;
    let Some(row) = row else { return Ok(None) };
    let content = Content::Invitation {
        link: link::path(desk, Purpose::Invitation, id, &row.nonce)?,
        by: row.by,
        role: Role::from_word(&row.role).unwrap_or(Role::Agent).name(),
    };
    Ok(Some(Ready { name: String::new(), email: row.email, content }))
}
