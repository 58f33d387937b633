//! Whoever comes to be bound to one way in is signed out, however that comes about.

use super::{
    Scene, announced,
    only::{call, of_company, of_staff, only, visitor},
    signed_in,
};
use crate::support::{PASSWORD, Refused as _, browser::Browser, id_of, node::soon, person, session_of};
use domain::{
    Actor, Code, CompanyId, ProviderId, Role, SessionId,
    access::RoleChoice,
    company::CompanyInput,
    customer::CustomerInput,
    outside::{Audience, Kind, ProviderInput, Vouched},
    scim::PersonInput,
};
use http::StatusCode;
use serde_json::{Value, json};
use std::{fs, path::Path};
use store::{
    Tx, access,
    accounts::{own, sign_in::How, sign_in::after_proof},
    companies, customers,
    outside::{identities, providers, sign_in},
    scim,
};

/// How somebody comes to be bound.
#[derive(Clone, Copy, Debug)]
enum Through {
    AMarkedWay,
    AWayThatIsMade,
    AWaySwitchedOn,
    AWayOfAnotherCompany,
    AWayOfStaff,
    ADomainOfStaff,
    ADomainOfTheCompany,
    AnAddressByStaff,
    ASecondAddress,
    AnAddressOfTheirs,
    AnAddressThatIsAnnounced,
    AnotherCompany,
    AMergeOfCompanies,
    AMergeThatBringsAWay,
    AMergeOfPeople,
    ARole,
    ComingTheFirstTime,
    AWayThatIsGone,
}

impl Through {
    const ALL: [Self; 18] = [
        Self::AMarkedWay,
        Self::AWayThatIsMade,
        Self::AWaySwitchedOn,
        Self::AWayOfAnotherCompany,
        Self::AWayOfStaff,
        Self::ADomainOfStaff,
        Self::ADomainOfTheCompany,
        Self::AnAddressByStaff,
        Self::ASecondAddress,
        Self::AnAddressOfTheirs,
        Self::AnAddressThatIsAnnounced,
        Self::AnotherCompany,
        Self::AMergeOfCompanies,
        Self::AMergeThatBringsAWay,
        Self::AMergeOfPeople,
        Self::ARole,
        Self::ComingTheFirstTime,
        Self::AWayThatIsGone,
    ];
}

/// Somebody who is signed in with a browser, and by a program with their password.
struct Signed {
    who: Actor,
    browser: Browser,
    token: String,
}

impl Signed {
    async fn is_in(&self) -> (bool, bool) {
        let page = self.browser.get("/portal").await;
        (page.status == StatusCode::OK, call(&self.browser, &self.token).await == StatusCode::OK)
    }
}

fn of_acme(input: ProviderInput) -> ProviderInput {
    only(of_company(input))
}

fn staff_of_desk(input: ProviderInput) -> ProviderInput {
    ProviderInput { domains: "desk.example".into(), ..only(of_staff(input)) }
}

impl Scene {
    async fn signed(&self, who: Actor) -> Signed {
        let browser = self.browser.clone().signed_in(&who).await;
        let (status, login) = self.log_in(&person(&who).email, PASSWORD).await;
        assert_eq!(status, StatusCode::OK, "{login}");
        Signed { who, browser, token: login["token"].as_str().unwrap().to_owned() }
    }

    async fn acme_id(&self) -> CompanyId {
        self.world.count("select id from companies where name = 'Acme'").await.into()
    }

    async fn set_email(&self, who: &Actor, email: &str) -> Actor {
        let set = sqlx::query("update users set email = $2 where id = $1").bind(id_of(who).0).bind(email);
        set.execute(self.world.desk.pool()).await.unwrap();
        self.world.actor(id_of(who)).await
    }

    async fn do_as_admin<T>(&self, operation: impl AsyncFnOnce(&mut Tx, &Actor) -> domain::Result<T>) -> T {
        self.world.run(async |tx| operation(tx, &self.admin).await).await.unwrap()
    }

    async fn make(&self, name: &str, set: impl FnOnce(ProviderInput) -> ProviderInput) -> ProviderId {
        let input = ProviderInput { name: name.into(), ..set(super::input(&self.fake)) };
        self.do_as_admin(async |tx, admin| providers::create(tx, admin, Kind::Oidc, input).await).await
    }

