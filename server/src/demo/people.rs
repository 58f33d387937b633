//! Who is in the demo. All of them are invented.

use super::{DAY, MAKER, PASSWORD, Scale, Somebody, texts};
use domain::{Role, Time};
use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};
use store::{Desk, bulk};

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
    bulk::details(&mut tx, &MAKER, &details(&ids[scale.agents.min(ids.len())..], &company_ids)).await?;
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

/// Phone numbers, notes and tiers: of some, not of all. Nobody answers at the numbers, which are kept free for examples.
fn details(customers: &[i64], companies: &[i64]) -> bulk::Details {
    let mut rows = bulk::Details::default();
    for (n, id) in customers.iter().enumerate() {
        rows.people.push(*id);
        rows.phones.push(if n % 3 == 0 { format!("+44 20 7946 0{:03}", n % 1_000) } else { String::new() });
        rows.notes.push(texts::ABOUT.get(n % 7).copied().unwrap_or_default().to_owned());
        rows.blocked.push(n % 97 == 60);
    }
    for (n, id) in companies.iter().enumerate() {
        rows.companies.push(*id);
        rows.tiers.push(["Gold", "", "Silver", ""][n % 4].to_owned());
    }
    rows
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
