//! What accounts do by mail: proving an address, choosing a new password. Read from a mail server.

use crate::invitations::invite;
use crate::support::{PASSWORD, Refused as _, World, browser::Browser, id_of, mailbox::Mail, person, session_of};
use domain::{Actor, Code, Role, account::Registration, letter::Purpose};
use http::{StatusCode, header};
use store::{
    accounts::{self, own, reset},
    keys::{Key, Keys},
};

const OTHER: &str = "another horse battery";

pub fn visitor() -> Actor {
    Actor::visitor(Some("192.0.2.7".into()))
}

fn jana() -> Registration {
    Registration { name: "Jana Novak".into(), email: "jana@acme.example".into(), password: PASSWORD.into() }
}

pub async fn sign_in(world: &World, email: &str, password: &str) -> domain::Result<String> {
    accounts::sign_in(&world.desk, &visitor(), email, password.into(), "").await.map(|(_, proved)| session_of(proved))
}

/// The only mail that has come.
pub async fn mail(world: &World) -> Mail {
    let mut mails = world.mails().await;
    assert_eq!(mails.len(), 1, "{mails:#?}");
    mails.remove(0)
}

async fn tried(world: &World, sql: &'static str) -> i64 {
    world.count(sql).await
}

#[tokio::test]
async fn who_registers_has_no_account_before_the_address_is_proved() {
    let world = World::new().await;
    sqlx::query("insert into company_domains values ('acme.example', $1)")
        .bind(world.company("Acme", true).await.0)
        .execute(world.desk.pool())
        .await
        .unwrap();
    accounts::register(&world.desk, &visitor(), jana()).await.unwrap();
    assert_eq!(tried(&world, "select count(*) from users").await, 0);
    let sent = mail(&world).await;
    assert_eq!((sent.to.as_str(), sent.subject.as_str()), ("jana@acme.example", "Confirm your e-mail address"));
    let token = sent.token("/confirm/");
    assert!(sent.html.contains(&token) && !sent.raw.contains("Novak"), "no words of a stranger: {}", sent.raw);
    // Whoever knows the password is told what to do; whoever does not, nothing.
    let waits = sign_in(&world, "jana@acme.example", PASSWORD).await.refused(Code::Forbidden);
    assert!(waits.of_field("confirm").is_some() && waits.message.contains("confirm"), "{waits:?}");
    sign_in(&world, "jana@acme.example", OTHER).await.refused(Code::Invalid);
    // The link alone opens nothing.
    accounts::confirm(&world.desk, &visitor(), &token, OTHER.into()).await.wrong("password");
    let made = accounts::confirm(&world.desk, &visitor(), &token, PASSWORD.into()).await.unwrap();
    assert_eq!((made.name.as_str(), made.role, made.sees_company), ("Jana Novak", Role::Customer, true));
    sign_in(&world, "JANA@acme.example", PASSWORD).await.unwrap();
    accounts::confirm(&world.desk, &visitor(), &token, PASSWORD.into()).await.refused(Code::NotFound);
    assert_eq!(tried(&world, "select count(*) from events where kind = 'account.registered'").await, 1);
}

