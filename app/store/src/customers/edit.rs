//! Making and changing customers.

use super::{channels, hold};
use crate::{
    OrOurs, Tx,
    accounts::{Letter, letters, link},
    events,
    fields::values,
    outside::ways::{self, Whom},
};
use domain::{
    Actor, Error, Result, UserId,
    customer::{CustomerFields, CustomerInput, changed_meanwhile},
    error::Problems,
    event::Happening,
    fields::{Subject, Values},
    policy::{self, Action},
    text,
};
use sqlx::types::Json;

/// Makes a customer, who cannot sign in before they have set a password. `company`: the name of theirs; empty: the one
/// whose domain the address is in, if any.
///
/// Errors: `Invalid` with what is wrong in which field, also for an address that somebody has already.
#[crate::compiled_here]
pub async fn create(tx: &mut Tx, actor: &Actor, input: &CustomerInput, company: &str) -> Result<UserId> {
    policy::demand(actor, Action::EditPeople, None)?;
    let company = text::tidy_line(company);
    let mut problems = Problems::default();
    let fields = checked(input, &mut problems);
    let filling = values::filling(tx, Subject::Customers, &Values::new(), &input.fields, &mut problems).await?;
    let company_id = match company.as_str() {
        "" => joins(tx, &fields.email).await?,
        name => {
            let found = crate::companies::find_named(tx, name).await?;
            problems.unless(found.is_some(), "company", "There is no company of this name.");
            found.map(|c| c.id.0)
        }
    };
    taken(tx, actor, None, &fields, &mut problems).await?;
    problems.check()?;
    let at = tx.at();
    let id = UserId(
        sqlx::query_scalar!(
            "insert into users (name, email, role, company_id, phones, notes, created_at, fields)
             values ($1, $2, 'customer', $3, $4, $5, $6, $7) returning id",
            fields.name,
            fields.email,
            company_id,
            &fields.phones,
            fields.notes,
            at,
            Json(&filling.values) as _,
        )
        .fetch_one(&mut *tx.conn)
        .await
        .ours()?,
    );
    add_emails(tx, id, &fields.emails).await?;
    channels::set(tx, id, &fields.channels).await?;
    events::append(tx, actor, None, &Happening::CustomerCreated { customer: id }).await?;
    values::say_of_customer(tx, actor, id, filling.changes).await?;
    Ok(id)
}

/// What was typed, tidied. Notes what is wrong with it.
fn checked(input: &CustomerInput, problems: &mut Problems) -> CustomerFields {
    input.check().unwrap_or_else(|error| {
        error.fields.into_iter().for_each(|f| problems.add(&f.field, f.message));
        CustomerFields::default()
    })
}

/// The company that a new customer with this address belongs to, by its domain.
async fn joins(tx: &mut Tx, email: &str) -> Result<Option<i64>> {
    let domain = email.rsplit_once('@').map(|(_, d)| d.to_lowercase()).unwrap_or_default();
    sqlx::query_scalar!("select company_id from company_domains where domain = $1", domain)
        .fetch_optional(&mut *tx.conn)
        .await
        .ours()
}

