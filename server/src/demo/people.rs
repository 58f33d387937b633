//! Who is in the demo. All of them are invented.

use super::{DAY, MAKER, PASSWORD, Scale, Somebody, texts};
use domain::channel::{Channel, Identity};
use domain::fields::{Definition, Kind, NewDefinition, Subject, Value, Values};
use domain::{Role, Time, UserId};
use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};
use store::{Desk, bulk, fields::define};

/// Makes companies, agents and customers.
pub(super) async fn make(
    desk: &Desk,
    scale: &Scale,
    start: Time,
    random: &mut StdRng,
) -> anyhow::Result<(Vec<Somebody>, Vec<Somebody>)> {
    let mut companies = bulk::Companies::default();
    for n in 0..scale.companies {
        let base = texts::COMPANIES[n % texts::COMPANIES.len()];
        let round = n / texts::COMPANIES.len();
        let name = if round == 0 { base.to_owned() } else { format!("{base} {}", round + 1) };
        companies.domains.push(format!("{}.example", slug(&name)));
        companies.sees_all.push(n % 3 == 0);
        companies.names.push(name);
    }
    let hash = store::accounts::password::hash(desk, PASSWORD.to_owned()).await?;
    // What is measured has none.
    let fields = if scale.messages.is_some() { Vec::new() } else { fields(desk).await? };
    let mut tx = desk.begin().await?;
    let company_ids = bulk::companies(&mut tx, &MAKER, &companies).await?;
    let mut rows = bulk::People { password_hash: Some(hash), ..bulk::People::default() };
    let mut taken = std::collections::HashSet::new();
    for n in 0..scale.agents + scale.customers {
        let agent = n < scale.agents;
        // Every fifth customer is an individual.
        let company =
            (!agent && n % 5 != 0 && !company_ids.is_empty()).then(|| random.random_range(0..company_ids.len()));
        let (name, email) = loop {
            let first = texts::FIRST.choose(random).copied().unwrap_or("Kim");
            let last = texts::LAST.choose(random).copied().unwrap_or("Sommer");
            let host = match company {
                Some(c) => companies.domains[c].clone(),
                None if agent => "docket.example".to_owned(),
                None => "mail.example".to_owned(),
            };
            let mut email = format!("{}.{}@{host}", slug(first), slug(last));
            if taken.contains(&email) && taken.len() > texts::FIRST.len() * texts::LAST.len() / 2 {
                email = format!("{}.{}{n}@{host}", slug(first), slug(last));
            }
            if taken.insert(email.clone()) {
                break (format!("{first} {last}"), email);
            }
        };
        let role = match n {
            0 => Role::Superadmin,
            1..=3 if agent => Role::Manager,
            _ if agent => Role::Agent,
            _ => Role::Customer,
        };
        // The ones that the documentation names.
        let (name, email) = match n {
            0 => ("Ada Admin".to_owned(), "admin@docket.example".to_owned()),
            4 if agent => ("Mia Berger".to_owned(), "agent@docket.example".to_owned()),
            _ if n == scale.agents => ("Jana Weiß".to_owned(), "customer@mail.example".to_owned()),
            _ => (name, email),
        };
        rows.names.push(name);
        rows.emails.push(email);
        rows.roles.push(bulk::role(role));
        rows.companies.push(if n == scale.agents { 0 } else { company.map_or(0, |c| company_ids[c]) });
        rows.created_at.push(start.plus_millis(-DAY).into());
    }
    let ids = bulk::people(&mut tx, &MAKER, &rows).await?;
    let (agents, customers) = ids.split_at(scale.agents.min(ids.len()));
    bulk::details(&mut tx, &MAKER, &details(customers, &rows.names[agents.len()..], &company_ids, agents, &fields)?)
        .await?;
    tx.commit().await?;
    let mut everybody: Vec<Somebody> = ids
        .into_iter()
        .zip(rows.names)
        .zip(rows.companies)
        .map(|((id, name), company)| Somebody { id, name, company })
        .collect();
    let customers = everybody.split_off(scale.agents);
    Ok((everybody, customers))
}

/// Phone numbers, identities on channels, notes and tiers: of some, not of all. Nobody answers at the numbers, which are kept free
/// for examples.
fn details(
    customers: &[i64],
    names: &[String],
    companies: &[i64],
    agents: &[i64],
    fields: &[Definition],
) -> anyhow::Result<bulk::Details> {
    let mut rows = bulk::Details::default();
    for (n, (id, name)) in customers.iter().zip(names).enumerate() {
        rows.people.push(*id);
        rows.phones.push(if n % 3 == 0 { format!("+44 20 7946 0{:03}", n % 1_000) } else { String::new() });
        rows.notes.push(texts::ABOUT.get(n % 7).copied().unwrap_or_default().to_owned());
        rows.blocked.push(n % 97 == 60);
        rows.fields.push(filled(n, Subject::Customers, agents, fields)?);
        if !fields.is_empty() {
            rows.channels.extend(channels(n, name).into_iter().map(|one| (*id, one)));
        }
    }
    for (n, id) in companies.iter().enumerate() {
        rows.companies.push(*id);
        rows.tiers.push(["Gold", "", "Silver", ""][n % 4].to_owned());
        rows.company_fields.push(filled(n, Subject::Companies, agents, fields)?);
    }
    Ok(rows)
}

