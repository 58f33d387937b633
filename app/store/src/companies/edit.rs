//! Making and changing companies.

use super::hold;
use crate::{
    OrOurs, Tx, events,
    fields::values,
    outside::ways::{self, Whom},
};
use domain::{
    Actor, CompanyId, Result,
    company::{CompanyFields, CompanyInput, CompanyName},
    customer::changed_meanwhile,
    error::Problems,
    event::Happening,
    fields::{Subject, Values},
    policy::{self, Action},
};
use sqlx::types::Json;

/// Makes a company.
///
/// Errors: `Invalid` with what is wrong in which field, also for a name or a domain that another one has.
#[crate::compiled_here]
pub async fn create(tx: &mut Tx, actor: &Actor, input: &CompanyInput) -> Result<CompanyId> {
    policy::demand(actor, Action::EditPeople, None)?;
    let mut problems = Problems::default();
    let fields = checked(input, &mut problems);
    let filling = values::filling(tx, Subject::Companies, &Values::new(), &input.fields, &mut problems).await?;
    taken(tx, None, &fields.name, &fields.domains, &mut problems).await?;
    problems.check()?;
    let at = tx.at();
    let id = CompanyId(
        sqlx::query_scalar!(
            "insert into companies (name, tier, notes, sees_all, created_at, accent, fields)
             values ($1, $2, $3, $4, $5, $6, $7) returning id",
            fields.name,
            fields.tier,
            fields.notes,
            fields.sees_all,
            at,
            fields.accent,
            Json(&filling.values) as _,
        )
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?,
    );
    add_domains(tx, id, &fields.domains).await?;
    let company = CompanyName { id, name: fields.name };
    events::append(tx, actor, None, &Happening::CompanyCreated { company: company.clone() }).await?;
    values::say_of_company(tx, actor, company, filling.changes).await?;
    Ok(id)
}

/// What was typed, tidied. Notes what is wrong with it.
fn checked(input: &CompanyInput, problems: &mut Problems) -> CompanyFields {
    input.check().unwrap_or_else(|error| {
        error.fields.into_iter().for_each(|f| problems.add(&f.field, f.message));
        CompanyFields::default()
    })
}

/// Changes a company. `version`: of the company as the person saw it.
///
/// Errors: `Conflict` when it has been changed since; `Invalid` with what is wrong in which field.
#[crate::compiled_here]
pub async fn change(tx: &mut Tx, actor: &Actor, id: CompanyId, version: i64, input: &CompanyInput) -> Result<()> {
    policy::demand(actor, Action::EditPeople, None)?;
    let fields = input.check();
    let mut wanted = fields.as_ref().map(|fields| fields.domains.clone()).unwrap_or_default();
    wanted.sort_unstable();
    // Should they be others by the time the company is held, so is its version.
    let domains = sqlx::query_scalar!("select domain from company_domains where company_id = $1 order by domain", id.0)
        .fetch_all(&mut *tx.conn)
        .await
        .ours()?;
    let bound = match domains == wanted {
        true => None,
        false => Some(ways::before(tx, Whom::Companies(&[id])).await?),
    };
    let before = hold(tx, id).await?;
    if before.version != version {
        return Err(changed_meanwhile("company"));
    }
    let mut problems = Problems::default();
    let fields = checked(input, &mut problems);
    let filling = values::filling(tx, Subject::Companies, &before.fields, &input.fields, &mut problems).await?;
    taken(tx, Some(id), &fields.name, &fields.domains, &mut problems).await?;
    problems.check()?;
    let changed: Vec<String> = [
        ("name", before.name != fields.name),
        ("tier", before.tier != fields.tier),
        ("domains", domains != wanted),
        ("notes", before.notes != fields.notes),
        ("sees_all", before.sees_all != fields.sees_all),
        ("accent", before.accent != fields.accent),
    ]
    .into_iter()
    .filter(|(_, changed)| *changed)
    .map(|(field, _)| field.to_owned())
    .collect();
    if changed.is_empty() && filling.changes.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update companies set name = $2, tier = $3, notes = $4, sees_all = $5, accent = $6, fields = $7, version = version + 1
         where id = $1",
        id.0,
        fields.name,
        fields.tier,
        fields.notes,
        fields.sees_all,
        fields.accent,
        Json(&filling.values) as _,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if domains != wanted {
        sqlx::query!("delete from company_domains where company_id = $1", id.0).execute(&mut *tx.conn).await.ours()?;
        add_domains(tx, id, &fields.domains).await?;
    }
    let company = CompanyName { id, name: fields.name };
    if before.sees_all != fields.sees_all {
        let what = Happening::CompanyView { company: company.clone(), all: fields.sees_all };
        events::append(tx, actor, None, &what).await?;
    }
    if !changed.is_empty() {
        let what = Happening::CompanyChanged { company: company.clone(), fields: changed };
        events::append(tx, actor, None, &what).await?;
    }
    values::say_of_company(tx, actor, company, filling.changes).await?;
    match bound {
        Some(bound) => ways::settle(tx, actor, bound).await,
        None => Ok(()),
    }
}

/// Notes a name and domains that other companies have.
async fn taken(
    tx: &mut Tx,
    own: Option<CompanyId>,
    name: &str,
    domains: &[String],
    problems: &mut Problems,
) -> Result<()> {
    let own = own.map_or(0, |c| c.0);
    if super::find_named(tx, name).await?.is_some_and(|c| c.id.0 != own) {
        problems.add("name", "There is already a company of this name.");
    }
    let found = sqlx::query!(
        "select d.domain, c.name from company_domains d join companies c on c.id = d.company_id
         where d.domain = any($1) and d.company_id <> $2 order by d.domain",
        domains,
        own,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    for r in found {
        problems.add("domains", domain_taken(&r.domain, &r.name));
    }
    Ok(())
}

/// What is wrong with a domain that another company has.
pub(crate) fn domain_taken(domain: &str, name: &str) -> String {
    format!("{domain} belongs to {name} already.")
}

async fn add_domains(tx: &mut Tx, id: CompanyId, domains: &[String]) -> Result<()> {
    sqlx::query!(
        "insert into company_domains (domain, company_id) select d, $1 from unnest($2::text[]) d",
        id.0,
        domains,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    Ok(())
}
