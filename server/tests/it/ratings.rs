//! How satisfied requesters were: in the portal, and as staff see it.

mod link;
mod list;

use crate::support::{Refused as _, World, browser::Browser, id_of};
use domain::{
    Actor, Code, CompanyId, Role, TicketId,
    access::{Permission, Permissions},
    event::{Audience, Happening},
    rating::{Average, Given, NewRating, OPEN_DAYS, Settings},
    retention::Periods,
    ticket::{Change, Swap},
    timeline::Part,
};
use http::{StatusCode, header};
use store::{
    access::log,
    companies, customers,
    ratings::{self, settings},
    tickets::{change, view},
};

const DAY: i64 = 86_400;

/// Has requesters asked by mail, after so many hours.
pub async fn by_mail(world: &World, delay_hours: i32) {
    let admin = world.superadmin().await;
    let wanted = Settings { mail: true, delay_hours, ..Settings::default() };
    world.run(async |tx| settings::set(tx, &admin, &wanted).await).await.unwrap();
}

pub async fn set(world: &World, agent: &Actor, id: TicketId, status: &str) {
    let to = Change { status: Some(Swap::to(world.status(status))), ..Change::default() };
    world.run(async |tx| change::change(tx, agent, id, to).await).await.unwrap();
    world.advance_seconds(1);
}

/// A ticket of this customer that was solved.
pub async fn solved(world: &World, agent: &Actor, customer: &Actor) -> TicketId {
    let id = world.ticket(customer).await.id;
    set(world, agent, id, "resolved").await;
    id
}

fn says(score: i16, comment: &str) -> NewRating {
    NewRating { score, comment: comment.into() }
}

async fn rate(world: &World, actor: &Actor, id: TicketId, score: i16, comment: &str) -> domain::Result<()> {
    world.run(async |tx| ratings::rate(tx, actor, id, says(score, comment)).await).await
}

async fn given(world: &World, actor: &Actor, id: TicketId) -> Option<(i16, String)> {
    let given = ratings::of_ticket(&world.desk, actor, id).await.unwrap();
    given.map(|Given { score, comment, .. }| (score, comment))
}

/// What the timeline says of ratings.
async fn said(world: &World, actor: &Actor, id: TicketId) -> Vec<Happening> {
    let view = view::view(&world.desk, actor, id, Part::Latest).await.unwrap();
    view.slice.entries.into_iter().map(|e| e.what).filter(|w| matches!(w, Happening::Rated { .. })).collect()
}

async fn average(world: &World, agent: &Actor, of: &Actor) -> (i64, i64) {
    let mut conn = world.desk.read().await.unwrap();
    let Average { ratings, total } = customers::view::view(&mut conn, agent, id_of(of)).await.unwrap().rating;
    (ratings, total)
}

async fn average_of(world: &World, agent: &Actor, of: CompanyId) -> (i64, i64) {
    let mut conn = world.desk.read().await.unwrap();
    let Average { ratings, total } = companies::view::view(&mut conn, agent, of).await.unwrap().rating;
    (ratings, total)
}

/// What is counted anew, against what was kept.
async fn sums_are_right(world: &World) {
    let wrong = world
        .count(
            "with counted as (
                 select 'customer' as kind, requester_id as id, count(*) as n, sum(rating) as total from tickets where rating is not null group by 2
                 union all
                 select 'company', company_id, count(*), sum(rating) from tickets where rating is not null and company_id is not null group by 2)
             select count(*) from counted c full join (select * from rating_sums where ratings <> 0 or total <> 0) s
                 on s.kind = c.kind and s.of_id = c.id
             where (c.n, c.total) is distinct from (s.ratings, s.total)",
        )
        .await;
    assert_eq!(wrong, 0, "sums that are not what the tickets say");
}