/// Who somebody is on channels other than mail: nobody is called so, nor has these numbers, which are kept free for films.
fn channels(n: usize, name: &str) -> Vec<Identity> {
    let called = |between: &str| name.split(' ').map(slug).collect::<Vec<_>>().join(between);
    let one = |channel, identifier: String, name: &str| {
        Channel::identifier(channel, &identifier).map(|identifier| Identity {
            channel,
            identifier,
            name: name.to_owned(),
        })
    };
    let found = match n % 8 {
        1 => [
            one(Channel::Telegram, format!("{}_example{n}", called("_")), name),
            one(Channel::Whatsapp, format!("+44 7700 900{:03}", n % 1_000), ""),
        ],
        0 => [one(Channel::Instagram, format!("{}.example{n}", called(".")), ""), None],
        5 => [
            one(Channel::Slack, format!("T0EXAMPLE/U0EXAMPLE{n}"), name),
            one(Channel::Teams, format!("{}{n}@teams.example", called(".")), ""),
        ],
        6 => [one(Channel::X, format!("example_{n}"), name), None],
        _ => [None, None],
    };
    found.into_iter().flatten().collect()
}

/// What is kept of customers and companies beyond what Docket has a place for.
async fn fields(desk: &Desk) -> anyhow::Result<Vec<Definition>> {
    let new = |name: &str, kind, help: &str, shown, more: &str| NewDefinition {
        name: name.into(),
        help: help.into(),
        kind,
        shown,
        more: more.into(),
        ..NewDefinition::default()
    };
    let mut tx = desk.begin().await?;
    for (of, input) in [
        (Subject::Customers, new("Contract number", Kind::Text, "As it stands on invoices.", true, "")),
        (Subject::Customers, new("Customer since", Kind::Date, "", true, "")),
        (Subject::Customers, new("Newsletter", Kind::Checkbox, "", true, "")),
        (Subject::Companies, new("Industry", Kind::Choice, "", false, "Crafts\nTrade\nLogistics\nHealth care")),
        (Subject::Companies, new("Looked after by", Kind::Person, "Who knows them best.", true, "")),
        (Subject::Companies, new("Website", Kind::Url, "", false, "")),
    ] {
        define::create(&mut tx, &MAKER, of, &input).await?;
    }
    tx.commit().await?;
    desk.refresh_catalog().await?;
    Ok(desk.catalog().fields.clone())
}

/// What somebody or a company has in these: not all of them everything.
fn filled(n: usize, of: Subject, agents: &[i64], fields: &[Definition]) -> anyhow::Result<serde_json::Value> {
    let mut values = Values::new();
    for (place, field) in fields.iter().filter(|field| field.of == of).enumerate() {
        let value = match field.kind {
            _ if (n + place) % 3 == 2 => None,
            Kind::Text => Some(Value::Text(format!("C-{}", 10_400 + n * 7))),
            Kind::Date => Some(Value::Date(format!("20{:02}-{:02}-{:02}", 15 + n % 11, 1 + n % 12, 1 + n % 28))),
            Kind::Checkbox => Some(Value::Yes(true)),
            Kind::Choice => field.choices.get(n % field.choices.len().max(1)).map(|choice| Value::Choice(choice.id)),
            Kind::Person => agents.get(n % agents.len().max(1)).map(|id| Value::Person(UserId(*id))),
            Kind::Url => Some(Value::Text(format!("https://www.company-{n}.example"))),
            _ => None,
        };
        values.extend(value.map(|value| (field.id, value)));
    }
    Ok(serde_json::to_value(values)?)
}

/// A name as part of an address.
fn slug(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter_map(|c| match c {
            'ä' => Some("ae".to_owned()),
            'ö' => Some("oe".to_owned()),
            'ü' => Some("ue".to_owned()),
            'ß' => Some("ss".to_owned()),
            'é' | 'è' => Some("e".to_owned()),
            'ñ' => Some("n".to_owned()),
            c if c.is_ascii_alphanumeric() => Some(c.to_string()),
            ' ' | '-' | '&' => None,
            _ => None,
        })
        .collect()
}
