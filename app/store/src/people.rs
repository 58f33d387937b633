//! People and companies, as far as tickets need them.

use crate::{OrOurs, Tx};
use domain::{
    Actor, CompanyId, Error, Principal, Result, Role, TeamId, Time, UserId,
    access::{Permission, Permissions},
    company::CompanyName,
    people::{Contact, Person},
    policy::{self, Action},
};
use sqlx::PgConnection;

/// A person as decisions need them.
#[crate::compiled_here]
pub async fn principal(conn: &mut PgConnection, id: UserId) -> Result<Principal> {
    find(conn, Wanted::Id(id), None).await?.map(|(person, _)| person).ok_or_else(|| Error::not_found("person"))
}

/// The person with this address, be it the first or another one of theirs. One statement.
pub(crate) async fn principal_at(conn: &mut PgConnection, email: &str) -> Result<Option<Principal>> {
    Ok(find(conn, Wanted::Address(email), None).await?.map(|(person, _)| person))
}

/// This person, as long as they may sign in.
pub(crate) async fn principal_if_any(conn: &mut PgConnection, id: UserId) -> Result<Option<(Principal, SecondFactor)>> {
    find(conn, Wanted::Id(id), None).await
}

/// This person, unless they have changed their password since this number was theirs.
pub(crate) async fn principal_of_token(
    conn: &mut PgConnection,
    id: UserId,
    epoch: i32,
) -> Result<Option<(Principal, SecondFactor)>> {
    find(conn, Wanted::Id(id), Some(epoch)).await
}

/// Whether somebody has a second factor, and since when there is the account.
pub(crate) struct SecondFactor {
    pub on: bool,
    pub joined: Time,
}

/// By what somebody is looked up.
enum Wanted<'a> {
    Id(UserId),
    Address(&'a str),
}

async fn find(
    conn: &mut PgConnection,
    wanted: Wanted<'_>,
    epoch: Option<i32>,
) -> Result<Option<(Principal, SecondFactor)>> {
    let (id, address) = match wanted {
        Wanted::Id(id) => (Some(id.0), None),
        Wanted::Address(address) => (None, Some(address)),
    };
    let row = sqlx::query!(
        r#"select u.id, u.name, u.email, u.role, u.company_id, u.second_factor, u.created_at,
                  coalesce(c.sees_all, false) as "sees_all!", r.name as "role_name?", r.permissions as "permissions?",
                  case when u.role_id is not null
                      then array(select m.team_id from team_members m where m.user_id = u.id) end as teams,
                  (select e.gone_user_id from errands e where e.user_id = u.id and e.ended_at is null) as also
           from users u left join companies c on c.id = u.company_id left join roles r on r.id = u.role_id
           where u.id = coalesce($1, (select e.user_id from user_emails e where e.address = lower($3)))
               and u.blocked_at is null and u.token_epoch = coalesce($2, u.token_epoch)"#,
        id,
        epoch,
        address,
    )
    .fetch_optional(conn)
    .await
    .ours()?;
    Ok(row.map(|r| {
        let rights = Rights { role: r.role, custom: r.role_name.zip(r.permissions), teams: r.teams };
        let person = rights.give(Principal {
            company: r.company_id.map(CompanyId),
            sees_company: r.sees_all,
            also: r.also.map(UserId),
            ..Principal::new(UserId(r.id), r.name, r.email, Role::Customer)
        });
        (person, SecondFactor { on: r.second_factor, joined: r.created_at.into() })
    }))
}

/// What the database says of somebody's rights.
pub(crate) struct Rights {
    pub role: String,
    /// The name and the permissions of a custom role.
    pub custom: Option<(String, Vec<String>)>,
    /// Only with a custom role: nobody else's sight depends on them.
    pub teams: Option<Vec<i64>>,
}

impl Rights {
    /// The person with these rights.
    pub fn give(self, person: Principal) -> Principal {
        let role = Role::from_word(&self.role).unwrap_or(Role::Customer);
        let (custom_role, permissions) = match self.custom {
            Some((name, words)) => (Some(name), Permissions::from_words(words)),
            None => (None, Permissions::of_role(role)),
        };
        let teams = match permissions.has(Permission::SeeAllTickets) {
            true => Vec::new(),
            false => self.teams.unwrap_or_default().into_iter().map(TeamId).collect(),
        };
        Principal { role, permissions, custom_role, teams, ..person }
    }
}