#[tokio::test]
async fn a_known_address_is_told_by_mail_and_nowhere_else() {
    let world = World::new().await;
    let known = world.customer().await;
    let email = person(&known).email.clone();
    let input = Registration { email: email.clone(), password: OTHER.into(), ..jana() };
    accounts::register(&world.desk, &visitor(), input).await.unwrap();
    let sent = mail(&world).await;
    assert_eq!((sent.to, sent.subject.as_str()), (email.clone(), "You have an account already"));
    sign_in(&world, &email, OTHER).await.refused(Code::Invalid);
    sign_in(&world, &email, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn who_is_known_by_mail_proves_the_address_and_keeps_the_tickets() {
    let world = World::new().await;
    let customer = world.customer().await;
    let ticket = world.ticket(&customer).await;
    let email = person(&customer).email.clone();
    forget_password(&world, &customer).await;
    accounts::register(&world.desk, &visitor(), Registration { email: email.clone(), ..jana() }).await.unwrap();
    let token = mail(&world).await.token("/confirm/");
    let made = accounts::confirm(&world.desk, &visitor(), &token, PASSWORD.into()).await.unwrap();
    assert_eq!((made.id, made.name.as_str()), (id_of(&customer), "Jana Novak"));
    let made = Actor::user(made, None);
    let seen = store::tickets::view::view(&world.desk, &made, ticket.id, domain::timeline::Part::Latest);
    assert_eq!(seen.await.unwrap().ticket.id, ticket.id);
    // Who is blocked stays so.
    let blocked = world.customer().await;
    forget_password(&world, &blocked).await;
    world.block(&blocked).await;
    let email = person(&blocked).email.clone();
    accounts::register(&world.desk, &visitor(), Registration { email: email.clone(), ..jana() }).await.unwrap();
    let token = mail(&world).await.token("/confirm/");
    accounts::confirm(&world.desk, &visitor(), &token, PASSWORD.into()).await.refused(Code::NotFound);
    sign_in(&world, &email, PASSWORD).await.refused(Code::Invalid);
}

/// Makes them somebody whom we only know by mail.
async fn forget_password(world: &World, actor: &Actor) {
    let sql = sqlx::query("update users set password_hash = null where id = $1").bind(id_of(actor).0);
    sql.execute(world.desk.pool()).await.unwrap();
}

#[tokio::test]
async fn who_is_known_by_mail_gets_in_by_choosing_a_password() {
    let world = World::new().await;
    let customer = world.customer().await;
    forget_password(&world, &customer).await;
    reset::ask(&world.desk, &visitor(), &person(&customer).email).await.unwrap();
    let sent = mail(&world).await;
    assert!(sent.text.contains("what you have written to us"), "{}", sent.text);
    reset::set(&world.desk, &visitor(), &sent.token("/reset/"), PASSWORD.into()).await.unwrap();
    sign_in(&world, &person(&customer).email, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn of_two_registrations_with_an_address_each_has_its_own_password() {
    let world = World::new().await;
    // A stranger was first. The owner's link must not let them in.
    accounts::register(&world.desk, &visitor(), Registration { password: OTHER.into(), ..jana() }).await.unwrap();
    let first = mail(&world).await.token("/confirm/");
    accounts::register(&world.desk, &visitor(), jana()).await.unwrap();
    let second = mail(&world).await.token("/confirm/");
    accounts::confirm(&world.desk, &visitor(), &second, OTHER.into()).await.wrong("password");
    let visitor = &visitor();
    let (one, two) = tokio::join!(
        accounts::confirm(&world.desk, visitor, &second, PASSWORD.into()),
        accounts::confirm(&world.desk, visitor, &second, PASSWORD.into()),
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    accounts::confirm(&world.desk, visitor, &first, OTHER.into()).await.refused(Code::NotFound);
    sign_in(&world, "jana@acme.example", OTHER).await.refused(Code::Invalid);
}

#[tokio::test]
async fn a_confirmation_is_sent_again_for_who_waits_for_one() {
    let world = World::new().await;
    accounts::register(&world.desk, &visitor(), jana()).await.unwrap();
    let first = mail(&world).await.token("/confirm/");
    accounts::register::send_again(&world.desk, &visitor(), " Jana@Acme.example ").await.unwrap();
    assert_eq!(mail(&world).await.token("/confirm/"), first);
    accounts::register::send_again(&world.desk, &visitor(), "nobody@acme.example").await.unwrap();
    assert!(world.mails().await.is_empty());
    accounts::register::send_again(&world.desk, &visitor(), "nobody").await.wrong("email");
    world.advance_seconds(24 * 3_600);
    accounts::register::send_again(&world.desk, &visitor(), "jana@acme.example").await.unwrap();
    assert!(world.mails().await.is_empty(), "it has run out");
    accounts::confirm(&world.desk, &visitor(), &first, PASSWORD.into()).await.refused(Code::NotFound);
}

#[tokio::test]
async fn a_password_is_reset_once_and_everybody_is_signed_out() {
    let world = World::new().await;
    let customer = world.customer().await;
    let email = person(&customer).email.clone();
    let session = sign_in(&world, &email, PASSWORD).await.unwrap();
    let (_, epoch) = accounts::sign_in_for_token(&world.desk, &visitor(), &email, PASSWORD.into(), None).await.unwrap();
    reset::ask(&world.desk, &visitor(), &email.to_uppercase()).await.unwrap();
    reset::ask(&world.desk, &visitor(), &email).await.unwrap();
    let mut mails = world.mails().await;
    assert_eq!(mails.len(), 2);
    let (other, token) = (mails.pop().unwrap().token("/reset/"), mails.pop().unwrap().token("/reset/"));
    assert_ne!(other, token);
    reset::set(&world.desk, &visitor(), &token, "password".into()).await.wrong("password");
    reset::set(&world.desk, &visitor(), &token, OTHER.into()).await.unwrap();
    let notice = mail(&world).await;
    assert_eq!((notice.to, notice.subject.as_str()), (email.clone(), "Your password was changed"));
    for used in [&token, &other] {
        reset::set(&world.desk, &visitor(), used, PASSWORD.into()).await.refused(Code::NotFound);
    }
    assert!(accounts::find(&world.desk, &session).await.unwrap().is_none(), "signed out");
    assert!(accounts::find_by_token(&world.desk, id_of(&customer), epoch).await.unwrap().is_none(), "tokens ended");
    sign_in(&world, &email, PASSWORD).await.refused(Code::Invalid);
    sign_in(&world, &email, OTHER).await.unwrap();
}

#[tokio::test]
async fn a_link_is_good_for_an_hour_and_for_nothing_else() {
    let world = World::new().await;
    let customer = world.customer().await;
    reset::ask(&world.desk, &visitor(), &person(&customer).email).await.unwrap();
    let token = mail(&world).await.token("/reset/");
    let opened = accounts::opened(&world.desk, &visitor(), Purpose::Reset, &token).await.unwrap();
    assert_eq!(opened.email, person(&customer).email);
    for purpose in [Purpose::Register, Purpose::NewAddress, Purpose::Invitation] {
        accounts::opened(&world.desk, &visitor(), purpose, &token).await.refused(Code::NotFound);
    }
    // Each letter of it counts.
    for at in 0..token.len() {
        let mut forged = token.clone().into_bytes();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        accounts::opened(&world.desk, &visitor(), Purpose::Reset, &forged).await.refused(Code::NotFound);
    }
    world.advance_seconds(3_599);
    accounts::opened(&world.desk, &visitor(), Purpose::Reset, &token).await.unwrap();
    world.advance_seconds(1);
    accounts::opened(&world.desk, &visitor(), Purpose::Reset, &token).await.refused(Code::NotFound);
    reset::set(&world.desk, &visitor(), &token, OTHER.into()).await.refused(Code::NotFound);
}

#[tokio::test]
async fn nothing_tells_which_addresses_have_accounts() {
    let world = World::new().await;
    let (known, blocked) = (world.customer().await, world.agent().await);
    world.block(&blocked).await;
    let browser = Browser::of_visitor(&world);
    let mut pages = Vec::new();
    for email in [&person(&known).email, &person(&blocked).email, "nobody@people.example"] {
        let page = browser.post("/forgot", &[("email", email)]).await;
        assert_eq!(page.status, StatusCode::OK);
        let nonce =
            page.text.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("none").to_owned();
        pages.push(page.text.replace(email, "ADDRESS").replace(&nonce, "NONCE"));
        let page = browser.post("/sign-up", &[("name", "A"), ("email", email), ("password", PASSWORD)]).await;
        assert_eq!(page.status, StatusCode::OK);
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(pages[0], pages[2]);
    let mails = world.mails().await;
    let to: Vec<_> = mails.iter().map(|m| (m.to.as_str(), m.subject.as_str())).collect();
    assert!(to.contains(&(person(&known).email.as_str(), "Choose a new password")), "{to:?}");
    assert!(!to.iter().any(|(_, subject)| subject.starts_with("Choose") && to.len() > 4), "{to:?}");
    assert!(!to.contains(&(person(&blocked).email.as_str(), "Choose a new password")), "{to:?}");
}

#[tokio::test]
async fn mails_are_asked_for_a_few_times_only() {
    let world = World::new().await;
    for _ in 0..5 {
        reset::ask(&world.desk, &visitor(), "jana@acme.example").await.unwrap();
    }
    let refused = reset::ask(&world.desk, &visitor(), "JANA@acme.example").await.refused(Code::TooMany);
    assert!(refused.message.contains("Several mails"), "{}", refused.message);
    accounts::register::send_again(&world.desk, &visitor(), "jana@acme.example").await.refused(Code::TooMany);
    let elsewhere = Actor::visitor(Some("192.0.2.8".into()));
    reset::ask(&world.desk, &elsewhere, "jana@acme.example").await.refused(Code::TooMany);
    for n in 0..16 {
        reset::ask(&world.desk, &visitor(), &format!("n{n}@acme.example")).await.unwrap();
    }
    reset::ask(&world.desk, &visitor(), "one-more@acme.example").await.refused(Code::TooMany);
}

#[tokio::test]
async fn another_address_of_somebody_is_not_the_way_in() {
    let world = World::new().await;
    let jana = world.customer().await;
    let first = person(&jana).email.clone();
    // Known by mails only, from two addresses, which staff or a merge have put together.
    for sql in [
        "update users set password_hash = null",
        "insert into user_emails (address, user_id, email) select 'other@acme.example', id, 'Other@acme.example' from users",
    ] {
        sqlx::query(sql).execute(world.desk.pool()).await.unwrap();
    }
    // Who reads the other one is told that it is known, and a reset goes to the first one.
    let input = Registration { name: "Jana".into(), email: "other@acme.example".into(), password: PASSWORD.into() };
    accounts::register(&world.desk, &visitor(), input).await.unwrap();
    let told = mail(&world).await;
    assert_eq!((told.to.as_str(), told.subject.as_str()), ("other@acme.example", "You have an account already"));
    reset::ask(&world.desk, &visitor(), "other@acme.example").await.unwrap();
    let sent = mail(&world).await;
    assert_eq!(sent.to, first);
    // A link that was sent before the two were put together opens nothing either.
    sqlx::query("delete from user_emails where address = 'other@acme.example'")
        .execute(world.desk.pool())
        .await
        .unwrap();
    accounts::register::send_again(&world.desk, &visitor(), "other@acme.example").await.unwrap();
    let early = mail(&world).await.token("/confirm/");
    sqlx::query("insert into user_emails (address, user_id, email) select 'other@acme.example', id, 'x' from users")
        .execute(world.desk.pool())
        .await
        .unwrap();
    accounts::confirm(&world.desk, &visitor(), &early, PASSWORD.into()).await.refused(Code::Taken);
    assert_eq!(world.count("select count(*) from users where password_hash is not null").await, 0);
    reset::set(&world.desk, &visitor(), &sent.token("/reset/"), OTHER.into()).await.unwrap();
    // Who has the account may name any of their addresses to sign in.
    sign_in(&world, "other@acme.example", OTHER).await.unwrap();
}

#[tokio::test]
async fn an_owner_is_told_of_a_lock_once_a_day() {
    let world = World::new().await;
    let email = person(&world.agent().await).email.clone();
    let lock = async |email: &str| {
        for _ in 0..6 {
            sign_in(&world, email, "wrong").await.refused(Code::Invalid);
        }
        sign_in(&world, email, "wrong").await.refused(Code::TooMany);
    };
    lock(&email).await;
    let notice = mail(&world).await;
    assert_eq!((notice.to, notice.subject.as_str()), (email.clone(), "Somebody tries to sign in to your account"));
    assert!(notice.text.contains("192.0.2.7"), "{}", notice.text);
    // Once its owner was in, it may be locked again, but they are not told again before the next day.
    world.advance_seconds(1);
    sign_in(&world, &email, PASSWORD).await.unwrap();
    lock(&email).await;
    lock("nobody@people.example").await;
    assert!(world.mails().await.is_empty());
    world.advance_seconds(86_400);
    lock(&email).await;
    assert_eq!(mail(&world).await.to, email);
}

#[tokio::test]
async fn an_address_is_changed_once_the_new_one_is_proved() {
    let world = World::new().await;
    let (customer, other) = (world.customer().await, world.customer().await);
    let old = person(&customer).email.clone();
    own::ask_for_address(&world.desk, &customer, None, "new@acme.example", OTHER.into()).await.wrong("password");
    own::ask_for_address(&world.desk, &customer, None, "new", PASSWORD.into()).await.wrong("email");
    own::ask_for_address(&world.desk, &customer, None, &old.to_uppercase(), PASSWORD.into()).await.wrong("email");
    own::ask_for_address(&world.desk, &customer, None, "first@acme.example", PASSWORD.into()).await.unwrap();
    let first = mail(&world).await.token("/new-address/");
    own::ask_for_address(&world.desk, &customer, None, "new@acme.example", PASSWORD.into()).await.unwrap();
    let sent = mail(&world).await;
    assert_eq!(sent.to, "new@acme.example");
    assert_eq!(own::profile(&world.desk, &customer).await.unwrap().new_email.as_deref(), Some("new@acme.example"));
    // A link that was sent to the old address before.
    reset::ask(&world.desk, &visitor(), &old).await.unwrap();
    let reset = mail(&world).await.token("/reset/");
    own::confirm_address(&world.desk, &visitor(), &first).await.refused(Code::NotFound);
    sign_in(&world, "new@acme.example", PASSWORD).await.refused(Code::Invalid);
    let owner = own::confirm_address(&world.desk, &visitor(), &sent.token("/new-address/")).await.unwrap();
    assert_eq!(owner, id_of(&customer));
    let notice = mail(&world).await;
    assert_eq!(notice.to, old);
    assert!(notice.text.contains("new@acme.example"), "{}", notice.text);
    sign_in(&world, "new@acme.example", PASSWORD).await.unwrap();
    sign_in(&world, &old, PASSWORD).await.refused(Code::Invalid);
    reset::set(&world.desk, &visitor(), &reset, OTHER.into()).await.refused(Code::NotFound);
    // One that is somebody's is told so by mail alone; one that becomes somebody's meanwhile is refused.
    own::ask_for_address(&world.desk, &customer, None, &person(&other).email, PASSWORD.into()).await.unwrap();
    assert_eq!(mail(&world).await.subject, "You have an account already");
    own::ask_for_address(&world.desk, &customer, None, "soon@acme.example", PASSWORD.into()).await.unwrap();
    let token = mail(&world).await.token("/new-address/");
    sqlx::query("insert into users (name, email, role) values ('Soon', 'SOON@acme.example', 'customer')")
        .execute(world.desk.pool())
        .await
        .unwrap();
    own::confirm_address(&world.desk, &visitor(), &token).await.refused(Code::Taken);
}

/// The profile says it to its owner; nobody else's does.
#[tokio::test]
async fn a_confirmed_address_is_said_wherever_the_link_is_opened() {
    let world = World::new().await;
    let (agent, customer) = (world.agent().await, world.customer().await);
    for (email, who, browser, profile) in [
        ("first@acme.example", &customer, Browser::of_visitor(&world), None),
        ("second@acme.example", &customer, Browser::of(&world, &agent).await, None),
        ("third@acme.example", &customer, Browser::of(&world, &customer).await, Some("/portal/me?saved")),
        ("fourth@acme.example", &agent, Browser::of(&world, &agent).await, Some("/me?saved")),
    ] {
        own::ask_for_address(&world.desk, who, None, email, PASSWORD.into()).await.unwrap();
        let token = mail(&world).await.token("/new-address/");
        let page = browser.post(&format!("/new-address/{token}"), &[]).await;
        match profile {
            Some(profile) => assert_eq!(page.headers[header::LOCATION], profile),
            None => assert!(page.text.contains("Your new address is set"), "{}", page.text),
        }
        world.mails().await;
    }
}

#[tokio::test]
async fn a_changed_password_ends_everything_else() {
    let world = World::new().await;
    let agent = world.agent().await;
    let email = person(&agent).email.clone();
    let here = sign_in(&world, &email, PASSWORD).await.unwrap();
    let there = sign_in(&world, &email, PASSWORD).await.unwrap();
    let (_, epoch) = accounts::sign_in_for_token(&world.desk, &visitor(), &email, PASSWORD.into(), None).await.unwrap();
    let session = accounts::find(&world.desk, &here).await.unwrap().unwrap().id;
    let change = async |now: &str, new: &str| {
        own::change_password(&world.desk, &agent, Some(session), now.into(), new.into()).await
    };
    change(PASSWORD, "short").await.wrong("new_password");
    change(OTHER, "yet another battery").await.wrong("password");
    change(PASSWORD, OTHER).await.unwrap();
    assert_eq!(mail(&world).await.subject, "Your password was changed");
    assert!(accounts::find(&world.desk, &here).await.unwrap().is_some(), "this device stays");
    assert!(accounts::find(&world.desk, &there).await.unwrap().is_none());
    assert!(accounts::find_by_token(&world.desk, id_of(&agent), epoch).await.unwrap().is_none());
    sign_in(&world, &email, OTHER).await.unwrap();
    // Who has got hold of an open device does not guess the password there.
    for _ in 0..6 {
        change("wrong", "yet another battery").await.wrong("password");
    }
    change(OTHER, "yet another battery").await.refused(Code::TooMany);
}

/// Who can read the database, with its jobs, cannot open an account with it.
#[tokio::test]
async fn no_link_is_in_the_database() {
    let world = World::new().await;
    let (admin, customer) = (world.superadmin().await, world.customer().await);
    accounts::register(&world.desk, &visitor(), jana()).await.unwrap();
    reset::ask(&world.desk, &visitor(), &person(&customer).email).await.unwrap();
    invite(&world, &admin, "zoe@acme.example", Role::Agent).await.unwrap();
    let mut seen = String::new();
    let mut tokens = Vec::new();
    loop {
        for sql in [
            "select coalesce(string_agg(j::text, ' '), '') from jobs j",
            "select coalesce(string_agg(l::text, ' '), '') from account_links l",
            "select coalesce(string_agg(i::text, ' '), '') from invitations i",
            "select coalesce(string_agg(e::text, ' '), '') from events e",
        ] {
            seen += &sqlx::query_scalar::<_, String>(sql).fetch_one(world.desk.pool()).await.unwrap();
        }
        let more = server::work::jobs::one(&world.desk, &world.post).await.unwrap();
        tokens.extend(world.mailbox.take());
        if !more {
            break;
        }
    }
    assert_eq!(tokens.len(), 3);
    for mail in &tokens {
        let page = ["/confirm/", "/reset/", "/invitation/"].into_iter().find(|page| mail.text.contains(page)).unwrap();
        let token = mail.token(page);
        // Neither as it stands in the mail nor a part of it, but for the number of the row.
        assert!(!seen.contains(&token[11..]), "{page}");
    }
    // Another desk's key makes other links of the same rows.
    let options = store::Options { keys: Keys::only(Key::new([9; 32])), ..Default::default() };
    let desk = store::Desk::open(world.desk.pool().clone(), world.files.clone(), world.clock.clone(), options);
    let desk = desk.await.unwrap();
    let token = tokens.iter().find(|m| m.text.contains("/reset/")).unwrap().token("/reset/");
    accounts::opened(&world.desk, &visitor(), Purpose::Reset, &token).await.unwrap();
    accounts::opened(&desk, &visitor(), Purpose::Reset, &token).await.refused(Code::NotFound);
}

#[tokio::test]
async fn the_forms_of_links_work_without_a_script() {
    let world = World::new().await;
    let admin = world.superadmin().await;
    let browser = Browser::of_visitor(&world);
    let form = [("name", "Jana"), ("email", "jana@acme.example"), ("password", PASSWORD)];
    let page = browser.post("/sign-up", &form).await;
    assert!(page.status.is_success() && page.text.contains("Look into your mailbox"), "{}", page.text);
    assert!(page.text.contains("does not send mails yet"), "without a mail server it says so: {}", page.text);
    let page = browser.post("/sign-in", &form[1..]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text.contains("Send the mail again"), "{}", page.text);
    let page = browser.post("/confirm", &[("email", "jana@acme.example")]).await;
    assert!(page.status.is_success() && page.text.contains("Look into your mailbox"), "{}", page.text);
    let address = format!("/confirm/{}", world.mails().await[0].token("/confirm/"));
    let page = browser.get(&address).await;
    assert!(page.status.is_success() && page.text.contains("jana@acme.example"), "{}", page.text);
    let page = browser.post(&address, &[("password", "wrong")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("not the password that you chose"), "{}", page.text);
    let page = browser.post(&address, &[("password", PASSWORD)]).await;
    assert!(page.headers.contains_key(header::SET_COOKIE), "{}", page.text);
    let page = browser.post(&address, &[("password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.text.contains("This link does not work"), "{}", page.text);

    browser.post("/forgot", &[("email", "jana@acme.example")]).await;
    let address = format!("/reset/{}", world.mails().await[0].token("/reset/"));
    let page = browser.post(&address, &[("password", "short")]).await;
    assert!(page.text.contains("at least 8 characters"), "{}", page.text);
    let page = browser.post(&address, &[("password", OTHER)]).await;
    assert_eq!(page.headers[header::LOCATION], "/sign-in?changed");

    world.mails().await;
    invite(&world, &admin, "zoe@acme.example", Role::Agent).await.unwrap();
    let address = format!("/invitation/{}", world.mails().await[0].token("/invitation/"));
    let page = browser.get(&address).await;
    assert!(page.text.contains("zoe@acme.example") && page.text.contains("Agent"), "{}", page.text);
    let page = browser.post(&address, &[("name", "Zoe <b>"), ("password", "short")]).await;
    assert!(page.text.contains("Zoe &lt;b&gt;"), "what was typed is kept: {}", page.text);
    let page = browser.post(&address, &[("name", "Zoe"), ("password", PASSWORD)]).await;
    assert!(page.headers.contains_key(header::SET_COOKIE), "{}", page.text);
    // What is no link leads to a page, not to a fault.
    for nonsense in ["x", "..%2F..%2Fetc", "%00", "a%20b", &"A".repeat(3_000)] {
        for page in ["/confirm", "/reset", "/invitation"] {
            let address = format!("{page}/{nonsense}");
            for answer in [browser.get(&address).await, browser.post(&address, &[("password", PASSWORD)]).await] {
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}: {}", answer.text);
                assert!(answer.text.contains("</html>"), "{address}");
            }
        }
    }
}