#[tokio::test]
async fn only_the_requester_rates_what_is_solved() {
    let world = World::new().await;
    let (agent, admin, company) = (world.agent().await, world.superadmin().await, world.company("Acme", true).await);
    let (jana, colleague) = (world.company_user(company).await, world.company_user(company).await);
    let stranger = world.customer().await;
    let id = world.ticket(&jana).await.id;
    rate(&world, &jana, id, 5, "").await.refused(Code::Impossible);
    assert_eq!(ratings::asked(&world.desk, &jana, id).await.unwrap(), None, "it is not solved");
    set(&world, &agent, id, "resolved").await;
    for (who, code) in [
        (&colleague, Code::Forbidden),
        (&agent, Code::Forbidden),
        (&admin, Code::Forbidden),
        (&stranger, Code::NotFound),
        (&Actor::visitor(None), Code::SignedOut),
    ] {
        rate(&world, who, id, 5, "").await.refused(code);
    }
    rate(&world, &jana, TicketId(999_999), 5, "").await.refused(Code::NotFound);
    for score in [0, 6, -3] {
        rate(&world, &jana, id, score, "").await.wrong("score");
    }
    rate(&world, &jana, id, 4, &"x".repeat(2_001)).await.wrong("comment");
    assert_eq!(given(&world, &agent, id).await, None, "nothing of that was kept");
    for who in [&colleague, &agent] {
        assert_eq!(ratings::asked(&world.desk, who, id).await.unwrap(), None, "who is not asked");
    }
    ratings::asked(&world.desk, &stranger, id).await.refused(Code::NotFound);

    let asked = ratings::asked(&world.desk, &jana, id).await.unwrap().unwrap();
    assert_eq!(asked.given, None);
    let before = view::view(&world.desk, &agent, id, Part::Latest).await.unwrap().ticket.updated_at;
    rate(&world, &jana, id, 4, " Quick, \n <b>thanks</b> ").await.unwrap();
    assert_eq!(given(&world, &agent, id).await, Some((4, "Quick, \n <b>thanks</b>".into())));
    assert_eq!(given(&world, &jana, id).await, Some((4, "Quick, \n <b>thanks</b>".into())));
    assert_eq!(given(&world, &colleague, id).await, None, "what was said is between the requester and staff");
    assert_eq!(said(&world, &agent, id).await.len(), 1);
    assert!(said(&world, &jana, id).await.is_empty() && said(&world, &colleague, id).await.is_empty());
    assert_eq!(view::view(&world.desk, &agent, id, Part::Latest).await.unwrap().ticket.updated_at, before);
    let rated = Happening::Rated { score: 4, was: None, comment: String::new(), by_mail: false };
    assert_eq!(rated.audience(), Audience::Staff);

    // Staff who ask for something themselves do not praise themselves for it.
    let own = solved(&world, &admin, &agent).await;
    rate(&world, &agent, own, 5, "").await.refused(Code::Forbidden);
    assert_eq!(ratings::asked(&world.desk, &agent, own).await.unwrap(), None);
}

#[tokio::test]
async fn it_can_be_changed_for_some_days_and_given_anew_when_solved_anew() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let id = solved(&world, &agent, &jana).await;
    rate(&world, &jana, id, 2, "Slow.").await.unwrap();
    rate(&world, &jana, id, 2, "Slow.").await.unwrap();
    assert_eq!(said(&world, &agent, id).await.len(), 1, "the same twice is one");
    set(&world, &agent, id, "closed").await;
    rate(&world, &jana, id, 3, "").await.unwrap();
    assert_eq!(given(&world, &agent, id).await, Some((3, String::new())), "closing is not solving anew");
    assert_eq!(average(&world, &agent, &jana).await, (1, 3));
    let last = said(&world, &agent, id).await.pop().unwrap();
    assert_eq!(last, Happening::Rated { score: 3, was: Some(2), comment: String::new(), by_mail: false });

    // Opened again, it is rated as before until it is solved, and then anew.
    set(&world, &agent, id, "open").await;
    rate(&world, &jana, id, 1, "").await.refused(Code::Impossible);
    assert_eq!(average(&world, &agent, &jana).await, (1, 3));
    set(&world, &agent, id, "resolved").await;
    assert_eq!(ratings::asked(&world.desk, &jana, id).await.unwrap().unwrap().given, None);
    rate(&world, &jana, id, 5, "At last.").await.unwrap();
    assert_eq!(given(&world, &agent, id).await, Some((5, "At last.".into())));
    assert_eq!((average(&world, &agent, &jana).await, world.count("select count(*) from ratings").await), ((1, 5), 2));

    world.advance_seconds(OPEN_DAYS * DAY - 60);
    rate(&world, &jana, id, 4, "").await.unwrap();
    world.advance_seconds(120);
    rate(&world, &jana, id, 5, "").await.refused(Code::Impossible);
    assert_eq!(ratings::asked(&world.desk, &jana, id).await.unwrap(), None);
    sums_are_right(&world).await;
}

#[tokio::test]
async fn two_at_once_are_one_rating() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let id = solved(&world, &agent, &jana).await;
    let (a, b, c) =
        tokio::join!(rate(&world, &jana, id, 1, "a"), rate(&world, &jana, id, 2, "b"), rate(&world, &jana, id, 3, "c"));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(world.count("select count(*) from ratings").await, 1);
    let (score, _) = given(&world, &agent, id).await.unwrap();
    assert_eq!(average(&world, &agent, &jana).await, (1, score.into()));
}

