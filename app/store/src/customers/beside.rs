//! What stands of a customer beside a ticket of theirs.

use crate::{
    Desk, OrOurs,
    fields::values::{Names, Stored},
};
use domain::{
    Actor, Result, UserId,
    customer::{Beside, Fact},
    fields::{Definition, Filled, Kind, Shown, Subject, Values, asked, date},
    language::Language,
    policy::{self, Action},
    text,
};
use sqlx::types::Json;

/// The longest text that is shown there, in characters. The whole is on the customer's page.
const LONGEST: usize = 200;

/// Beside a ticket of this person. `None`: of somebody of staff nothing more is known. One statement.
///
/// Errors: `Forbidden` for whoever may not look people up.
#[crate::compiled_here]
pub async fn beside(desk: &Desk, actor: &Actor, id: UserId) -> Result<Option<Beside>> {
    policy::demand(actor, Action::SeePeople, None)?;
    let r = sqlx::query!(
        r#"select u.blocked_at is not null as "blocked!", u.phones, u.notes, c.tier as "tier?", c.logo as "logo?",
                  u.fields as "fields: Json<Values>", c.fields as "of_company?: Json<Values>",
                  (select jsonb_object_agg(p.id, p.name)
                   from (select value from jsonb_each(u.fields) union all select value from jsonb_each(c.fields)) f
                   join users p on p.id = (f.value->>'person')::bigint) as "names: Json<Names>"
           from users asked join users u on u.id = coalesce(asked.merged_into, asked.id)
           left join companies c on c.id = u.company_id
           where asked.id = $1 and u.role = 'customer'"#,
        id.0,
    )
    .fetch_optional(&mut *desk.read().await?)
    .await
    .ours()?;
    let Some(r) = r else { return Ok(None) };
    let (all, language) = (desk.catalog().fields.clone(), actor.principal().map(|p| p.language).unwrap_or_default());
    let theirs = Stored::of(r.fields, r.names);
    let of_company =
        Stored { values: r.of_company.map(|fields| fields.0).unwrap_or_default(), names: theirs.names.clone() };
    let both = [(Subject::Customers, theirs), (Subject::Companies, of_company)];
    let filled = both.into_iter().flat_map(|(of, stored)| {
        let shown: Vec<Shown> = stored.filled(&all, of).iter().filter_map(Filled::shown).collect();
        let all = &all;
        shown.into_iter().map(move |shown| fact(shown, of, all, language))
    });
    Ok(Some(Beside {
        blocked: r.blocked,
        logo: r.logo,
        tier: r.tier.unwrap_or_default(),
        facts: r.phones.into_iter().map(phone).chain(filled).collect(),
        notes: text::excerpt(&r.notes, LONGEST),
    }))
}

fn phone(number: String) -> Fact {
    let dial: String = number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    Fact { name: "Phone".to_owned(), to: format!("tel:{dial}"), text: number }
}

fn fact(shown: Shown, of: Subject, all: &[Definition], language: Language) -> Fact {
    let Shown { name, kind, texts } = shown;
    let text = match (kind, date(&texts.concat())) {
        (Kind::Date, Some(day)) => language.day(day),
        _ => text::excerpt(&texts.join(", "), LONGEST),
    };
    let to = if kind == Kind::Url { texts.concat() } else { String::new() };
    // What customers have a field for, too, would be taken for theirs.
    let twice = of == Subject::Companies
        && asked(all, Subject::Customers).any(|field| field.name.to_lowercase() == name.to_lowercase());
    Fact { name: if twice { format!("{name} (company)") } else { name }, text, to }
}