/// Changes a customer. `version`: of the customer as the person saw it.
///
/// Errors: `Conflict` when it has been changed since; `Invalid` with what is wrong in which field.
#[crate::compiled_here]
pub async fn change(tx: &mut Tx, actor: &Actor, id: UserId, version: i64, input: &CustomerInput) -> Result<()> {
    policy::demand(actor, Action::EditPeople, None)?;
    let bound = ways::before(tx, Whom::People(&[id])).await?;
    let before = hold(tx, id).await?;
    if before.version != version {
        return Err(changed_meanwhile("customer"));
    }
    let mut problems = Problems::default();
    let fields = checked(input, &mut problems);
    let filling = values::filling(tx, Subject::Customers, &before.fields, &input.fields, &mut problems).await?;
    taken(tx, actor, Some(id), &fields, &mut problems).await?;
    problems.check()?;
    let emails = sqlx::query_scalar!(
        "select email from user_emails where user_id = $1 and address <> lower($2) order by address",
        id.0,
        before.email,
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    let on_channels = channels::of(tx, id).await?;
    let mut wanted = fields.emails.clone();
    wanted.sort_by_key(|e| e.to_lowercase());
    let changed: Vec<String> = [
        ("name", before.name != fields.name),
        ("email", before.email != fields.email),
        ("emails", emails != wanted),
        ("phones", before.phones != fields.phones),
        ("channels", on_channels != fields.channels),
        ("notes", before.notes != fields.notes),
    ]
    .into_iter()
    .filter(|(_, changed)| *changed)
    .map(|(field, _)| field.to_owned())
    .collect();
    if changed.is_empty() && filling.changes.is_empty() {
        return Ok(());
    }
    // The others first: the new first one may have been among them.
    sqlx::query!("delete from user_emails where user_id = $1 and address <> lower($2)", id.0, before.email)
        .execute(&mut *tx.conn)
        .await
        .ours()?;
    sqlx::query!(
        "update users set name = $2, email = $3, phones = $4, notes = $5, fields = $6, version = version + 1
         where id = $1",
        id.0,
        fields.name,
        fields.email,
        &fields.phones,
        fields.notes,
        Json(&filling.values) as _,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    add_emails(tx, id, &fields.emails).await?;
    if on_channels != fields.channels {
        channels::set(tx, id, &fields.channels).await?;
    }
    if !changed.is_empty() {
        events::append(tx, actor, None, &Happening::CustomerChanged { customer: id, fields: changed }).await?;
    }
    values::say_of_customer(tx, actor, id, filling.changes).await?;
    ways::settle(tx, actor, bound).await?;
    if before.email != fields.email {
        tell_old_address(tx, id, before.email, &fields.name, &fields.email).await
    } else {
        Ok(())
    }
}

/// Who reads the new address can choose a password for the account. Somebody who signs in already is told at the old one, where
/// nothing that was sent opens anything any more.
pub(crate) async fn tell_old_address(tx: &mut Tx, id: UserId, email: String, name: &str, to: &str) -> Result<()> {
    link::end_all(tx, id).await?;
    let signs_in =
        sqlx::query_scalar!(r#"select password_hash is not null as "signs_in!" from users where id = $1"#, id.0)
            .fetch_one(&mut *tx.conn)
            .await
            .ours()?;
    if signs_in {
        let letter = Letter::AddressChanged { name: name.to_owned(), email, to: to.to_owned() };
        letters::post(tx, letter).await?;
    }
    Ok(())
}

/// Notes addresses and identities on channels that are somebody else's.
async fn taken(
    tx: &mut Tx,
    actor: &Actor,
    own: Option<UserId>,
    fields: &CustomerFields,
    problems: &mut Problems,
) -> Result<()> {
    let all: Vec<String> = std::iter::once(&fields.email).chain(&fields.emails).map(|e| e.to_lowercase()).collect();
    let found = sqlx::query!(
        "select e.address, u.name, u.role from user_emails e join users u on u.id = e.user_id
         where e.address = any($1) and e.user_id is distinct from $2",
        &all,
        own.map(|u| u.0),
    )
    .fetch_all(&mut *tx.conn)
    .await
    .ours()?;
    for r in found {
        let field = if r.address == fields.email.to_lowercase() { "email" } else { "emails" };
        let whose = channels::whose(actor, r.name, r.role == "customer");
        problems.add(field, format!("{} is the address of {whose} already.", r.address));
    }
    channels::taken(tx, actor, own, &fields.channels, problems).await
}

/// Adds addresses that nobody has. One that somebody got just now is refused like in [`taken`].
pub(crate) async fn add_emails(tx: &mut Tx, id: UserId, emails: &[String]) -> Result<()> {
    let added = sqlx::query!(
        "insert into user_emails (address, user_id, email) select lower(e), $1, e from unnest($2::text[]) e
         on conflict (address) do nothing",
        id.0,
        emails,
    )
    .execute(&mut *tx.conn)
    .await
    .ours()?;
    if added.rows_affected() < emails.len() as u64 {
        return Err(Error::field("emails", "One of these addresses is somebody else's already."));
    }
    Ok(())
}
