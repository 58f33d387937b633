//! Staff are invited by mail, with a role. Who opens the link has proved to read the address, and chooses name and password.

use super::{
    Letter, api_tokens,
    letters::{self, Content, Ready},
    link, password, reset, session,
};
use crate::{
    Desk, OrOurs, Tx,
    access::{Given, demand_hand_out, given, take_turn},
    events,
    outside::{identities, ways},
    people,
};
use domain::{
    Actor, Code, Error, Principal, Result, Role, RoleId, TeamId, Time, UserId,
    access::{Permissions, RoleChoice},
    account::Registration,
    event::Happening,
    invitation::{Invitation, State},
    letter::{Opened, Purpose},
    people::Person,
    policy::{self, Action},
};
use sqlx::PgConnection;

/// How many are listed: the newest.
const LISTED: i64 = 200;

/// The invitations of this desk: those that wait first, then by when they were sent, newest first.
#[crate::compiled_here]
pub async fn list(desk: &Desk, actor: &Actor) -> Result<Vec<Invitation>> {
    policy::demand(actor, Action::ManageStaff, None)?;
    let now = desk.now();
    let rows = sqlx::query!(
        r#"select i.id, i.email, i.role, i.role_id, coalesce(r.name, i.role_name) as role_name,
                  r.permissions as "permissions?", u.name as invited_by, i.sent_at, i.expires_at, i.accepted_at, i.revoked_at,
                  array(select t.name from teams t where t.id = any(i.team_ids) order by lower(t.name)) as "teams!"
           from invitations i join users u on u.id = i.invited_by left join roles r on r.id = i.role_id
           order by (i.accepted_at is null and i.revoked_at is null) desc, i.sent_at desc, i.id desc limit $1"#,
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
            (None, None) if r.role_name.is_some() && r.role_id.is_none() => State::RoleGone,
            (None, None) if expires_at <= now => State::Expired,
            (None, None) => State::Open,
        };
        let role = Role::from_word(&r.role).unwrap_or(Role::Agent);
        let permissions = r.permissions.map_or_else(|| Permissions::of_role(role), Permissions::from_words);
        Invitation {
            id: r.id,
            email: r.email,
            role: r.role_id.map_or(RoleChoice::BuiltIn(role), |id| RoleChoice::Custom(RoleId(id))),
            role_name: r.role_name.unwrap_or_else(|| role.name().to_owned()),
            teams: r.teams,
            invited_by: r.invited_by,
            sent_at: r.sent_at.into(),
            expires_at,
            state,
            may_change: policy::may_hand_out(actor, role, permissions),
        }
    });
    Ok(rows.collect())
}

/// Invites somebody to be staff, with a role and in teams. A customer with this address becomes staff by accepting. Errors: a
/// field error for staff, for who is blocked, for an address whose invitation still waits, and for a role or a team that is
/// not there; `Forbidden` for a role with rights that the actor has not, and for teams without the right to put people there.
#[crate::compiled_here]
pub async fn invite(tx: &mut Tx, actor: &Actor, email: &str, role: RoleChoice, teams: &[TeamId]) -> Result<()> {
    policy::demand(actor, Action::ManageStaff, None)?;
    if !teams.is_empty() {
        policy::demand(actor, Action::ManageTeams, None)?;
    }
    let by = actor.signed_in()?.id;
    let email = reset::address(email)?;
    if role == RoleChoice::BuiltIn(Role::Customer) {
        return Err(Error::field("role", "Choose what they are to be."));
    }
    take_turn(tx).await?;
    let Given { base, custom, name, permissions } = given(&mut tx.conn, role).await?;
    demand_hand_out(actor, base, permissions)?;
    let wanted: Vec<i64> = teams.iter().map(|team| team.0).collect();
    let teams = sqlx::query!("select id, name from teams where id = any($1) order by lower(name)", &wanted)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    if wanted.iter().any(|id| !teams.iter().any(|team| team.id == *id)) {
        return Err(Error::field("team", "One of these teams is not there any more."));
    }
    let (ids, teams): (Vec<i64>, Vec<String>) = teams.into_iter().map(|team| (team.id, team.name)).unzip();
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
        "insert into invitations (email, role, role_id, role_name, team_ids, invited_by, nonce, created_at, sent_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9) returning id",
        email,
        base.word(),
        custom,
        custom.is_some().then_some(&name),
        &ids,
        by.0,
        &link::nonce()[..],
        now,
        time::OffsetDateTime::from(tx.now.plus_millis(Purpose::Invitation.lifetime())),
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    let custom = custom.is_some().then_some(name);
    events::append(tx, actor, None, &Happening::Invited { email, role: base, custom, teams }).await?;
    letters::post(tx, Letter::Invitation { invitation: id }).await
}