#[tokio::test]
async fn sums_follow_their_tickets() {
    let world = World::new().await;
    let (manager, agent) = (world.manager().await, world.agent().await);
    let (acme, zebra) = (world.company("Acme", true).await, world.company("Zebra", true).await);
    let (kept, gone) = (world.company_user(acme).await, world.company_user(zebra).await);
    for (who, score) in [(&kept, 5), (&gone, 2), (&gone, 1)] {
        let id = solved(&world, &agent, who).await;
        rate(&world, who, id, score, &format!("said {score}")).await.unwrap();
    }
    assert_eq!((average_of(&world, &agent, acme).await, average_of(&world, &agent, zebra).await), ((1, 5), (2, 3)));
    customers::merge::merge(&world.desk, &manager, id_of(&kept), id_of(&gone)).await.unwrap();
    assert_eq!(average(&world, &agent, &kept).await, (3, 8));
    let mut conn = world.desk.read().await.unwrap();
    let rated = ratings::of_customer(&mut conn, &agent, id_of(&kept), None).await.unwrap().rows;
    assert_eq!(rated.iter().map(|r| r.given.score).collect::<Vec<_>>(), [1, 2, 5], "also what the other one has said");
    assert_eq!(rated[0].given.comment, "said 1");
    conn.done();
    sums_are_right(&world).await;
    world.run(async |tx| companies::merge::merge(tx, &manager, acme, zebra).await).await.unwrap();
    world.mails().await;
    assert_eq!(average_of(&world, &agent, acme).await, (3, 8));
    sums_are_right(&world).await;

    // Who sees a part of the tickets sees a part of the ratings.
    let part = world.custom(Permissions::of_role(Role::Agent).without(Permission::SeeAllTickets)).await;
    let mut conn = world.desk.read().await.unwrap();
    assert!(ratings::of_customer(&mut conn, &part, id_of(&kept), None).await.unwrap().rows.is_empty());
    ratings::of_customer(&mut conn, &kept, id_of(&kept), None).await.refused(Code::Forbidden);
}

#[tokio::test]
async fn what_was_said_goes_with_the_person_and_the_number_stays() {
    let world = World::new().await;
    let (admin, agent, jana) = (world.superadmin().await, world.agent().await, world.customer().await);
    let id = solved(&world, &agent, &jana).await;
    rate(&world, &jana, id, 2, "First words").await.unwrap();
    rate(&world, &jana, id, 3, "Second words").await.unwrap();
    let export = world.run(async |tx| customers::export::ask(tx, &admin, id_of(&jana)).await).await.unwrap();
    world.mails().await;
    let (_, bytes) = customers::export::fetch(&world.desk, &admin, export).await.unwrap();
    let zip = bytes_of(bytes).await;
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let mut data = String::new();
    std::io::Read::read_to_string(&mut zip.by_name("data.json").unwrap(), &mut data).unwrap();
    assert!(data.contains("First words") && data.contains("Second words"), "{data}");

    let how = world.erasure(id_of(&jana), false).await;
    world.run(async |tx| customers::erase::erase(tx, &admin, id_of(&jana), &how).await).await.unwrap();
    assert_eq!(given(&world, &agent, id).await, Some((3, String::new())));
    assert_eq!(world.count("select count(*) from events where data::text like '%words%'").await, 0);
    assert_eq!(average(&world, &agent, &jana).await, (1, 3));
}

async fn bytes_of(mut from: futures::stream::BoxStream<'static, object_store::Result<bytes::Bytes>>) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(part) = futures::StreamExt::next(&mut from).await {
        all.extend_from_slice(&part.unwrap());
    }
    all
}

#[tokio::test]
async fn an_emptied_ticket_keeps_the_number_alone() {
    let world = World::new().await;
    let (admin, agent, jana) = (world.superadmin().await, world.agent().await, world.customer().await);
    let id = solved(&world, &agent, &jana).await;
    rate(&world, &jana, id, 2, "First words").await.unwrap();
    rate(&world, &jana, id, 3, "Second words").await.unwrap();
    set(&world, &agent, id, "closed").await;
    let month = Periods { tickets: Some(1), ..Periods::default() };
    world.run(async |tx| store::retention::set(tx, &admin, &month).await).await.unwrap();
    world.advance_seconds(40 * DAY);
    store::retention::work(&world.desk).await.unwrap();
    assert_eq!(given(&world, &agent, id).await, Some((3, String::new())));
    assert_eq!(world.count("select count(*) from events where data::text like '%words%'").await, 0);
    assert_eq!(average(&world, &agent, &jana).await, (1, 3));
}

