//! Having it tried at once, by the button on the page.

use super::{ASKED, GIVEN, IN_USE, NAME, Place};
use crate::support::{
    Refused as _, World,
    authority::{Authority, Instead},
    browser::Browser,
    node::soon,
    slapd::port,
};
use domain::{Actor, Code, Role, certificate::Fault};
use http::StatusCode;
use store::certificates::{self, Wanted};

#[tokio::test]
async fn whoever_may_has_it_tried_at_once_and_not_too_often() {
    let world = World::new().await;
    let desk = &world.desk;
    let wanted = Wanted { directory: "https://ca.example/directory".into(), name: NAME.into() };
    let admin = world.person(Role::Superadmin, None).await;
    let hurry = async |actor: &Actor| world.run(async |tx| certificates::try_now(tx, actor, &wanted).await).await;
    hurry(&admin).await.refused(Code::NotFound);
    certificates::want(desk, &wanted).await.unwrap();
    hurry(&admin).await.refused(Code::Busy);
    let turn = certificates::take_turn(desk, &wanted).await.unwrap().unwrap();
    certificates::failed(desk, &turn, &wanted, "It rains", Fault::Refused, None).await.unwrap();
    certificates::failed(desk, &turn, &wanted, "It rains", Fault::TooMany, None).await.unwrap();
    drop(turn);
    hurry(&admin).await.refused(Code::TooMany);
    world.advance_seconds(60);
    for role in [Role::Manager, Role::Agent, Role::Customer] {
        hurry(&world.person(role, None).await).await.refused(Code::Forbidden);
    }
    hurry(&admin).await.unwrap();
    let standing = certificates::standing(desk, &wanted).await.unwrap().unwrap();
    assert_eq!((standing.next_at, standing.asked_at, standing.failures), (world.now(), Some(world.now()), 1));
    // Two at once: the second is told that it is being done.
    hurry(&admin).await.refused(Code::Busy);
    let asked = "select count(*) from events where kind = 'settings.certificate_asked' and actor_id is not null
                 and data->>'name' = 'help.docket.example'";
    assert_eq!(world.count(asked).await, 1);
    let taken = async {
        loop {
            if let Some(turn) = certificates::take_turn(desk, &wanted).await.unwrap() {
                return turn;
            }
        }
    };
    let turn = soon("the turn", taken).await;
    let until = world.now().plus_millis(1_800_000);
    certificates::failed(desk, &turn, &wanted, "It hails", Fault::TooMany, Some(until)).await.unwrap();
    drop(turn);
    world.advance_seconds(120);
    let refused = hurry(&admin).await;
    assert_eq!(refused.clone().unwrap_err().retry_after, Some(1_680));
    refused.refused(Code::TooMany);
    world.advance_seconds(1_680);
    hurry(&admin).await.refused(Code::Busy);
}

#[tokio::test]
async fn the_page_has_a_button_for_it() {
    let world = World::new().await;
    let wanted = Wanted { directory: "https://ca.example/directory".into(), name: NAME.into() };
    let set = [
        "--acme=a@docket.example",
        "--acme-directory=https://ca.example/directory",
        "--public-url=https://help.docket.example",
    ];
    const PAGE: &str = "/settings/https";
    let admin = world.person(Role::Superadmin, None).await;
    let browser = Browser::set(&world, &set).signed_in(&admin).await;
    assert!(browser.get(PAGE).await.text.contains("There is no certificate yet"));
    certificates::want(&world.desk, &wanted).await.unwrap();
    let page = browser.get(PAGE).await.text;
    assert!(page.contains("A server is asking ca.example for a certificate") && !page.contains("Try now"), "{page}");
    let turn = certificates::take_turn(&world.desk, &wanted).await.unwrap().unwrap();
    certificates::failed(&world.desk, &turn, &wanted, "It <b>rains</b>", Fault::TooMany, None).await.unwrap();
    drop(turn);
    let page = browser.get(PAGE).await.text;
    assert!(page.contains("The last try failed") && page.contains("It &lt;b&gt;rains&lt;/b&gt;"), "{page}");
    assert!(page.contains("Try now"), "{page}");
    let hasty = browser.post(PAGE, &[("try", "now")]).await;
    assert_eq!(hasty.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(hasty.text.contains("Please wait 60 seconds"), "{}", hasty.text);
    world.advance_seconds(60);
    // Customers are sent to where they belong, as from every page of the desk.
    for (role, status) in [
        (Role::Manager, StatusCode::FORBIDDEN),
        (Role::Agent, StatusCode::FORBIDDEN),
        (Role::Customer, StatusCode::FOUND),
    ] {
        let other = Browser::set(&world, &set).signed_in(&world.person(role, None).await).await;
        assert_eq!(other.post(PAGE, &[("try", "now")]).await.status, status, "{role:?}");
    }
    assert_eq!(browser.post(PAGE, &[("cry", "now")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.count("select count(*) from events where kind = 'settings.certificate_asked'").await, 0);
    let done = browser.post(PAGE, &[("try", "now")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    assert_eq!(done.headers[http::header::LOCATION], PAGE);
    assert!(browser.get(PAGE).await.text.contains("A server is asking ca.example for a certificate"));
    assert!(
        browser.get("/settings/log").await.text.contains("Had a certificate for help.docket.example asked for at once")
    );
    let turn = async {
        loop {
            if let Some(turn) = certificates::take_turn(&world.desk, &wanted).await.unwrap() {
                return turn;
            }
        }
    };
    let turn = soon("the turn", turn).await;
    let until = world.now().plus_millis(7_200_000);
    certificates::failed(&world.desk, &turn, &wanted, "Enough", Fault::TooMany, Some(until)).await.unwrap();
    let page = browser.get(PAGE).await.text;
    assert!(page.contains("ca.example does not want to be asked again before") && !page.contains("Try now"), "{page}");
    assert!(page.contains("The last 2 tries failed"), "{page}");
    // Where no authority is asked there is nothing to be tried.
    let plain = Browser::of(&world, &admin).await;
    assert_eq!(plain.post(PAGE, &[("try", "now")]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn of_two_servers_one_asks() {
    let place = Place::new().await;
    let authority = Authority::start(place.ports, place.folder.path()).await;
    authority.now().order = Some(Instead::problem(403, "caa", "CAA record prevents issuance"));
    let mut first = place.serve_there(&[]).await;
    first.until("or upon SIGHUP").await;
    assert!(
        first.said.contains("A CAA record in the DNS of help.docket.example allows other authorities"),
        "{}",
        first.said
    );
    let mut second = place.serve(port(), &[]).await;
    authority.now().order = None;
    let admin = place.world.person(Role::Superadmin, None).await;
    // As if it had been a while ago.
    place.sql("update acme_certificates set failed_at = '2026-01-01'").await;
    let wanted = place.wanted();
    place.world.run(async |tx| certificates::try_now(tx, &admin, &wanted).await).await.unwrap();
    first.until(IN_USE).await;
    second.until(IN_USE).await;
    assert_eq!(authority.count("order"), 2);
    let (first, second) = (first.stop().await, second.stop().await);
    assert_eq!(first.matches(ASKED).count() + second.matches(ASKED).count(), 2, "{first} {second}");
    assert_eq!(first.matches(GIVEN).count() + second.matches(GIVEN).count(), 1);
    assert!(place.standing(&admin).await.valid.is_some());
}
