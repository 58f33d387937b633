//! The mail that asks, and its link.

use super::{DAY, by_mail, given, rate, said, set, solved};
use crate::support::{World, browser::Browser, id_of, mailbox::Mail, person, sql};
use domain::{
    Actor, TicketId,
    event::Happening,
    rating::{OPEN_DAYS, Settings},
};
use http::{StatusCode, header};
use store::{customers, ratings::settings};

fn is_asked(mails: &[Mail]) -> bool {
    mails.iter().any(|mail| mail.subject.starts_with("How did we do"))
}

#[tokio::test]
async fn a_mail_asks_once_after_its_time() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let early = solved(&world, &agent, &jana).await;
    by_mail(&world, 24).await;
    world.advance_seconds(2 * DAY);
    assert!(!is_asked(&world.mails().await), "what was solved before is left alone: {early}");
    let id = solved(&world, &agent, &jana).await;
    world.advance_seconds(23 * 3_600);
    assert!(!is_asked(&world.mails().await));
    world.advance_seconds(3_600);
    let mut mails = world.mails().await;
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, person(&jana).email.as_str()));
    let mail = mails.remove(0);
    assert_eq!(mail.subject, format!("How did we do on ticket #{id}?"));
    assert!(mail.text.contains("The printer of") && !mail.text.contains("It does not print."), "{}", mail.text);
    set(&world, &agent, id, "closed").await;
    world.advance_seconds(3 * DAY);
    assert!(!is_asked(&world.mails().await), "closing what is solved asks nobody again");
    set(&world, &agent, id, "open").await;
    set(&world, &agent, id, "resolved").await;
    world.advance_seconds(DAY);
    assert!(is_asked(&world.mails().await), "solved anew, asked anew");
}

#[tokio::test]
async fn nobody_is_asked_where_it_makes_no_sense() {
    let world = World::new().await;
    by_mail(&world, 24).await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let pool = world.desk.pool();
    for case in
        ["asked", "reopened", "rated", "blocked", "erased", "unproved", "by mail", "staff", "imported", "off", "late"]
    {
        let jana = if case == "staff" { world.agent().await } else { world.customer().await };
        let id = solved(&world, &agent, &jana).await;
        let bind = id_of(&jana).0;
        match case {
            "reopened" => set(&world, &agent, id, "open").await,
            "rated" => rate(&world, &jana, id, 3, "").await.unwrap(),
            "blocked" => world.block(&jana).await,
            "erased" => {
                let how = world.erasure(id_of(&jana), false).await;
                world.run(async |tx| customers::erase::erase(tx, &admin, id_of(&jana), &how).await).await.unwrap();
            }
            "unproved" | "by mail" => {
                sqlx::query("update users set password_hash = null where id = $1")
                    .bind(bind)
                    .execute(pool)
                    .await
                    .unwrap();
                if case == "by mail" {
                    sqlx::query(
                        "insert into mails (digest, raw_key, size, ticket_id, from_address, origin)
                         select sha256('m'), 'm', 1, $1, upper(email), 'mailbox' from users where id = $2",
                    )
                    .bind(id.0)
                    .bind(bind)
                    .execute(pool)
                    .await
                    .unwrap();
                }
            }
            "imported" => {
                sqlx::query("insert into outside_tickets (source, number, ticket_id) values ('zendesk', '1', $1)")
                    .bind(id.0)
                    .execute(pool)
                    .await
                    .unwrap();
            }
            "off" => world.run(async |tx| settings::set(tx, &admin, &Settings::default()).await).await.unwrap(),
            _ => {}
        }
        world.advance_seconds(if case == "late" { 31 * DAY } else { DAY });
        let mails = world.mails().await;
        assert_eq!(is_asked(&mails), ["asked", "by mail"].contains(&case), "{case}: {mails:#?}");
        if case == "off" {
            by_mail(&world, 24).await;
        }
    }
}

/// The address in the mail that asks about a ticket that was just solved.
async fn linked(world: &World, agent: &Actor, jana: &Actor) -> (TicketId, String) {
    let id = solved(world, agent, jana).await;
    world.advance_seconds(DAY);
    (id, world.mails().await.remove(0).token("/rate/"))
}

