//! The providers, as superadmins set them up.

use super::{
    teams,
    ways::{self, Whom},
};
use crate::{Desk, OrOurs, Tx, access, events, scim, seal::Place};
use domain::{
    Actor, Code, CompanyId, Error, ProviderId, Result, Role, RoleId, TeamId,
    access::{Permissions, RoleChoice},
    company::CompanyName,
    event::Happening,
    outside::{
        Audience, Button, Directory, GroupRules, Kind, Provider, ProviderInput, RoleRule, Saml, TeamRule, Usable,
        WaysIn, domain_of,
    },
    policy::{self, Action},
    scim::Token,
};
use sqlx::PgConnection;

/// More make no sense: each company has one, and the page lists them all.
const MOST: i64 = 500;
/// The most buttons on the page for signing in.
const BUTTONS: i64 = 8;

fn place(id: ProviderId) -> Place {
    Place { table: "providers", row: id.0, column: "secret_sealed" }
}

/// All providers, by name. Two statements.
#[crate::compiled_here]
pub async fn list(desk: &Desk, actor: &Actor) -> Result<Vec<Provider>> {
    policy::demand(actor, Action::ManageProviders, None)?;
    let mut conn = desk.read().await?;
    let found = load(&mut conn, None).await?;
    conn.done();
    Ok(found)
}

/// One provider.
#[crate::compiled_here]
pub async fn get(desk: &Desk, actor: &Actor, id: ProviderId) -> Result<Provider> {
    policy::demand(actor, Action::ManageProviders, None)?;
    let mut conn = desk.read().await?;
    let found = load(&mut conn, Some(id)).await?;
    conn.done();
    found.into_iter().next().ok_or_else(|| Error::not_found("way in"))
}

async fn load(conn: &mut PgConnection, id: Option<ProviderId>) -> Result<Vec<Provider>> {
    let roles = role_names(conn).await?;
    let teams = team_names(conn).await?;
    let rows = sqlx::query!(
        r#"select p.id, p.kind, p.name, p.audience, p.company_id, c.name as "company?", p.domains, p.issuer, p.client_id,
                  p.secret_sealed is not null as "has_secret!", p.creates, p.role_claim, p.roles, p.teams,
                  p.trusts_mfa, p.directory, p.saml, p.only_way, p.enabled, p.scim_ending, p.scim_made_at, p.scim_used_at, p.scim_address, p.version,
                  (select count(*) from identities i where i.provider_id = p.id) as "people!"
           from providers p left join companies c on c.id = p.company_id
           where $1::bigint is null or p.id = $1 order by lower(p.name)"#,
        id.map(|id| id.0),
    )
    .fetch_all(conn)
    .await
    .ours()?;
    rows.into_iter()
        .map(|r| {
            let rules = rules(r.roles, r.teams)?;
            Ok(Provider {
                id: ProviderId(r.id),
                kind: Kind::from_word(&r.kind).unwrap_or(Kind::Oidc),
                name: r.name,
                audience: Audience::from_word(&r.audience).unwrap_or_default(),
                company: r.company_id.zip(r.company).map(|(id, name)| CompanyName { id: CompanyId(id), name }),
                domains: r.domains,
                issuer: r.issuer,
                client_id: r.client_id,
                has_secret: r.has_secret,
                creates: r.creates,
                role_claim: r.role_claim,
                roles: typed(rules.roles.iter().map(|rule| (&rule.value, &rule.role)), &roles, "a role that is gone"),
                teams: typed(rules.teams.iter().map(|rule| (&rule.value, &rule.team)), &teams, "a team that is gone"),
                trusts_mfa: r.trusts_mfa,
                directory: directory(r.directory)?,
                saml: saml(r.saml)?,
                only: r.only_way,
                enabled: r.enabled,
                token: r.scim_ending.zip(r.scim_made_at).map(|(ending, made_at)| Token {
                    ending,
                    made_at: made_at.into(),
                    used_at: r.scim_used_at.map(Into::into),
                    address: r.scim_address,
                }),
                people: r.people,
                version: r.version,
            })
        })
        .collect()
}

