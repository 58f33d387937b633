//! What people set about themselves.

use crate::support::{PASSWORD, Refused as _, World, browser::Browser, id_of, person, text};
use domain::{
    Actor, TicketId,
    profile::NewProfile,
    ticket::{NewMessage, Writing},
    timeline::Part,
};
use http::{StatusCode, header};
use store::{
    Tx,
    accounts::own,
    tickets::{list, message, search, view},
};

const OTHER: &str = "another horse battery";

#[tokio::test]
async fn a_profile_is_kept() {
    let world = World::new().await;
    let agent = world.agent().await;
    let wanted = NewProfile {
        name: "Mia Berger".into(),
        time_zone: "Europe/Berlin".into(),
        language: "en-US".into(),
        signature: "Mia\n</textarea><b>".into(),
    };
    let set = async |input: NewProfile| world.run(async |tx: &mut Tx| own::set_profile(tx, &agent, input).await).await;
    set(NewProfile { time_zone: "Mars/Phobos".into(), ..wanted.clone() }).await.wrong("time_zone");
    set(wanted.clone()).await.unwrap();
    set(wanted.clone()).await.unwrap();
    assert_eq!(world.count("select count(*) from events where kind = 'account.profile_changed'").await, 1);
    let mia = Browser::of(&world, &world.actor(id_of(&agent)).await).await;
    let page = mia.get("/me").await.text;
    assert!(page.contains("Mia Berger") && page.contains("Europe/Berlin") && page.contains("&lt;/textarea>"), "{page}");
    // By the form: what is refused is kept, what is taken is there.
    let form = [("form", "profile"), ("name", ""), ("time_zone", "Nowhere"), ("signature", "Hello <i>")];
    let refused = mia.post("/me", &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["Please tell us your name", "no such time zone", "Hello &lt;i>", "value=\"Nowhere\""] {
        assert!(refused.text.contains(part), "{part}: {}", refused.text);
    }
    let form = [("form", "password"), ("current_password", "wrong"), ("new_password", OTHER)];
    let refused = mia.post("/me", &form).await;
    assert!(refused.text.contains("not your password") && !refused.text.contains(OTHER), "{}", refused.text);
    // A theme follows to the next device.
    mia.post("/me/theme", &[("theme", "dark")]).await;
    let form = [("email", person(&agent).email.as_str()), ("password", PASSWORD)];
    let welcome = Browser::of_visitor(&world).post("/sign-in", &form).await;
    let cookies: Vec<_> = welcome.headers.get_all(header::SET_COOKIE).iter().map(|c| c.to_str().unwrap()).collect();
    assert!(cookies.iter().any(|c| c.starts_with("docket_theme=dark")), "{cookies:?}");
}

async fn sign_with(world: &World, actor: &Actor, signature: &str) {
    let input = NewProfile { name: "Mia Berger".into(), signature: signature.into(), ..NewProfile::default() };
    world.run(async |tx: &mut Tx| own::set_profile(tx, actor, input).await).await.unwrap();
}

/// What was written last, as its readers see it.
async fn last(world: &World, reader: &Actor, ticket: TicketId) -> String {
    let seen = view::view(&world.desk, reader, ticket, Part::Latest).await.unwrap();
    seen.slice.entries.iter().rev().find_map(|e| e.message.as_ref()).unwrap().html.clone()
}

#[tokio::test]
async fn a_reply_is_signed_where_it_is_wanted() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    sign_with(&world, &agent, "**Mia Berger**\nquokka support <script>alert(1)</script>").await;
    let signed = |writing, body: &str| NewMessage { sign: true, ..text(writing, body) };
    world.write(&agent, ticket, signed(Writing::Reply, "Hello")).await;
    let html = last(&world, &jana, ticket).await;
    assert!(
        html.starts_with("<p>Hello</p>") && html.contains("<div class=\"signature\"><p><strong>Mia Berger"),
        "{html}"
    );
    assert!(!html.contains("<script") && html.matches("signature").count() == 1, "{html}");
    // Where it is left out, in notes, and by customers, there is none.
    world.write(&agent, ticket, text(Writing::Reply, "Hello again")).await;
    assert!(!last(&world, &jana, ticket).await.contains("signature"));
    world.write(&agent, ticket, signed(Writing::Note, "Among us")).await;
    assert!(!last(&world, &agent, ticket).await.contains("signature"));
    sign_with(&world, &jana, "Jana").await;
    world.write(&jana, ticket, signed(Writing::Reply, "Thank you")).await;
    assert!(!last(&world, &agent, ticket).await.contains("signature"));
    // Lists and the search speak of what was said.
    let found = search::search(&world.desk, &agent, "quokka", 0).await.unwrap();
    assert!(found.hits.is_empty(), "{found:?}");
    let other = world.ticket(&jana).await.id;
    world.write(&agent, other, signed(Writing::Reply, "Hello")).await;
    let listed = list::list(&world.desk, &agent, &domain::ticket::Filter::default()).await.unwrap();
    assert!(listed.rows.iter().all(|row| !row.excerpt.contains("quokka")), "{listed:?}");
    // Once without, it is gone from what is written from then on.
    sign_with(&world, &agent, " ").await;
    world.write(&agent, ticket, signed(Writing::Reply, "Bye")).await;
    assert!(!last(&world, &jana, ticket).await.contains("signature"));
}