#[tokio::test]
async fn events_change_in_no_other_way() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let id = solved(&world, &agent, &jana).await;
    rate(&world, &jana, id, 2, "Words").await.unwrap();
    for sql in [
        "update events set data = data - 'comment' where kind = 'ticket.rated'",
        "update events set data = '{\"score\": 5}' where kind = 'ticket.rated'",
    ] {
        sqlx::query(sql).execute(world.desk.pool()).await.unwrap_err();
    }
    let done = "select events_uncomment(array(select id from events))";
    assert_eq!(world.count(done).await, 1, "only what has a comment");
    assert_eq!(world.count(done).await, 0);
    assert_eq!(given(&world, &agent, id).await, Some((2, String::new())));
}

#[tokio::test]
async fn in_the_portal_it_is_a_form() {
    let world = World::new().await;
    let (agent, jana, other) = (world.agent().await, world.customer().await, world.customer().await);
    let id = solved(&world, &agent, &jana).await;
    let browser = Browser::of(&world, &jana).await;
    let path = format!("/portal/tickets/{id}");
    let form = format!("{path}/rating");
    let page = browser.get(&path).await;
    assert!(page.text.contains("How did we do?") && page.text.contains("Very good"), "{}", page.text);
    let wrong = browser.post(&form, &[("comment", "</textarea><script>x")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("Please choose one of the five."), "{}", wrong.text);
    assert!(!wrong.text.contains("<script>x") && wrong.text.contains("&lt;/textarea"), "it is kept, as text");
    let done = browser.post(&form, &[("score", "2"), ("comment", "Slow.")]).await;
    assert_eq!(done.headers[header::LOCATION], format!("{path}?rated#rating"));
    let page = browser.get(&format!("{path}?rated")).await;
    assert!(page.text.contains("We have got your rating.") && page.text.contains("Slow."), "{}", page.text);
    let other_page = [("score", "5"), ("person", &id_of(&other).to_string())];
    assert_eq!(browser.post(&form, &other_page).await.status, StatusCode::CONFLICT, "from the page of somebody else");
    assert_eq!(given(&world, &agent, id).await, Some((2, "Slow.".into())));

    let visitor = Browser::of_visitor(&world).post(&form, &[("score", "5")]).await;
    assert!(visitor.headers[header::LOCATION].to_str().unwrap().starts_with("/sign-in?"));
    assert_eq!(Browser::of(&world, &other).await.post(&form, &[("score", "5")]).await.status, StatusCode::NOT_FOUND);
    let staff = Browser::of(&world, &agent).await;
    assert_eq!(staff.post(&form, &[("score", "5")]).await.status, StatusCode::FORBIDDEN);
    let shown = staff.get(&format!("/tickets/{id}")).await;
    assert!(shown.text.contains("rated the solution") && shown.text.contains("2 of 5"), "{}", shown.text);
    let customer = staff.get(&format!("/customers/{}?list=ratings", id_of(&jana))).await;
    assert!(customer.text.contains("2.0 of 5, by 1 rating") && customer.text.contains("Slow."), "{}", customer.text);

    // Switched off, nobody is asked, and nobody rates.
    let admin = world.superadmin().await;
    let off = Settings { portal: false, ..Settings::default() };
    world.run(async |tx| settings::set(tx, &admin, &off).await).await.unwrap();
    assert!(!browser.get(&path).await.text.contains("Your rating"));
    assert_eq!(browser.post(&form, &[("score", "5")]).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_change_of_the_settings_is_in_the_log() {
    let world = World::new().await;
    let admin = world.superadmin().await;
    let browser = Browser::of(&world, &admin).await;
    let wrong = browser.post("/settings/satisfaction", &[("mail", "on"), ("delay_hours", "337")]).await;
    assert!(wrong.text.contains("Use a number from 0 to 336."), "{}", wrong.text);
    let saved = browser.post("/settings/satisfaction", &[("mail", "on"), ("delay_hours", "2")]).await;
    assert_eq!(saved.headers[header::LOCATION], "/settings/satisfaction?saved");
    let now = settings::get(&world.desk, &admin).await.unwrap();
    assert_eq!(now, Settings { portal: false, mail: true, delay_hours: 2 });
    let lines = log::list(&world.desk, &admin, &domain::security_log::LogFilter::default()).await.unwrap().rows;
    assert_eq!(lines[0].what, "Satisfaction: in the portal → by mail after 2 hours");
    world.run(async |tx| settings::set(tx, &admin, &now).await).await.unwrap();
    let after = log::list(&world.desk, &admin, &domain::security_log::LogFilter::default()).await.unwrap().rows;
    assert_eq!(after.len(), lines.len(), "the same again is nothing");
    let manager = world.manager().await;
    world.run(async |tx| settings::set(tx, &manager, &Settings::default()).await).await.refused(Code::Forbidden);
}
