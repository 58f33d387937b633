//! What of it stands beside a ticket.

use super::{company, definition, fill, of, typed};
use crate::customers::{input, make};
use crate::support::{Refused as _, World, id_of, person, sql};
use domain::{
    Actor, Code, Role, UserId,
    access::{Permission, Permissions},
    customer::{Beside, CustomerInput},
    fields::{Kind, Subject},
    language::Language,
};
use store::{
    customers::{beside::beside, block, merge},
    fields::define,
};

/// A line: its name, its text, where it leads.
fn lines(beside: &Beside) -> Vec<(&str, &str, &str)> {
    beside.facts.iter().map(|fact| (fact.name.as_str(), fact.text.as_str(), fact.to.as_str())).collect()
}

#[tokio::test]
async fn what_is_filled_in_of_a_customer_and_their_company_stands_beside_their_tickets() {
    let world = World::new().await;
    let (admin, manager, agent) = (world.superadmin().await, world.manager().await, world.agent().await);
    let mut fields = Vec::new();
    for (name, kind) in [
        ("Plan", Kind::Text),
        ("Since", Kind::Date),
        ("Page", Kind::Url),
        ("Likes", Kind::Choices),
        ("Story", Kind::LongText),
        ("Looked after by", Kind::Person),
        ("Empty", Kind::Number),
        ("Retired", Kind::Text),
    ] {
        fields.push(of(&world, &admin, Subject::Customers, definition(name, kind)).await);
    }
    let (plan, boss) = (
        of(&world, &admin, Subject::Companies, definition("plan", Kind::Text)).await,
        of(&world, &admin, Subject::Companies, definition("Industry <b>", Kind::Text)).await,
    );
    let acme = world.company("Acme", true).await;
    let phones =
        CustomerInput { phones: "+49 30 / 1234".into(), notes: "n".repeat(300), ..input("Jana", "j@a.example") };
    let jana = make(&world, &manager, &phones, "Acme").await.unwrap();
    let choices: Vec<String> = fields[3].choices.iter().map(|choice| choice.id.to_string()).collect();
    let (story, who) = (format!("{}\n\nEnd", "word ".repeat(100)), id_of(&agent).to_string());
    fill(
        &world,
        &manager,
        jana,
        typed(&[
            (&fields[0], &["Gold"]),
            (&fields[1], &["2024-02-29"]),
            (&fields[2], &["https://a.example/?x=1&y"]),
            (&fields[3], &[&choices[0], &choices[1]]),
            (&fields[4], &[&story]),
            (&fields[5], &[&who]),
            (&fields[7], &["Nobody asks any more"]),
        ]),
    )
    .await
    .unwrap();
    world.run(async |tx| define::retire(tx, &admin, fields[7].id, true).await).await.unwrap();
    company(&world, &manager, acme, typed(&[(&plan, &["Silver"]), (&boss, &["Mining"])])).await;
    sqlx::query("update companies set tier = 'Enterprise'").execute(world.desk.pool()).await.unwrap();

    let (found, statements) = sql::statements_here(beside(&world.desk, &agent, jana)).await;
    assert_eq!(statements.len(), 1, "{statements:#?}");
    let found = found.unwrap().unwrap();
    let cut = format!("{}word…", "word ".repeat(39));
    let name = person(&agent).name.as_str();
    assert_eq!(
        lines(&found),
        [
            ("Phone", "+49 30 / 1234", "tel:+49301234"),
            ("Plan", "Gold", ""),
            ("Since", "29 Feb 2024", ""),
            ("Page", "https://a.example/?x=1&y", "https://a.example/?x=1&y"),
            ("Likes", "Small, Large", ""),
            ("Story", cut.as_str(), ""),
            ("Looked after by", name, ""),
            ("plan (company)", "Silver", ""),
            ("Industry <b>", "Mining", ""),
        ]
    );
    assert_eq!((found.tier.as_str(), found.blocked, found.notes.chars().count()), ("Enterprise", false, 201));
    // In the language of who reads it.
    let mut american = person(&agent).clone();
    american.language = Language::American;
    let read = beside(&world.desk, &Actor::user(american, None), jana).await.unwrap().unwrap();
    assert_eq!(lines(&read)[2].1, "Feb 29, 2024");

    // Who was merged into them is they, and who is blocked is shown as that.
    let other = make(&world, &manager, &input("J.", "j@b.example"), "").await.unwrap();
    assert_eq!(beside(&world.desk, &agent, other).await.unwrap(), Some(Beside::default()));
    merge::merge(&world.desk, &manager, jana, other).await.unwrap();
    world.run(async |tx| block::block(tx, &manager, jana, true).await).await.unwrap();
    let merged = beside(&world.desk, &agent, other).await.unwrap().unwrap();
    assert!(merged.blocked && lines(&merged).contains(&("Plan", "Gold", "")), "{merged:?}");
}

#[tokio::test]
async fn who_may_not_look_people_up_reads_nothing_there() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let blind = world.custom(Permissions::of_role(Role::Agent).without(Permission::SeePeople)).await;
    for (who, code) in [(&blind, Code::Forbidden), (&jana, Code::Forbidden), (&Actor::visitor(None), Code::SignedOut)] {
        beside(&world.desk, who, id_of(&jana)).await.refused(code);
    }
    for nobody in [id_of(&agent), UserId(999_999)] {
        assert_eq!(beside(&world.desk, &agent, nobody).await.unwrap(), None, "of colleagues nothing more is known");
    }
}