/// What groups give, as it is stored.
pub(crate) fn rules(roles: serde_json::Value, teams: serde_json::Value) -> Result<GroupRules> {
    Ok(GroupRules { roles: serde_json::from_value(roles).ours()?, teams: serde_json::from_value(teams).ours()? })
}

/// Rules as they are typed: a line for each, with the name of what it gives.
fn typed<'a, T: PartialEq + 'a>(
    rules: impl Iterator<Item = (&'a String, &'a T)>,
    names: &[(T, String)],
    gone: &str,
) -> String {
    let name = |given: &T| names.iter().find(|(known, _)| known == given).map_or(gone, |(_, name)| name.as_str());
    rules.map(|(value, given)| format!("{value} = {}", name(given))).collect::<Vec<_>>().join("\n")
}

fn directory(stored: Option<serde_json::Value>) -> Result<Directory> {
    stored.map_or_else(|| Ok(Directory::default()), |value| serde_json::from_value(value).ours())
}

/// What a provider calls what we need.
fn attributes(saml: &Saml) -> [&str; 3] {
    [&saml.subject_attribute, &saml.email_attribute, &saml.name_attribute]
}

fn saml(stored: serde_json::Value) -> Result<Saml> {
    serde_json::from_value(stored).ours()
}

/// The roles that a provider can give, by name: never one that may everything.
async fn role_names(conn: &mut PgConnection) -> Result<Vec<(RoleChoice, String)>> {
    let custom = sqlx::query!("select id, name from roles order by id").fetch_all(conn).await.ours()?;
    let built_in = [Role::Manager, Role::Agent].map(|role| (RoleChoice::BuiltIn(role), role.name().to_owned()));
    let custom = custom.into_iter().map(|r| (RoleChoice::Custom(RoleId(r.id)), r.name));
    Ok(built_in.into_iter().chain(custom).collect())
}

async fn team_names(conn: &mut PgConnection) -> Result<Vec<(TeamId, String)>> {
    let teams = sqlx::query!("select id, name from teams order by lower(name)").fetch_all(conn).await.ours()?;
    Ok(teams.into_iter().map(|r| (TeamId(r.id), r.name)).collect())
}

/// What the lines of a field give, by the names of what can be given. `kind`: what that is.
fn named<T: Copy>(
    field: &str,
    kind: &str,
    lines: std::result::Result<Vec<(String, String)>, String>,
    names: &[(T, String)],
) -> Result<Vec<(String, T)>> {
    let found = |(value, name): (String, String)| {
        if let Some((given, _)) = names.iter().find(|(_, known)| known.to_lowercase() == name.to_lowercase()) {
            return Ok((value, *given));
        }
        let known: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
        let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
        Err(Error::field(field, format!("“{name}” is no {kind} that can be given. There are: {known}.")))
    };
    lines.map_err(|problem| Error::field(field, problem))?.into_iter().map(found).collect()
}

/// What is typed, with the names in it looked up.
struct Checked {
    input: ProviderInput,
    company: Option<i64>,
    domains: Vec<String>,
    rules: GroupRules,
}

async fn check(tx: &mut Tx, kind: Kind, input: ProviderInput, had_secret: bool) -> Result<Checked> {
    let input = input.check(kind, had_secret)?;
    let company = match input.audience {
        Audience::Company => {
            let found = sqlx::query!(
                r#"select c.id, exists (select 1 from company_domains d where d.company_id = c.id) as "has_domain!"
                   from companies c where lower(c.name) = lower($1) and c.merged_into is null"#,
                input.company,
            )
            .fetch_optional(&mut *tx.conn)
            .await
            .ours()?
            .ok_or_else(|| Error::field("company", "There is no company of this name."))?;
            if !found.has_domain {
                let help = "This company has no domain yet, so nobody could be told to be theirs. Add one there first.";
                return Err(Error::field("company", help));
            }
            Some(found.id)
        }
        Audience::Everybody | Audience::Staff => None,
    };
    let roles = named("roles", "role", input.rules(), &role_names(&mut tx.conn).await?)?;
    let teams = named("teams", "team", input.team_rules(), &team_names(&mut tx.conn).await?)?;
    let rules = GroupRules {
        roles: roles.into_iter().map(|(value, role)| RoleRule { value, role }).collect(),
        teams: teams.into_iter().map(|(value, team)| TeamRule { value, team }).collect(),
    };
    let domains = match input.audience {
        Audience::Staff => input.domains.lines().map(str::to_owned).collect(),
        Audience::Everybody | Audience::Company => Vec::new(),
    };
    Ok(Checked { input, company, domains, rules })
}

