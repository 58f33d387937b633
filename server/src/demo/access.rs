//! Teams, roles of the desk's own, and a security log with something in it.

use domain::access::{NewRole, NewTeam, Permission, Permissions, RoleChoice};
use domain::api_token::{NewApiToken, Scope};
use domain::event::Happening;
use domain::{Actor, Error, Role, Time, UserId};
use store::access::{roles, teams, users};
use store::{Desk, bulk, events, people};

use super::{DAY, HOUR, MINUTE, Somebody};

const TEAMS: [(&str, &str); 3] = [
    ("Billing", "Invoices, contracts, refunds."),
    ("Hardware", "Printers, scanners and what else has a plug."),
    ("Second line", "What the first answer does not solve."),
];

/// Makes teams of the agents, and two roles that some of them have. Returns the numbers of the teams.
pub async fn make(desk: &Desk, maker: &Actor, agents: &[Somebody]) -> Result<Vec<i64>, Error> {
    let mut tx = desk.begin().await?;
    let mut made = Vec::new();
    for (n, (name, description)) in TEAMS.into_iter().enumerate() {
        let members = agents.iter().skip(4 + n).step_by(TEAMS.len()).map(|a| UserId(a.id)).collect();
        let input = NewTeam { name: name.into(), description: description.into(), members };
        made.push(teams::create(&mut tx, maker, input).await?.0);
    }
    let agent = Permissions::of_role(Role::Agent);
    for (name, description, permissions, who) in [
        (
            "Team agent",
            "Works on what their teams have, and sees nothing else.",
            agent.without(Permission::SeeAllTickets).without(Permission::SeeStats),
            agents.iter().rev().take(4).collect::<Vec<_>>(),
        ),
        (
            "Auditor",
            "Reads the security log and all tickets, and changes nothing.",
            Permissions::NONE.with(Permission::SeeAllTickets).with(Permission::SeeSecurityLog),
            agents.iter().rev().skip(4).take(1).collect(),
        ),
    ] {
        let input = NewRole { name: name.into(), description: description.into(), permissions };
        let role = roles::create(&mut tx, maker, input).await?;
        for somebody in who {
            users::set_role(&mut tx, maker, UserId(somebody.id), RoleChoice::Custom(role)).await?;
        }
    }
    tx.commit().await?;
    Ok(made)
}

/// Some agents have set up an app for codes, whose secret nobody has.
pub async fn apps(desk: &Desk, now: Time, agents: &[Somebody]) -> Result<(), Error> {
    for (n, somebody) in agents.iter().rev().skip(5).step_by(3).take(3).enumerate() {
        let mut tx = desk.begin().await?;
        tx.now = now.plus_millis(-(3 + n as i64) * DAY);
        let user = UserId(somebody.id);
        let person = people::principal(&mut *desk.read().await?, user).await?;
        let by = Actor::user(person, Some(format!("198.51.100.{}", 30 + n)));
        bulk::app(&mut tx, &super::MAKER, user, &rand::random::<[u8; 20]>()).await?;
        events::append(&mut tx, &by, None, &Happening::AppAdded).await?;
        if n == 0 {
            tx.now = now.plus_millis(-2 * DAY);
            events::append(&mut tx, &by, None, &Happening::SecondFactorFailed).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Tokens of the API, with which programs that nobody has would act as these people.
pub async fn tokens(desk: &Desk, now: Time, whose: &[&Somebody]) -> Result<(), Error> {
    for (n, somebody) in whose.iter().enumerate() {
        let address = format!("198.51.100.{}", 90 + n);
        for (name, scope, days, made, used) in [
            ("Old report", Scope::Read, 30, 47 * DAY, Some(18 * DAY)),
            ("Status page", Scope::Read, 365, 60 * DAY, Some(3 * MINUTE)),
            ("Bridge to the chat", Scope::Write, 90, 12 * DAY, Some(5 * HOUR)),
            ("Nightly report", Scope::Read, 90, DAY, None),
        ] {
            let mut tx = desk.begin().await?;
            tx.now = now.plus_millis(-made);
            let user = UserId(somebody.id);
            let by = Actor::user(people::principal(&mut *desk.read().await?, user).await?, Some(address.clone()));
            let input = NewApiToken { name: name.into(), scope: scope.word().into(), days };
            let used = used.map(|ago| (now.plus_millis(-ago), address.as_str()));
            bulk::api_token(&mut tx, &super::MAKER, user, &input, used).await?;
            let made = Happening::ApiTokenMade { name: name.into(), scope, days };
            events::append(&mut tx, &by, None, &made).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// The last days of the log: everybody on staff comes in the morning, and some mistype their password.
pub async fn sign_ins(desk: &Desk, now: Time, agents: &[Somebody]) -> Result<(), Error> {
    let morning = Time(now.0.div_euclid(DAY) * DAY + 8 * HOUR);
    for day in (1..=7).rev() {
        for (n, somebody) in agents.iter().enumerate().filter(|(n, _)| !(n + day as usize).is_multiple_of(3)) {
            let mut tx = desk.begin().await?;
            tx.now = morning.plus_millis(-day * DAY + n as i64 * 2 * MINUTE);
            let person = people::principal(&mut *desk.read().await?, UserId(somebody.id)).await?;
            let address = Some(format!("198.51.100.{}", 10 + n));
            if n % 11 == 4 {
                let what = Happening::SignInFailed { email: person.email.clone() };
                events::append(&mut tx, &Actor::visitor(address.clone()), None, &what).await?;
                tx.now = tx.now.plus_millis(MINUTE / 2);
            }
            events::append(&mut tx, &Actor::user(person, address), None, &Happening::SignedIn).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}