/// Sends an invitation again, good for as long as a new one. The link of the mail before is not good any more, and who sends
/// it vouches for it from now on.
#[crate::compiled_here]
pub async fn send_again(tx: &mut Tx, actor: &Actor, id: i64) -> Result<()> {
    policy::demand(actor, Action::ManageStaff, None)?;
    let by = actor.signed_in()?.id;
    let offer = offer(tx, actor, id).await?;
    if offer.role_is_gone {
        return Err(Error::new(
            Code::Impossible,
            "The role of this invitation was deleted. Take it back, and invite them with another one.",
        ));
    }
    if !offer.teams.is_empty() {
        policy::demand(actor, Action::ManageTeams, None)?;
    }
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
#[crate::compiled_here]
pub async fn revoke(tx: &mut Tx, actor: &Actor, id: i64) -> Result<()> {
    policy::demand(actor, Action::ManageStaff, None)?;
    offer(tx, actor, id).await?;
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

/// As what somebody is invited.
struct Offer {
    base: Role,
    custom: Option<i64>,
    name: String,
    permissions: Permissions,
    /// It was a role that is not there any more: it can be taken back, and nothing else.
    role_is_gone: bool,
    teams: Vec<i64>,
}

impl Offer {
    fn new(
        role: &str,
        custom: Option<i64>,
        name: Option<String>,
        permissions: Option<Vec<String>>,
        teams: Vec<i64>,
    ) -> Option<Self> {
        let base = Role::from_word(role)?;
        Some(Self {
            base,
            custom,
            role_is_gone: custom.is_none() && name.is_some(),
            name: name.unwrap_or_else(|| base.name().to_owned()),
            permissions: permissions.map_or_else(|| Permissions::of_role(base), Permissions::from_words),
            teams,
        })
    }
}

/// As what an invitation invites, as long as it is open. Who could not have sent it may not decide over it either.
async fn offer(tx: &mut Tx, actor: &Actor, id: i64) -> Result<Offer> {
    let offer = sqlx::query!(
        r#"select i.role, i.role_id, coalesce(r.name, i.role_name) as role_name, r.permissions as "permissions?", i.team_ids
           from invitations i left join roles r on r.id = i.role_id
           where i.id = $1 and i.accepted_at is null and i.revoked_at is null"#,
        id,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?
    .and_then(|r| Offer::new(&r.role, r.role_id, r.role_name, r.permissions, r.team_ids))
    .ok_or_else(|| Error::not_found("open invitation"))?;
    demand_hand_out(actor, offer.base, offer.permissions)?;
    Ok(offer)
}

/// An invitation that may be accepted.
struct Waiting {
    id: i64,
    email: String,
    offer: Offer,
}

/// The invitation of this link, as long as whoever sent it may still invite to that. Errors: `NotFound`; `Impossible` when its
/// role was deleted.
async fn find(desk: &Desk, conn: &mut PgConnection, token: &str) -> Result<Waiting> {
    let (id, signed) = link::parse(token).ok_or_else(link::lost)?;
    let row = sqlx::query!(
        r#"select i.email, i.role, i.role_id, coalesce(r.name, i.role_name) as role_name, r.permissions as "permissions?",
                  i.team_ids, i.nonce, i.invited_by
           from invitations i left join roles r on r.id = i.role_id
           where i.id = $1 and i.accepted_at is null and i.revoked_at is null and i.expires_at > $2"#,
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
    let offer = Offer::new(&row.role, row.role_id, row.role_name, row.permissions, row.team_ids);
    let offer = offer.ok_or_else(link::lost)?;
    // Who has left or has been given less since lets nobody in any more.
    let by = match people::principal(conn, UserId(row.invited_by)).await {
        Err(error) if error.code == Code::NotFound => return Err(link::lost()),
        found => Actor::user(found?, None),
    };
    let teams = offer.teams.is_empty() || policy::may(&by, Action::ManageTeams, None);
    if !policy::may(&by, Action::ManageStaff, None)
        || !policy::may_hand_out(&by, offer.base, offer.permissions)
        || !teams
    {
        return Err(link::lost());
    }
    if offer.role_is_gone {
        let said = format!(
            "You were invited as “{}”, and there is no such role any more. Please ask who invited you for another invitation.",
            offer.name
        );
        return Err(Error::new(Code::Impossible, said));
    }
    Ok(Waiting { id, email: row.email, offer })
}

pub(super) async fn opened(desk: &Desk, token: &str) -> Result<Opened> {
    let waiting = find(desk, &mut *desk.read().await?, token).await?;
    Ok(Opened { email: waiting.email, role: Some(waiting.offer.name) })
}

/// Makes whoever opened the link staff, with the name and the password that they choose. A customer with this address stays
/// who they are, and keeps what they have asked for. Errors: `NotFound` for a link that is not good; `Impossible` when its role
/// was deleted.
#[crate::compiled_here]
pub async fn accept(desk: &Desk, actor: &Actor, token: &str, name: String, password: String) -> Result<Principal> {
    let waiting = find(desk, &mut *desk.read().await?, token).await?;
    let input = Registration { name, email: waiting.email, password }.check()?;
    let hash = password::hash(desk, input.password).await?;
    let mut tx = desk.begin().await?;
    take_turn(&mut tx).await?;
    ways::take_turn_of_people(&mut tx).await?;
    // Once more: what the role may, or who has sent it, may have changed while the password was worked on.
    let Waiting { id: invitation, offer, .. } = find(desk, &mut tx.conn, token).await?;
    let known = sqlx::query!(
        "select u.id, u.role, u.blocked_at from user_emails e join users u on u.id = e.user_id
         where e.address = lower($1) for update of u",
        input.email,
    )
    .fetch_optional(&mut *tx.conn)
    .await
    .ours()?;
    let mut revoked = 0;
    let id = match known {
        Some(user) if user.blocked_at.is_some() => return Err(link::lost()),
        Some(user) if user.role != Role::Customer.word() => {
            return Err(Error::new(Code::Taken, "Somebody on staff has this address already. Please sign in."));
        }
        Some(user) => {
            let id = UserId(user.id);
            sqlx::query!(
                "update users set name = $2, role = $3, role_id = $5, company_id = null, password_hash = $4,
                     token_epoch = token_epoch + 1
                 where id = $1",
                id.0,
                input.name,
                offer.base.word(),
                hash,
                offer.custom,
            )
            .execute(&mut *tx.conn)
            .await
            .ours()?;
            // The provider of the company that they were with opens nothing of staff's.
            identities::leave_strangers(&mut tx, actor, &[id.0], &[]).await?;
            // Whatever binds them from now on, nothing that they have opened before is left.
            session::end_all(&mut tx, id, None).await?;
            link::end_all(&mut tx, id).await?;
            // A token that was given to a program for a customer must not open the desk.
            revoked = api_tokens::end_all(&mut tx, id).await?;
            id
        }
        None => {
            let now = tx.at();
            let id = sqlx::query_scalar!(
                "insert into users (name, email, password_hash, role, role_id, created_at)
                 values ($1, $2, $3, $4, $5, $6) returning id",
                input.name,
                input.email,
                hash,
                offer.base.word(),
                offer.custom,
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
        invitation,
        now,
        id.0,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if accepted.rows_affected() == 0 {
        return Err(link::lost());
    }
    let teams = sqlx::query_scalar!(
        "with come as (
             insert into team_members (team_id, user_id) select id, $1 from teams where id = any($2)
             on conflict do nothing returning team_id)
         select t.name from come join teams t on t.id = come.team_id order by lower(t.name)",
        id.0,
        &offer.teams,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let person = people::principal(&mut tx.conn, id).await?;
    if ways::demand_own_password(&mut tx.conn, &person.email).await.is_err() {
        // They come in another way, and are told so when they sign in.
        sqlx::query!("update users set password_hash = null where id = $1", id.0)
            .execute(&mut *tx.conn)
            .await
            .ours()?;
    }
    let by = Actor::user(person.clone(), actor.address.clone());
    let custom = offer.custom.is_some().then_some(offer.name);
    events::append(&mut tx, &by, None, &Happening::JoinedStaff { email: input.email, role: offer.base, custom })
        .await?;
    if revoked > 0 {
        events::append(&mut tx, &by, None, &Happening::ApiTokensRevoked { count: revoked }).await?;
    }
    for team in teams {
        let added = vec![Person { id, name: person.name.clone(), picture: None }];
        events::append(&mut tx, &by, None, &Happening::TeamMembers { team, added, removed: Vec::new() }).await?;
    }
    tx.commit().await?;
    Ok(person)
}

/// The mail of an invitation, as long as it waits.
pub(super) async fn ready(desk: &Desk, id: i64) -> Result<Option<Ready>> {
    let row = sqlx::query!(
        "select i.email, i.role, coalesce(r.name, i.role_name) as role_name, i.nonce, u.name as by
         from invitations i join users u on u.id = i.invited_by left join roles r on r.id = i.role_id
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
        role: row.role_name.unwrap_or_else(|| Role::from_word(&row.role).unwrap_or(Role::Agent).name().to_owned()),
    };
    Ok(Some(Ready { name: String::new(), email: row.email, content }))
}