    async fn add_domain(&self, company: CompanyId, domains: &str) {
        let mut tx = self.world.desk.begin().await.unwrap();
        self.add_domain_in(&mut tx, company, domains).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn add_domain_in(&self, tx: &mut Tx, company: CompanyId, domains: &str) -> domain::Result<()> {
        let now =
            companies::view::view(&mut self.world.desk.read().await.unwrap(), &self.admin, company).await.unwrap();
        let input = CompanyInput { name: now.name, domains: domains.into(), ..CompanyInput::default() };
        companies::edit::change(tx, &self.admin, company, now.version, &input).await
    }

    async fn edit(&self, who: &Actor, email: &str, emails: &str) {
        let mut tx = self.world.desk.begin().await.unwrap();
        self.edit_in(&mut tx, who, email, emails).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn edit_in(&self, tx: &mut Tx, who: &Actor, email: &str, emails: &str) -> domain::Result<()> {
        let id = id_of(who);
        let now = customers::view::view(&mut self.world.desk.read().await.unwrap(), &self.admin, id).await.unwrap();
        let input =
            CustomerInput { name: now.name, email: email.into(), emails: emails.into(), ..CustomerInput::default() };
        customers::edit::change(tx, &self.admin, id, now.version, &input).await
    }
}

/// A desk, and somebody on it who is signed in and then bound through this.
async fn bound(through: Through) -> (Scene, Signed, Signed) {
    // There is a company Acme with a way in for acme.example, and a bystander of another one.
    let scene = Scene::with(|input| match through {
        Through::AMarkedWay | Through::AWayThatIsMade | Through::AMergeThatBringsAWay => of_company(input),
        Through::AWayOfAnotherCompany => ProviderInput { audience: Audience::Everybody, ..input },
        Through::AWaySwitchedOn => ProviderInput { enabled: false, ..of_acme(input) },
        Through::AWayOfStaff => input,
        Through::ADomainOfStaff | Through::ARole | Through::AWayThatIsGone => staff_of_desk(input),
        _ => of_acme(input),
    })
    .await;
    let world = &scene.world;
    let other = world.company("Other", false).await;
    let bystander = scene.signed(world.company_user(other).await).await;
    let acme = scene.acme_id().await;
    let signed = match through {
        Through::AMarkedWay => {
            let who = world.company_user(acme).await;
            let signed = scene.signed(scene.set_email(&who, "jana@acme.example").await).await;
            scene.change(of_acme).await;
            signed
        }
        Through::AWayThatIsMade => {
            let third = world.company("Third", false).await;
            scene.add_domain(third, "third.example").await;
            let who = world.company_user(third).await;
            let signed = scene.signed(scene.set_email(&who, "jana@third.example").await).await;
            scene.make("Outside 3", |input| ProviderInput { company: "Third".into(), ..of_acme(input) }).await;
            signed
        }
        Through::AWaySwitchedOn | Through::AWayOfAnotherCompany => {
            let who = world.company_user(acme).await;
            let signed = scene.signed(scene.set_email(&who, "jana@acme.example").await).await;
            scene.change(of_acme).await;
            signed
        }
        Through::AWayOfStaff => {
            let who = world.agent().await;
            let signed = scene.signed(scene.set_email(&who, "mia@desk.example").await).await;
            scene.change(staff_of_desk).await;
            signed
        }
        Through::ADomainOfStaff => {
            let signed = scene.signed(world.agent().await).await;
            scene
                .change(|input| ProviderInput {
                    domains: "desk.example\npeople.example".into(),
                    ..staff_of_desk(input)
                })
                .await;
            signed
        }
        Through::ADomainOfTheCompany => {
            let signed = scene.signed(world.company_user(acme).await).await;
            scene.add_domain(acme, "acme.example\npeople.example").await;
            signed
        }
        Through::AnAddressByStaff => {
            let signed = scene.signed(world.company_user(acme).await).await;
            scene.edit(&signed.who, "jana@acme.example", "").await;
            signed
        }
        Through::ASecondAddress => {
            let signed = scene.signed(world.customer().await).await;
            let email = person(&signed.who).email.clone();
            scene.edit(&signed.who, &email, "jana@home.example\njana@acme.example").await;
            signed
        }
        Through::AnAddressOfTheirs => {
            let signed = scene.signed(world.company_user(acme).await).await;
            let email = "jana@acme.example";
            own::ask_for_address(&world.desk, &signed.who, None, email, PASSWORD.into()).await.unwrap();
            let link = world.mails().await.remove(0).token("/new-address/");
            own::confirm_address(&world.desk, &visitor(), &link).await.unwrap();
            signed
        }
        Through::AnAddressThatIsAnnounced | Through::ComingTheFirstTime => {
            let provider = announced::announcer(&scene).await;
            let whom = announced::whom("jana@acme.example", "7");
            let id = world.run(async |tx| scim::people::create(tx, &provider, whom).await).await.unwrap().id;
            scene.do_sql("update users set email = 'jana@people.example', password_hash = (select password_hash from users where role = 'superadmin') where email = 'jana@acme.example'").await;
            let signed = scene.signed(world.actor(id).await).await;
            if matches!(through, Through::ComingTheFirstTime) {
                scene.fake.says(json!({ "sub": "7", "email": "jana@elsewhere.example" }));
                assert!(signed_in(&scene.sign_in().await), "the new session is opened");
            } else {
                let moved =
                    |said| Ok::<_, domain::Error>(PersonInput { email: Some("weiss@acme.example".into()), ..said });
                world.run(async |tx| scim::people::change(tx, &provider, id, moved).await).await.unwrap();
            }
            signed
        }
        Through::AnotherCompany => {
            let who = world.company_user(other).await;
            let signed = scene.signed(scene.set_email(&who, "jana@acme.example").await).await;
            let id = id_of(&signed.who);
            scene
                .do_as_admin(async |tx, admin| {
                    customers::company::convert(tx, admin, id, Some(other), Some(acme), false).await
                })
                .await;
            signed
        }
        Through::AMergeOfCompanies => {
            let gone = world.company("Acme Ltd", false).await;
            let who = world.company_user(gone).await;
            let signed = scene.signed(scene.set_email(&who, "jana@acme.example").await).await;
            scene.do_as_admin(async |tx, admin| companies::merge::merge(tx, admin, acme, gone).await).await;
            signed
        }
        Through::AMergeThatBringsAWay => {
            let kept = world.company("Acme International", false).await;
            let who = world.company_user(kept).await;
            let signed = scene.signed(scene.set_email(&who, "jana@acme.example").await).await;
            scene.change(of_acme).await;
            assert_eq!(signed.is_in().await, (true, true), "the way is that of another company");
            scene.do_as_admin(async |tx, admin| companies::merge::merge(tx, admin, kept, acme).await).await;
            signed
        }
        Through::AMergeOfPeople => {
            let signed = scene.signed(world.customer().await).await;
            let gone = world.customer().await;
            let gone = scene.set_email(&gone, "jana@acme.example").await;
            let (kept, gone) = (id_of(&signed.who), id_of(&gone));
            customers::merge::merge(&world.desk, &scene.admin, kept, gone).await.unwrap();
            signed
        }
        Through::ARole => {
            let boss = world.superadmin().await;
            let signed = scene.signed(scene.set_email(&boss, "boss@desk.example").await).await;
            let (id, role) = (id_of(&signed.who), RoleChoice::BuiltIn(Role::Manager));
            scene.do_as_admin(async |tx, admin| access::users::set_role(tx, admin, id, role).await).await;
            signed
        }
        Through::AWayThatIsGone => {
            // Of two ways each was good: by which of them somebody has come is not known.
            let second = scene.make("Outside 2", staff_of_desk).await;
            let who = world.agent().await;
            let who = scene.set_email(&who, "mia@desk.example").await;
            let token = after_proof(&world.desk, &visitor(), person(&who), "", How::Outside(second)).await.unwrap();
            let mut browser = scene.browser.clone();
            browser.cookie = Some(format!("docket_session={}", session_of(token)));
            assert_eq!(browser.get("/portal").await.status, StatusCode::OK);
            scene.do_as_admin(async |tx, admin| providers::delete(tx, admin, second).await).await;
            Signed { who, browser, token: String::new() }
        }
    };
    (scene, signed, bystander)
}

#[tokio::test]
async fn whoever_is_bound_from_now_on_is_signed_out() {
    for through in Through::ALL {
        let (scene, signed, bystander) = bound(through).await;
        assert_eq!(signed.is_in().await, (false, false), "{through:?}");
        assert_eq!(bystander.is_in().await, (true, true), "{through:?}");
        let said: Value =
            sqlx::query_scalar("select data from events where kind = 'access.only_way' order by id desc limit 1")
                .fetch_optional(scene.world.desk.pool())
                .await
                .unwrap()
                .unwrap_or_else(|| panic!("{through:?} has left no trace"));
        assert_eq!((&said["people"], &said["sessions"]), (&json!(1), &json!(1)), "{through:?}: {said}");
        assert_eq!(said["user"], json!(id_of(&signed.who).0), "{through:?}");
    }
}

/// Sessions that somebody has opened by one of their ways in go on as long as it is one of them.
#[tokio::test]
async fn who_was_bound_before_stays_signed_in() {
    let scene = Scene::with(of_acme).await;
    let world = &scene.world;
    let acme = scene.acme_id().await;
    let jana = scene.set_email(&world.company_user(acme).await, "jana@acme.example").await;
    let mut browser = scene.browser.clone();
    let opened = after_proof(&world.desk, &visitor(), person(&jana), "", How::Outside(scene.provider)).await.unwrap();
    browser.cookie = Some(format!("docket_session={}", session_of(opened)));
    scene.add_domain(acme, "acme.example\nacme.test").await;
    scene.edit(&jana, "jana@acme.test", "jana@acme.example").await;
    scene.change(|input| ProviderInput { trusts_mfa: true, ..of_acme(input) }).await;
    let gone = world.company("Acme Ltd", false).await;
    scene.do_as_admin(async |tx, admin| companies::merge::merge(tx, admin, acme, gone).await).await;
    assert_eq!(browser.get("/portal").await.status, StatusCode::OK);
    // Free again, and in by whatever they like.
    scene.change(of_company).await;
    assert_eq!(browser.get("/portal").await.status, StatusCode::OK);
    assert_eq!(world.count("select count(*) from events where kind = 'access.only_way'").await, 0);
    scene.change(of_acme).await;
    assert_ne!(browser.get("/portal").await.status, StatusCode::OK);
}

/// Where somebody connects their account at a provider that binds them by it, it has just vouched for them there.
#[tokio::test]
async fn who_connects_an_account_stays_signed_in_where_they_did() {
    let scene = Scene::with(of_acme).await;
    let world = &scene.world;
    let signed = scene.signed(world.company_user(scene.acme_id().await).await).await;
    let here = SessionId(world.count("select max(id) from sessions").await);
    let elsewhere = scene.browser.clone().signed_in(&signed.who).await;
    let acme = providers::in_use(&world.desk, scene.provider).await.unwrap();
    let who = Vouched { subject: "jana".into(), ..Vouched::default() };
    let connected = world.run(async |tx| identities::connect(tx, &signed.who, Some(here), &acme, &who).await).await;
    connected.unwrap();
    assert_eq!(signed.is_in().await, (true, false));
    assert_ne!(elsewhere.get("/portal").await.status, StatusCode::OK);
}

/// Lets something wait for a transaction, which is then brought to its end.
async fn meanwhile<T>(
    scene: &Scene,
    commit: impl Future<Output = domain::Result<()>>,
    second: impl Future<Output = T>,
) -> T {
    let commit = async {
        scene.world.somebody_waits().await;
        commit.await.unwrap();
    };
    soon("both have come to their end", async { tokio::join!(second, commit) }).await.0
}

/// Another provider has vouched for them before the way became the only one, and their session is opened afterwards.
#[tokio::test]
async fn who_was_vouched_for_a_moment_ago_is_not_let_in() {
    let scene = Scene::with(of_company).await;
    let (desk, visitor) = (&scene.world.desk, visitor());
    let jana = scene.set_email(&scene.world.company_user(scene.acme_id().await).await, "jana@acme.example").await;
    let google = scene.make("Google", |input| ProviderInput { audience: Audience::Everybody, ..input }).await;
    let provider = providers::in_use(desk, google).await.unwrap();
    let who = Vouched {
        subject: "1".into(),
        email: person(&jana).email.clone(),
        email_verified: Some(true),
        ..Vouched::default()
    };
    let proved = sign_in::sign_in(desk, &visitor, &provider, &who).await.unwrap();
    let change = async |tx: &mut Tx| {
        let version = providers::get(desk, &scene.admin, scene.provider).await.unwrap().version;
        providers::change(tx, &scene.admin, scene.provider, version, of_acme(super::input(&scene.fake))).await
    };
    let come = |how| after_proof(desk, &visitor, &proved.person, "", how);
    // While it is being switched on, whoever comes waits, and is refused; and so is whoever comes afterwards.
    let mut first = desk.begin().await.unwrap();
    change(&mut first).await.unwrap();
    meanwhile(&scene, first.commit(), come(How::Outside(google))).await.refused(Code::Forbidden);
    come(How::OutsideTwice(google)).await.refused(Code::Forbidden);
    assert_eq!(scene.world.count("select count(*) from sessions").await, 0);
    assert_eq!(scene.kinds().await.iter().filter(|kind| *kind == "account.way_refused").count(), 2);
    // Whoever is just coming when it is switched on is waited for, and signed out.
    scene.change(of_company).await;
    let mut opening = desk.pool().begin().await.unwrap();
    for sql in [
        "select from users where id = $1 for no key update",
        "insert into sessions (user_id, token_hash, agent, created_at, last_used_at, expires_at)
         values ($1, '\\x00', '', now(), now(), now() + interval '1 day')",
    ] {
        sqlx::query(sql).bind(id_of(&jana).0).execute(&mut *opening).await.unwrap();
    }
    let switch = scene.world.run(async |tx| change(tx).await);
    meanwhile(&scene, async { opening.commit().await.map_err(|_| unreachable!()) }, switch).await.unwrap();
    assert_eq!(scene.world.count("select count(*) from sessions").await, 0);
}

/// A domain is added, and somebody gets an address in it, at once: neither knows of the other before one of them is done.
#[tokio::test]
async fn of_two_changes_at_once_the_second_sees_the_first() {
    for address_first in [true, false] {
        let scene = Scene::with(of_acme).await;
        let acme = scene.acme_id().await;
        let signed = scene.signed(scene.world.company_user(acme).await).await;
        let mut first = scene.world.desk.begin().await.unwrap();
        if address_first {
            scene.edit_in(&mut first, &signed.who, "jana@acme.test", "").await.unwrap();
            meanwhile(&scene, first.commit(), scene.add_domain(acme, "acme.example\nacme.test")).await;
        } else {
            scene.add_domain_in(&mut first, acme, "acme.example\nacme.test").await.unwrap();
            meanwhile(&scene, first.commit(), scene.edit(&signed.who, "jana@acme.test", "")).await;
        }
        assert_eq!(signed.is_in().await, (false, false), "{address_first}");
    }
}

#[tokio::test]
async fn a_way_that_is_not_the_only_one_signs_nobody_out() {
    let scene = Scene::with(of_company).await;
    let signed = scene.signed(scene.world.customer().await).await;
    scene.edit(&signed.who, "jana@acme.example", "").await;
    assert_eq!(signed.is_in().await, (true, true));
    assert_eq!(scene.world.count("select count(*) from events where kind = 'access.only_way'").await, 0);
}

/// Where somebody could be bound without being signed out, and why nobody is.
const FREE: [(&str, &str); 4] = [
    ("accounts/invitations.rs", "whoever becomes staff is signed out, whatever binds them"),
    ("bulk.rs", "fills an empty database"),
    ("imports/carried.rs", "only in a transaction that is taken back"),
    ("scim/rights.rs", "staff get another role of staff"),
];

/// A statement that may bind somebody stands beside what signs them out, or is known to bind nobody.
#[test]
fn nothing_binds_without_signing_out() {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/store/src");
    let mut folders = vec![store.clone()];
    let (mut settled, mut free) = (0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            if !binds(&source.split_whitespace().collect::<Vec<_>>().join(" ")) {
                continue;
            }
            match source.contains("ways::settle(") {
                true => settled += 1,
                false => free.push(path.strip_prefix(&store).unwrap().to_str().unwrap().to_owned()),
            }
        }
    }
    free.sort();
    assert_eq!(free, FREE.map(|(file, _)| file), "call ways::before and ways::settle around what may bind somebody");
    assert!(settled > 9, "{settled} files were found");
}

/// Whether there is a statement that changes what `ways_bound` reads of people who are there already.
fn binds(source: &str) -> bool {
    let statements = [
        "into user_emails",
        "update user_emails",
        "into company_domains",
        "update company_domains",
        "into identities",
        "update identities set user_id",
        "into providers",
        "update providers set name",
        "update providers set company_id",
    ];
    let of_people = |rest: &str| {
        let set = rest.split(" where ").next().unwrap_or_default();
        [" email =", " company_id =", " role ="].iter().any(|column| set.contains(column))
    };
    statements.iter().any(|part| source.contains(part)) || source.split("update users ").skip(1).any(of_people)
}