/// Makes a provider. Returns its number.
#[crate::compiled_here]
pub async fn create(tx: &mut Tx, actor: &Actor, kind: Kind, input: ProviderInput) -> Result<ProviderId> {
    policy::demand(actor, Action::ManageProviders, None)?;
    access::take_turn(tx).await?;
    let bound = ways::before(tx, Whom::Ways(&[])).await?;
    let Checked { input, company, domains, rules } = check(tx, kind, input, false).await?;
    let there =
        sqlx::query_scalar!(r#"select count(*) as "count!" from providers"#).fetch_one(&mut *tx.conn).await.ours()?;
    if there >= MOST {
        return Err(Error::field("name", "There are 500 already. Delete one that nobody needs."));
    }
    let at = tx.at();
    let id = sqlx::query_scalar!(
        "insert into providers (kind, name, audience, company_id, domains, issuer, client_id, creates, role_claim, roles,
                                teams, trusts_mfa, directory, saml, only_way, enabled, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) returning id",
        kind.word(),
        input.name,
        input.audience.word(),
        company,
        &domains,
        input.issuer,
        input.client_id,
        input.creates,
        input.role_claim,
        serde_json::to_value(&rules.roles).ours()?,
        serde_json::to_value(&rules.teams).ours()?,
        input.trusts_mfa,
        serde_json::to_value(&input.directory).ours()?,
        serde_json::to_value(&input.saml).ours()?,
        input.only,
        input.enabled,
        at,
    )
    .fetch_one(&mut *tx.conn)
    .await
    .ours()?;
    let id = ProviderId(id);
    keep_secret(tx, id, &input.secret).await?;
    events::append(tx, actor, None, &Happening::ProviderSaved { name: input.name, fields: Vec::new() }).await?;
    ways::settle(tx, actor, bound.and(id)).await?;
    Ok(id)
}

async fn keep_secret(tx: &mut Tx, id: ProviderId, secret: &str) -> Result<()> {
    if secret.is_empty() {
        return Ok(());
    }
    let sealed = tx.desk().sealer().seal(&place(id), secret.as_bytes())?;
    sqlx::query!("update providers set secret_sealed = $2 where id = $1", id.0, sealed)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    Ok(())
}