/// A reply that is held back and sent again, and one whose answer was lost, are signed once.
#[tokio::test]
async fn nothing_is_signed_twice() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    sign_with(&world, &agent, "Mia").await;
    let first = world.reply(&agent, ticket, "One").await;
    let newest = world.reply(&jana, ticket, "But").await;
    let reply = NewMessage { sign: true, seen: Some(first), key: Some("k".into()), ..text(Writing::Reply, "Two") };
    let write =
        async |input: NewMessage| world.run(async |tx: &mut Tx| message::write(tx, &agent, ticket, input).await).await;
    write(reply.clone()).await.refused(domain::Code::Conflict);
    let again = NewMessage { seen: Some(newest), ..reply };
    let (_, one) = write(again.clone()).await.unwrap();
    let (_, two) = write(again).await.unwrap();
    assert_eq!(one, two);
    assert_eq!(last(&world, &jana, ticket).await.matches("signature").count(), 1);
    // The composer shows it to who answers, and nobody else's.
    let seen = view::view(&world.desk, &agent, ticket, Part::Latest).await.unwrap();
    assert_eq!(seen.signature, "<p>Mia</p>\n");
    let seen = view::view(&world.desk, &world.agent().await, ticket, Part::Latest).await.unwrap();
    assert_eq!(seen.signature, "");
    sign_with(&world, &jana, "Jana").await;
    let seen = view::view(&world.desk, &jana, ticket, Part::Latest).await.unwrap();
    assert_eq!(seen.signature, "");
    let page = Browser::of(&world, &agent).await.get(&format!("/tickets/{ticket}")).await.text;
    assert!(page.contains("Leave out signature"), "{page}");
}

#[tokio::test]
async fn clocks_are_those_of_the_zone_that_somebody_has_chosen() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let ticket = world.ticket(&jana).await.id;
    let mia = Browser::of(&world, &agent).await;
    let page = format!("/tickets/{ticket}");
    assert!(mia.get(&page).await.text.contains("title=\"21 Nov 2026, 08:12 UTC\""));
    for (zone, shown, clock) in [
        ("Europe/Berlin", "21 Nov 2026, 09:12 UTC+1", ">09:12<"),
        ("America/New_York", "21 Nov 2026, 03:12 UTC−5", ">03:12<"),
        ("Asia/Kolkata", "21 Nov 2026, 13:42 UTC+5:30", ">13:42<"),
        ("Pacific/Kiritimati", "21 Nov 2026, 22:12 UTC+14", ">22:12<"),
        ("UTC", "21 Nov 2026, 08:12 UTC", ">08:12<"),
    ] {
        let form = [("form", "profile"), ("name", "Mia Berger"), ("time_zone", zone)];
        assert_eq!(mia.post("/me", &form).await.status, StatusCode::SEE_OTHER, "{zone}");
        let text = mia.get(&page).await.text;
        assert!(text.contains(&format!("title=\"{shown}\"")) && text.contains(clock), "{zone}: {text}");
    }
    // A day has begun there that has not in UTC.
    let admin = world.superadmin().await;
    let ada = Browser::of(&world, &admin).await;
    let form = [("form", "profile"), ("name", "Ada"), ("time_zone", "Pacific/Kiritimati")];
    ada.post("/me", &form).await;
    world.advance_seconds(2 * 3_600);
    let table = ada.get("/settings/log.csv").await.text;
    assert!(table.contains("2026-11-21T22:12:0"), "{table}");
    assert!(table.contains("+14:00,"), "{table}");
    assert!(ada.get("/settings/log").await.text.contains("UTC+14"));
}

#[tokio::test]
async fn days_and_times_are_written_as_in_the_chosen_language() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let page = format!("/tickets/{}", world.ticket(&jana).await.id);
    let mia = Browser::of(&world, &agent).await;
    let choose = async |language: &str| {
        let form = [("form", "profile"), ("name", "Mia"), ("time_zone", "Europe/Berlin"), ("language", language)];
        mia.post("/me", &form).await
    };
    for (language, shown, clock) in [
        ("en-US", "Nov 21, 2026, 9:12\u{a0}AM UTC+1", ">9:12\u{a0}AM<"),
        ("en-GB", "21 Nov 2026, 09:12 UTC+1", ">09:12<"),
    ] {
        assert_eq!(choose(language).await.status, StatusCode::SEE_OTHER, "{language}");
        let text = mia.get(&page).await.text;
        assert!(text.contains(&format!("<html lang=\"{language}\"")), "{text}");
        assert!(text.contains(&format!("title=\"{shown}\"")) && text.contains(clock), "{language}: {text}");
        let text = mia.get("/me").await.text;
        assert!(text.contains(&format!("<option value=\"{language}\" selected")), "{text}");
    }
    let refused = choose("tlh").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("Choose one of these languages."), "{}", refused.text);
    let kept = mia.get(&page).await.text;
    assert!(kept.contains("<html lang=\"en-GB\""), "{kept}");
}