#[tokio::test]
async fn the_link_rates_without_signing_in_and_not_by_being_opened() {
    let world = World::new().await;
    by_mail(&world, 24).await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let (id, token) = linked(&world, &agent, &jana).await;
    let token = token.split('?').next().unwrap();
    let visitor = Browser::of_visitor(&world);
    let path = format!("/rate/{token}");
    let page = visitor.get(&format!("{path}?score=5")).await;
    assert_eq!(page.status, StatusCode::OK);
    for (name, value) in
        [("x-robots-tag", "noindex, nofollow"), ("referrer-policy", "same-origin"), ("cache-control", "no-store")]
    {
        assert_eq!(page.headers[name], value, "{name}");
    }
    assert!(page.headers.contains_key("content-security-policy"));
    assert!(page.text.contains(&format!("#{id}")) && page.text.contains("The printer of"), "{}", page.text);
    assert!(!page.text.contains("It does not print") && !page.text.contains(&person(&jana).email), "{}", page.text);
    let (_, statements) = sql::fewest(6, || visitor.get(&path)).await;
    assert!(statements.len() <= 6, "{statements:#?}");
    assert_eq!(given(&world, &agent, id).await, None, "programs that look at mails open links");

    let wrong = visitor.post(&path, &[("score", "9"), ("comment", "kept")]).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.text.contains("kept"), "{}", wrong.text);
    // Whoever is signed in on the browser: the link is Jana's.
    let signed_in = Browser::of(&world, &agent).await.post(&path, &[("score", "4"), ("comment", "Fine.")]).await;
    assert_eq!(signed_in.headers[header::LOCATION], format!("{path}?sent"));
    assert_eq!(given(&world, &agent, id).await, Some((4, "Fine.".into())));
    let rated = Happening::Rated { score: 4, was: None, comment: "Fine.".into(), by_mail: true };
    assert_eq!(said(&world, &agent, id).await, [rated]);
    let by = world.count("select actor_id from events where kind = 'ticket.rated'").await;
    assert_eq!(by, id_of(&jana).0);
    let again = visitor.get(&format!("{path}?sent&score=1")).await;
    assert!(again.text.contains("We have got your rating.") && again.text.contains("Fine."), "{}", again.text);
    visitor.post(&path, &[("score", "5")]).await;
    assert_eq!(given(&world, &agent, id).await, Some((5, String::new())), "it can be changed");
    assert!(visitor.get("/portal").await.headers[header::LOCATION].to_str().unwrap().starts_with("/sign-in"));
}

#[tokio::test]
async fn a_link_ends_with_the_time_that_its_ticket_was_solved() {
    let world = World::new().await;
    by_mail(&world, 24).await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let visitor = Browser::of_visitor(&world);
    let (id, token) = linked(&world, &agent, &jana).await;
    let (other, second) = linked(&world, &agent, &jana).await;
    let token = token.split('?').next().unwrap().to_owned();
    let second = second.split('?').next().unwrap().to_owned();
    // Its signature on another ticket, cut off, longer, of another kind.
    let mut swapped = token[..11].to_owned();
    swapped.push_str(&second[11..]);
    for wrong in [swapped.as_str(), &token[1..], &format!("{token}A"), "x", "..%2f..", &"A".repeat(200)] {
        let page = visitor.get(&format!("/rate/{wrong}")).await;
        assert!(page.text.contains("This link does not work"), "{wrong}: {}", page.text);
        assert!(!page.text.contains("The printer of"), "{wrong}");
        let sent = visitor.post(&format!("/rate/{wrong}"), &[("score", "1")]).await;
        assert_eq!(sent.status, StatusCode::NOT_FOUND, "{wrong}");
    }
    let reset = visitor.get(&format!("/reset/{token}")).await;
    assert!(reset.text.contains("This link does not work"), "{}", reset.text);
    let path = format!("/rate/{token}");
    assert!(visitor.get(&path).await.text.contains("How did we do?"));
    set(&world, &agent, id, "open").await;
    assert!(visitor.get(&path).await.text.contains("This link does not work"));
    set(&world, &agent, id, "resolved").await;
    assert_eq!(visitor.post(&path, &[("score", "1")]).await.status, StatusCode::NOT_FOUND, "that was another time");
    let path = format!("/rate/{second}");
    world.advance_seconds(OPEN_DAYS * DAY);
    assert_eq!(visitor.post(&path, &[("score", "1")]).await.status, StatusCode::NOT_FOUND);
    assert_eq!((given(&world, &agent, id).await, given(&world, &agent, other).await), (None, None));
    let third = linked(&world, &agent, &jana).await.1;
    world.block(&jana).await;
    let blocked = visitor.get(&format!("/rate/{}", third.split('?').next().unwrap())).await;
    assert!(blocked.text.contains("This link does not work"));
}