/// Changes a provider. `version`: what it was when the form was made.
///
/// Errors: `Conflict` when somebody else has changed it since.
#[crate::compiled_here]
pub async fn change(tx: &mut Tx, actor: &Actor, id: ProviderId, version: i64, input: ProviderInput) -> Result<()> {
    policy::demand(actor, Action::ManageProviders, None)?;
    access::take_turn(tx).await?;
    let bound = ways::before(tx, Whom::Ways(&[id])).await?;
    let before = load(&mut tx.conn, Some(id)).await?.into_iter().next().ok_or_else(|| Error::not_found("way in"))?;
    if before.version != version {
        return Err(Error::new(
            Code::Conflict,
            "Somebody else has changed this way in meanwhile. It is shown as it is now: please look at it again.",
        ));
    }
    // A secret is for one issuer: it is not sent to another that somebody writes in its place.
    let moved = before.kind.issuer().is_none() && before.issuer != domain::text::tidy_line(&input.issuer);
    if moved && before.has_secret && input.secret.trim().is_empty() {
        return Err(Error::field("secret", "The address is another one, so the secret must be given again."));
    }
    let Checked { input, company, domains, rules } = check(tx, before.kind, input, before.has_secret).await?;
    sqlx::query!(
        "update providers set name = $2, audience = $3, company_id = $4, domains = $5, issuer = $6, client_id = $7,
             creates = $8, role_claim = $9, roles = $10, teams = $11, trusts_mfa = $12, directory = $13, saml = $14,
             only_way = $15, enabled = $16,
             version = version + 1
         where id = $1",
        id.0,
        input.name,
        input.audience.word(),
        company,
        &domains,
        input.issuer,
        input.client_id,
        input.creates,
        input.role_claim,
        serde_json::to_value(&rules.roles).ours()?,
        serde_json::to_value(&rules.teams).ours()?,
        input.trusts_mfa,
        serde_json::to_value(&input.directory).ours()?,
        serde_json::to_value(&input.saml).ours()?,
        input.only,
        input.enabled,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    keep_secret(tx, id, &input.secret).await?;
    let after = load(&mut tx.conn, Some(id)).await?.into_iter().next().ok_or_else(|| Error::not_found("way in"))?;
    // Another server of a directory knows the same people, as long as they are below the same entry.
    let same_people = before.kind == Kind::Ldap && before.directory.base == after.directory.base;
    // What tells people apart is another thing now, and one of them may be called there as another was by the first.
    let told_apart_anew = before.saml.subject_attribute != after.saml.subject_attribute
        // Directories do not tell capital letters from small ones in the names of attributes.
        || !before.directory.subject_attribute.eq_ignore_ascii_case(&after.directory.subject_attribute);
    if told_apart_anew || (moved && !same_people) {
        // Numbers of people mean nothing to another issuer: there, somebody else may have them.
        sqlx::query!("delete from identities where provider_id = $1", id.0).execute(&mut *tx.conn).await.ours()?;
    }
    if moved && !same_people {
        sqlx::query!("update scim_people set external_id = null where provider_id = $1", id.0)
            .execute(&mut *tx.conn)
            .await
            .ours()?;
    }
    if (before.audience, &before.company) != (after.audience, &after.company) {
        // A token is for one company's people: it is no key to those of another.
        scim::token::end(tx, actor, id, &after.name).await?;
    }
    if before.teams != after.teams {
        teams::keep_only(tx, actor, id, &rules.teams()).await?;
    }
    if (&before.roles, &before.teams) != (&after.roles, &after.teams) {
        scim::rights::settle_all(tx, actor, id).await?;
    }
    let fields: Vec<String> = [
        ("name", before.name != after.name),
        ("whom it vouches for", (before.audience, &before.company) != (after.audience, &after.company)),
        ("domains", before.domains != after.domains),
        ("address", before.issuer != after.issuer),
        ("client", before.client_id != after.client_id),
        ("secret", !input.secret.is_empty()),
        ("makes accounts", before.creates != after.creates),
        ("roles", (&before.roles, &before.role_claim) != (&after.roles, &after.role_claim)),
        ("teams", before.teams != after.teams),
        ("second factor", before.trusts_mfa != after.trusts_mfa),
        ("directory", before.directory != after.directory),
        ("sign-on address", before.saml.sign_on != after.saml.sign_on),
        ("certificates", before.saml.certificates != after.saml.certificates),
        ("attributes", attributes(&before.saml) != attributes(&after.saml)),
        ("only way in", before.only != after.only),
        ("switched on", !before.enabled && after.enabled),
        ("switched off", before.enabled && !after.enabled),
    ]
    .into_iter()
    .filter(|(_, changed)| *changed)
    .map(|(name, _)| name.to_owned())
    .collect();
    if !fields.is_empty() {
        events::append(tx, actor, None, &Happening::ProviderSaved { name: after.name.clone(), fields }).await?;
    }
    ways::settle(tx, actor, bound).await
}

/// Deletes a provider. Whoever came by it needs another way in.
#[crate::compiled_here]
pub async fn delete(tx: &mut Tx, actor: &Actor, id: ProviderId) -> Result<()> {
    policy::demand(actor, Action::ManageProviders, None)?;
    access::take_turn(tx).await?;
    let bound = ways::before(tx, Whom::Ways(&[id])).await?;
    teams::hand_over(tx, id).await?;
    let name = sqlx::query_scalar!("delete from providers where id = $1 returning name", id.0)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()?
        .ok_or_else(|| Error::not_found("way in"))?;
    events::append(tx, actor, None, &Happening::ProviderDeleted { name }).await?;
    ways::settle(tx, actor, bound).await
}

/// A provider with its secret, to try whether it works; also one that is switched off.
#[crate::compiled_here]
pub async fn to_try(desk: &Desk, actor: &Actor, id: ProviderId) -> Result<Usable> {
    policy::demand(actor, Action::ManageProviders, None)?;
    usable(desk, id, false).await?.ok_or_else(|| Error::not_found("way in"))
}

/// A provider that is switched on, with its secret.
#[crate::compiled_here]
pub async fn in_use(desk: &Desk, id: ProviderId) -> Result<Usable> {
    usable(desk, id, true).await?.ok_or_else(|| Error::not_found("way in"))
}

async fn usable(desk: &Desk, id: ProviderId, enabled: bool) -> Result<Option<Usable>> {
    let row = sqlx::query!(
        "select kind, name, audience, company_id, domains, issuer, client_id, secret_sealed, creates, role_claim, roles,
                teams, trusts_mfa, directory, saml, only_way, version
         from providers where id = $1 and (enabled or not $2)",
        id.0,
        enabled,
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?;
    let Some(r) = row else { return Ok(None) };
    let secret = match r.secret_sealed {
        Some(sealed) => String::from_utf8_lossy(&desk.sealer().open(&place(id), &sealed)?).into_owned(),
        None => String::new(),
    };
    Ok(Some(Usable {
        id,
        kind: Kind::from_word(&r.kind).ok_or_else(|| Error::not_found("way in"))?,
        name: r.name,
        audience: Audience::from_word(&r.audience).unwrap_or_default(),
        company: r.company_id.map(CompanyId),
        domains: r.domains,
        issuer: r.issuer,
        client_id: r.client_id,
        secret,
        creates: r.creates,
        role_claim: r.role_claim,
        rules: rules(r.roles, r.teams)?,
        trusts_mfa: r.trusts_mfa,
        directory: directory(r.directory)?,
        saml: saml(r.saml)?,
        only: r.only_way,
        version: r.version,
    }))
}

/// The ways in beside address and password, for the page where people sign in. One statement.
#[crate::compiled_here]
pub async fn ways_in(desk: &Desk) -> Result<WaysIn> {
    let rows = sqlx::query!(
        r#"(select id, name, kind, true as "button!" from providers
            where enabled and audience = 'everybody' order by lower(name) limit $1)
           union all
           (select 0, '', '', false from providers where enabled and audience <> 'everybody' and kind <> 'ldap' limit 1)"#,
        BUTTONS,
    )
    .fetch_all(desk.pool())
    .await
    .ours()?;
    let mut ways = WaysIn::default();
    for r in rows {
        match (r.button, r.id, r.name, r.kind.as_deref().and_then(Kind::from_word)) {
            (true, Some(id), Some(name), Some(kind)) => ways.buttons.push(Button { id: ProviderId(id), name, kind }),
            (false, ..) => ways.by_address = true,
            _ => {}
        }
    }
    Ok(ways)
}

/// Who vouches for the people of an address's domain, if that is set up: that of their company, or of staff.
#[crate::compiled_here]
pub async fn of_address(desk: &Desk, email: &str) -> Result<Option<(ProviderId, Kind)>> {
    let Some(domain) = domain_of(&domain::text::tidy_line(email)) else { return Ok(None) };
    let found = sqlx::query!(
        "select id, kind from providers
         where enabled and (domains @> array[$1::text]
             or company_id = (select company_id from company_domains where domain = $1))
         order by audience desc, id limit 1",
        domain,
    )
    .fetch_optional(desk.pool())
    .await
    .ours()?;
    Ok(found.and_then(|r| Some((ProviderId(r.id), Kind::from_word(&r.kind)?))))
}

/// What a role that a provider gives comes to: the base role, the custom one, its name and its rights. Nothing for a role
/// that is gone, and never one that may everything.
pub(crate) async fn role(tx: &mut Tx, choice: RoleChoice) -> Result<Option<(Role, Option<i64>, String, Permissions)>> {
    Ok(match choice {
        RoleChoice::BuiltIn(Role::Superadmin | Role::Customer) => None,
        RoleChoice::BuiltIn(role) => Some((role, None, role.name().to_owned(), Permissions::of_role(role))),
        RoleChoice::Custom(id) => sqlx::query!("select name, permissions from roles where id = $1 for share", id.0)
            .fetch_optional(&mut *tx.conn)
            .await
            .ours()?
            .map(|r| (Role::Agent, Some(id.0), r.name, Permissions::from_words(r.permissions))),
    })
}