/// When clocks are set is worked out by the database; here it is compared with what the database itself makes of moments.
#[tokio::test]
async fn zones_are_right_to_the_minute() {
    let world = World::new().await;
    let agent = world.agent().await;
    let mut seed = 7_u64;
    for name in ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu"] {
        let input = NewProfile { name: "Mia".into(), time_zone: name.into(), ..NewProfile::default() };
        world.run(async |tx: &mut Tx| own::set_profile(tx, &agent, input).await).await.unwrap();
        let shifts: Vec<i64> = sqlx::query_scalar("select shifts from zones where name = $1")
            .bind(name)
            .fetch_one(world.desk.pool())
            .await
            .unwrap();
        let zone = domain::zone::Zone::from_pairs(name.into(), &shifts);
        for _ in 0..200 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Between 2010 and 2044, on any second.
            let second = 1_262_304_000 + i64::try_from(seed >> 33).unwrap() % 1_072_000_000;
            let known: i32 = sqlx::query_scalar(
                "select (extract(epoch from (to_timestamp($1) at time zone $2) - (to_timestamp($1) at time zone 'UTC')) / 60)::int",
            )
            .bind(second as f64)
            .bind(name)
            .fetch_one(world.desk.pool())
            .await
            .unwrap();
            assert_eq!(zone.ahead(domain::Time(second * 1_000)), known, "{name} at {second}");
        }
        // And just before and after each of them.
        for pair in zone.shifts.windows(2) {
            assert_eq!(zone.ahead(domain::Time(pair[1].0 * 60_000 - 1)), pair[0].1);
            assert_eq!(zone.ahead(domain::Time(pair[1].0 * 60_000)), pair[1].1);
        }
    }
}

#[tokio::test]
async fn the_browsers_zone_is_taken_from_who_comes_by_a_mail() {
    let world = World::new().await;
    world.agent().await;
    let mut browser = Browser::of_visitor(&world);
    browser.cookie = Some("docket_zone=Europe/Berlin".into());
    let fields = [("name", "Jana"), ("email", "jana@acme.example"), ("password", PASSWORD)];
    browser.post("/sign-up", &fields).await;
    let link = world.mails().await.remove(0).token("/confirm/");
    assert_eq!(
        browser.post(&format!("/confirm/{link}"), &[("password", PASSWORD)]).await.status,
        StatusCode::SEE_OTHER
    );
    let taken = "select count(*) from users where time_zone = 'Europe/Berlin' and email = 'jana@acme.example'";
    assert_eq!(world.count(taken).await, 1);
}

#[tokio::test]
async fn the_browsers_zone_is_taken_once() {
    let world = World::new().await;
    let jana = world.customer().await;
    let zone = async || -> Option<String> {
        let sql = sqlx::query_scalar("select time_zone from users where id = $1").bind(id_of(&jana).0);
        sql.fetch_one(world.desk.pool()).await.unwrap()
    };
    let sign_in = async |cookie: &str| {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("email", person(&jana).email.as_str()), ("password", PASSWORD)])
            .finish();
        let request = http::Request::post("/sign-in")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header(header::COOKIE, format!("docket_zone={cookie}"));
        let page = Browser::of_visitor(&world).send(request.body(axum::body::Body::from(form)).unwrap()).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{cookie}");
    };
    for nonsense in ["", "Mars/Phobos", "x", "Europe/Berlin'--", "CET-1CEST", &"A/".repeat(500)] {
        sign_in(nonsense).await;
        assert_eq!(zone().await, None, "{nonsense}");
    }
    sign_in("Europe/Berlin").await;
    assert_eq!(zone().await.as_deref(), Some("Europe/Berlin"));
    sign_in("Asia/Tokyo").await;
    assert_eq!(zone().await.as_deref(), Some("Europe/Berlin"), "it is theirs to change");
    assert_eq!(world.count("select count(*) from events where kind = 'account.profile_changed'").await, 1);
    let admin = Browser::of(&world, &world.agent().await).await;
    let names = admin.call("/rpc/accounts/zones", "{}").await.text;
    assert!(names.contains("\"Europe/Berlin\"") && names.contains("\"UTC\"") && !names.contains("posix"), "{names}");
}
