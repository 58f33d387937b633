//! One company, with all that staff know of it.

use crate::{
    Desk, OrOurs,
    fields::values::{Names, Stored},
};
use domain::{
    Actor, CompanyId, Error, Result,
    company::Company,
    customer::COUNTED,
    fields::{Subject, Values, Whole},
    policy::{self, Action},
    rating::Average,
};
use sqlx::{PgConnection, types::Json};

/// A company. One that was merged into another one is that one, by whose number it is told.
#[crate::compiled_here]
pub async fn view(conn: &mut PgConnection, actor: &Actor, id: CompanyId) -> Result<Company> {
    policy::demand(actor, Action::SeePeople, None)?;
    load(conn, id).await
}

/// The same with its custom fields, for its page. In one statement.
#[crate::compiled_here]
pub async fn open(desk: &Desk, actor: &Actor, id: CompanyId) -> Result<Whole<Company>> {
    policy::demand(actor, Action::SeePeople, None)?;
    let (company, stored) = load_all(&mut *desk.read().await?, id).await?;
    Ok(Whole { it: company, fields: stored.filled(&desk.catalog().fields, Subject::Companies) })
}

/// The same without asking who wants to know.
pub(crate) async fn load(conn: &mut PgConnection, id: CompanyId) -> Result<Company> {
    load_all(conn, id).await.map(|(company, _)| company)
}

async fn load_all(conn: &mut PgConnection, id: CompanyId) -> Result<(Company, Stored)> {
    let r = sqlx::query!(
        r#"select c.id, c.name, c.tier, c.notes, c.sees_all, c.logo, c.accent, c.created_at, c.version,
                  s.ratings as "ratings?", s.total as "rated?", c.fields as "fields: Json<Values>",
                  (select jsonb_object_agg(p.id, p.name) from jsonb_each(c.fields) f
                   join users p on p.id = (f.value->>'person')::bigint) as "names: Json<Names>",
                  array(select d.domain from company_domains d where d.company_id = c.id order by d.domain) as "domains!",
                  (select count(*) from (
                       select 1 from company_domains d join user_emails e on split_part(e.address, '@', 2) = d.domain
                       join users u on u.id = e.user_id
                       where d.company_id = c.id and u.role = 'customer' and u.company_id is null limit $2) n) as "outside!"
           from companies asked join companies c on c.id = coalesce(asked.merged_into, asked.id)
           left join rating_sums s on s.kind = 'company' and s.of_id = c.id where asked.id = $1"#,
        id.0,
        COUNTED,
    )
    .fetch_optional(conn)
    .await
    .ours()?
    .ok_or_else(|| Error::not_found("company"))?;
    let company = Company {
        id: CompanyId(r.id),
        name: r.name,
        tier: r.tier,
        domains: r.domains,
        notes: r.notes,
        sees_all: r.sees_all,
        rating: Average { ratings: r.ratings.unwrap_or_default(), total: r.rated.unwrap_or_default() },
        logo: r.logo,
        accent: r.accent,
        created_at: r.created_at.into(),
        outside: r.outside,
        version: r.version,
    };
    Ok((company, Stored::of(r.fields, r.names)))
}
