//! An authority that says when it would have its certificates renewed (RFC 9773).

use super::{ASKED, GIVEN, IN_USE, Place};
use crate::support::authority::{Authority, Instead};
use domain::{Role, Time};

const DAY: i64 = 86_400_000;

#[tokio::test]
async fn it_is_renewed_when_the_authority_would_have_it() {
    let place = Place::new().await;
    let authority = Authority::start(place.ports, place.folder.path()).await;
    let now = Time::from(time::OffsetDateTime::now_utc());
    let days = |n: i64| now.plus_millis(n * DAY).rfc3339();
    authority.now().window = Some((days(40), days(42)));
    let mut running = place.serve_there(&["--log=info,server=debug"]).await;
    running.until("would have the certificate for help.docket.example renewed on").await;
    let admin = place.world.person(Role::Superadmin, None).await;
    let standing = place.standing(&admin).await;
    let wait = standing.next_at.0 - now.0;
    assert!(standing.suggested && (40 * DAY - 1_000..42 * DAY).contains(&wait), "{standing:?}");
    assert_eq!((authority.count("renewal"), authority.count("order")), (1, 1));
    let again = "select count(*) from acme_certificates
                 where look_at between now() + interval '5 hours' and now() + interval '7 hours'";
    assert_eq!(place.world.count(again).await, 1);
    running.stop().await;

    // Something has happened: it wants all of them to be renewed, and is told which one this is for.
    authority.now().window = Some((days(-3), days(-2)));
    place.sql("update acme_certificates set look_at = now()").await;
    let mut running = place.serve_there(&[]).await;
    running.until(GIVEN).await;
    running.stop().await;
    let replaced = authority.now().replaced.clone();
    assert!(matches!(&replaced[..], [None, Some(id)] if id.contains('.')), "{replaced:?}");

    // It takes no such order for one that it does not know: then it is asked for like any other.
    authority.now().window = Some((days(40), days(42)));
    place.sql("update acme_certificates set next_at = now(), suggested = true").await;
    authority.now().replaced.clear();
    authority.now().order = Some(Instead::problem(409, "alreadyReplaced", "It was replaced"));
    let mut running = place.serve_there(&[]).await;
    running.until("no certificate for").await;
    assert!(running.said.contains("The one of before stays in use"), "{}", running.said);
    let replaced = authority.now().replaced.clone();
    assert!(matches!(&replaced[..], [Some(_), None]), "{replaced:?}");
    running.stop().await;
}

#[tokio::test]
async fn without_a_suggestion_it_goes_by_its_life() {
    let place = Place::new().await;
    let authority = Authority::start(place.ports, place.folder.path()).await;
    let admin = place.world.person(Role::Superadmin, None).await;
    let windows = [
        None,
        Some(("2026-01-02T00:00:00Z".to_owned(), "2026-01-01T00:00:00Z".to_owned())),
        Some(("soon".to_owned(), "later".to_owned())),
    ];
    for window in windows {
        authority.now().window = window.clone();
        place.sql("delete from acme_certificates").await;
        let mut running = place.serve_there(&[]).await;
        running.until(IN_USE).await;
        // It has looked when it looks again.
        let looked = async {
            while place.world.count("select count(*) from acme_certificates where look_at is not null").await == 0 {}
        };
        crate::support::node::soon("it looks", looked).await;
        let said = running.stop().await;
        let standing = place.standing(&admin).await;
        let (from, until) = standing.valid.unwrap();
        assert!(!standing.suggested && standing.failures == 0, "{window:?}: {standing:?}");
        assert_eq!(standing.next_at, domain::certificate::renewal(from, until), "{window:?}");
        assert_eq!(said.matches(ASKED).count(), 1, "{said}");
    }
}
