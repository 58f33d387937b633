//! Companies brought in from files.

use super::{go, numbers, upload};
use crate::support::{World, browser::Browser, id_of};
use domain::{
    Actor,
    company::{Company, CompanyFilter, DOMAINS_MAX},
    import,
    outside::{Audience, Kind, ProviderInput},
};
use store::{
    companies::{list, view},
    outside::providers,
};

async fn all(world: &World, actor: &Actor) -> Vec<Company> {
    let mut conn = world.desk.read().await.unwrap();
    let rows = list::list(&mut conn, actor, &CompanyFilter::default()).await.unwrap().rows;
    let mut found = Vec::new();
    for row in rows {
        found.push(view::view(&mut conn, actor, row.id).await.unwrap());
    }
    found
}

/// What has happened to companies, in order: to which, and what was changed.
async fn told(world: &World) -> Vec<(String, String)> {
    sqlx::query_as(
        "select data->'company'->>'name', coalesce(data->>'fields', 'made') from events where kind like 'company.%' order by id",
    )
    .fetch_all(world.desk.pool())
    .await
    .unwrap()
}

#[tokio::test]
async fn companies_are_brought_in_by_their_names() {
    let world = World::new().await;
    let manager = world.manager().await;
    world.company("ACME", true).await;
    let file = "Company\tDomain\tPlan\nacme\tacme.example, www.acme.example\tGold\nNew\tacme.example\t\nThird\tgmail.com\t\n\t\tx\nFourth\tfourth.example\t\n";
    let id = upload(&world, &manager, import::Kind::Companies, file).await;
    go(&world, &manager, id, true).await;
    let done = go(&world, &manager, id, false).await;
    assert_eq!(numbers(&done), [1, 1, 0, 3], "{:?}", done.refusals);
    let kept = "select count(*) from companies where name = 'ACME' and tier = 'Gold' and sees_all";
    assert_eq!(world.count(kept).await, 1, "what is not in the file stays");
    let again = upload(&world, &manager, import::Kind::Companies, file).await;
    go(&world, &manager, again, true).await;
    assert_eq!(numbers(&go(&world, &manager, again, false).await), [0, 0, 2, 3]);
}

/// A domain that a company gets by a file binds its people to the company's way in like one that is typed in.
#[tokio::test]
async fn a_domain_of_a_file_binds_its_people() {
    let world = World::new().await;
    let (manager, admin) = (world.manager().await, world.superadmin().await);
    let (acme, other) = (world.company("Acme", false).await, world.company("Other", false).await);
    world.domain(acme, "acme.example").await;
    let way = ProviderInput {
        name: "Outside".into(),
        issuer: "https://id.example".into(),
        client_id: "docket".into(),
        secret: "secret".into(),
        audience: Audience::Company,
        company: "Acme".into(),
        enabled: true,
        only: true,
        ..ProviderInput::default()
    };
    world.run(async |tx| providers::create(tx, &admin, Kind::Oidc, way).await).await.unwrap();
    let (jana, petr) = (world.company_user(acme).await, world.company_user(other).await);
    for who in [&jana, &petr] {
        Browser::of(&world, who).await;
    }
    let sessions = async |who| {
        let count = sqlx::query_scalar("select count(*) from sessions where user_id = $1").bind(id_of(who).0);
        count.fetch_one(world.desk.pool()).await.unwrap()
    };
    let file = "name,domain\nNew,new.example\nAcme,people.example\n";
    let id = upload(&world, &manager, import::Kind::Companies, file).await;
    go(&world, &manager, id, true).await;
    let before: [i64; 2] = [sessions(&jana).await, sessions(&petr).await];
    assert_eq!(before, [1, 1], "a trial signs nobody out");
    assert_eq!(numbers(&go(&world, &manager, id, false).await), [1, 1, 0, 0]);
    let after: [i64; 2] = [sessions(&jana).await, sessions(&petr).await];
    assert_eq!(after, [0, 1]);
}

/// Each line finds what those before it have left, as if they came one after the other.
#[tokio::test]
async fn lines_of_one_batch_know_of_each_other() {
    let world = World::new().await;
    let manager = world.manager().await;
    let old = world.company("Old", true).await;
    sqlx::query("insert into company_domains (domain, company_id) select d, $1 from unnest($2::text[]) d")
        .bind(old.0)
        .bind(["old.example", "b.example"])
        .execute(world.desk.pool())
        .await
        .unwrap();
    let many: Vec<String> = (0..=DOMAINS_MAX).map(|n| format!("d{n}.many.example")).collect();
    let file = format!(
        "name;domains;tier;notes\n\
         New;new.example;;First\n\
         NEW;new.example, also.example;Gold;Second\n\
         Other;also.example;;\n\
         Other;other.example;;\n\
         old;A.example;Silver;\n\
         OLD;;;Said\n\
         Old;old.example;Silver;Said\n\
         Late;b.example new.example;;\n\
         old;other.example;Bronze;\n\
         Many;{};;\n\
         Many;{};;\n\
         Many;{};Gold;\n",
        many[1..].join(","),
        many[0],
        many[1],
    );
    let id = upload(&world, &manager, import::Kind::Companies, &file).await;
    let tried = go(&world, &manager, id, true).await;
    assert!(told(&world).await.is_empty() && all(&world, &manager).await.len() == 1, "nothing was changed");
    let done = go(&world, &manager, id, false).await;
    assert_eq!((numbers(&done), numbers(&tried)), ([3, 4, 1, 4], [3, 4, 1, 4]), "{:?}", done.refusals);
    let reasons: Vec<_> = done.refusals.iter().map(|r| (r.line, r.reason.as_str())).collect();
    assert_eq!(
        reasons,
        [
            (4, "also.example belongs to New already."),
            (9, "b.example belongs to Old already. new.example belongs to New already."),
            (10, "other.example belongs to Other already."),
            (12, "Use at most 50 domains."),
        ]
    );
    let mut found = all(&world, &manager).await;
    found.sort_by_key(|company| company.id);
    let seen: Vec<_> = found
        .iter()
        .map(|c| (c.name.as_str(), c.tier.as_str(), c.domains.join(" "), c.notes.as_str(), c.sees_all))
        .collect();
    let mut sorted = many[1..].to_vec();
    sorted.sort_unstable();
    assert_eq!(
        seen,
        [
            ("Old", "Silver", "a.example b.example old.example".to_owned(), "Said", true),
            ("New", "Gold", "also.example new.example".to_owned(), "First\n\nSecond", false),
            ("Other", "", "other.example".to_owned(), "", false),
            ("Many", "Gold", sorted.join(" "), "", false),
        ]
    );
    let told_first = told(&world).await;
    let said: Vec<_> = told_first.iter().map(|(name, what)| (name.as_str(), what.as_str())).collect();
    assert_eq!(
        said,
        [
            ("New", "made"),
            ("New", r#"["tier", "domains", "notes"]"#),
            ("Other", "made"),
            ("Old", r#"["tier", "domains"]"#),
            ("Old", r#"["notes"]"#),
            ("Many", "made"),
            ("Many", r#"["tier"]"#),
        ]
    );

    // The same file again changes nothing, and tells of nothing.
    let again = upload(&world, &manager, import::Kind::Companies, &file).await;
    go(&world, &manager, again, true).await;
    let done = go(&world, &manager, again, false).await;
    assert_eq!(numbers(&done), [0, 0, 8, 4], "{:?}", done.refusals);
    assert_eq!(told(&world).await, told_first);
}