/// Everybody a ticket may be assigned to, by name.
#[crate::compiled_here]
pub async fn staff(conn: &mut PgConnection, actor: &Actor) -> Result<Vec<Person>> {
    policy::demand(actor, Action::SeeQueues, None)?;
    let rows = sqlx::query!(
        "select id, name, avatar from users where role <> 'customer' and blocked_at is null order by name, id limit 1000"
    )
    .fetch_all(conn)
    .await
    .ours()?;
    Ok(rows.into_iter().map(|r| Person { id: UserId(r.id), name: r.name, picture: r.avatar }).collect())
}

/// The companies that have tickets to filter by, by name.
#[crate::compiled_here]
pub async fn companies(conn: &mut PgConnection, actor: &Actor) -> Result<Vec<CompanyName>> {
    policy::demand(actor, Action::SeePeople, None)?;
    let rows =
        sqlx::query!("select id, name from companies where merged_into is null order by lower(name), id limit 1000")
            .fetch_all(conn)
            .await
            .ours()?;
    Ok(rows.into_iter().map(|r| CompanyName { id: CompanyId(r.id), name: r.name }).collect())
}

/// Customers whose name from one of its words on, or whose address, begins with the text, for the requester field. At most
/// ten.
#[crate::compiled_here]
pub async fn find_customers(conn: &mut PgConnection, actor: &Actor, text: &str) -> Result<Vec<Contact>> {
    policy::demand(actor, Action::SeePeople, None)?;
    let text = domain::text::tidy_line(text).to_lowercase();
    if text.is_empty() || text.len() > domain::text::EMAIL_MAX {
        return Ok(Vec::new());
    }
    // No index answers `like` in a plan that is made before the pattern is known: ranges do, and words of a `tsvector`.
    // Nothing goes on with the last of all characters.
    let last = format!("{text}{}", char::MAX);
    let rows = sqlx::query!(
        r#"with found as (
               (select id from users where role = 'customer' and blocked_at is null
                    and lower(name) ~>=~ $1 and lower(name) ~<~ $2 order by lower(name) using ~<~ limit 10)
               union
               (select u.id from user_emails e join users u on u.id = e.user_id
                where u.role = 'customer' and u.blocked_at is null
                    and e.address >= $1 and e.address < $2 order by e.address limit 10)
               union
               (select id from users where role = 'customer' and blocked_at is null
                    and array_to_tsvector(array_remove(string_to_array(lower(name), ' '), '')) @@ $3::text::tsquery
                    and ' ' || lower(name) like $4 limit 10)
           )
           select u.id, u.name, u.email, u.role, u.company_id, u.avatar, c.name as "company_name?"
           from found join users u on u.id = found.id left join companies c on c.id = u.company_id
           order by u.name, u.id limit 10"#,
        text,
        last,
        words_beginning_with(&text),
        format!("% {}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")),
    )
    .fetch_all(conn)
    .await
    .ours()?;
    Ok(rows
        .into_iter()
        .map(|r| Contact {
            id: UserId(r.id),
            name: r.name,
            email: r.email,
            role: Role::from_word(&r.role).unwrap_or(Role::Customer),
            company: r.company_id.map(CompanyId),
            company_name: r.company_name,
            picture: r.avatar,
        })
        .collect())
}

/// The `tsquery` for texts with words that begin with these, in any order.
pub(crate) fn words_beginning_with(text: &str) -> String {
    let quoted = |word: &str| format!("'{}':*", word.replace('\\', "\\\\").replace('\'', "''"));
    text.split(' ').map(quoted).collect::<Vec<_>>().join(" & ")
}

/// The person with this address, be it the first or another one of theirs; a new customer without a password when there is
/// none. A new one joins the company whose domain the address is in: they cannot sign in before they have proved that the
/// address is theirs.
#[crate::compiled_here]
pub async fn find_or_create(tx: &mut Tx, name: &str, email: &str) -> Result<(UserId, bool)> {
    if let Some(id) = sqlx::query_scalar!("select user_id from user_emails where address = lower($1)", email)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?
    {
        return Ok((UserId(id), false));
    }
    let domain = email.rsplit_once('@').map(|(_, d)| d.to_lowercase()).unwrap_or_default();
    let name = if name.is_empty() { email.split('@').next().unwrap_or(email) } else { name };
    let name: String = name.chars().take(domain::account::NAME_MAX).collect();
    let at = tx.at();
    let id = sqlx::query_scalar!(
        "insert into users (name, email, role, company_id, created_at)
         values ($1, $2, 'customer', (select company_id from company_domains where domain = $3), $4)
         on conflict (lower(email)) do update set email = users.email returning id",
        name,
        email,
        domain,
        at,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    Ok((UserId(id), true))
}
