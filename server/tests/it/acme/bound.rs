//! An authority that knows nobody whose account is not bound to one that they have there already.

use super::{ASKED, GIVEN, Place};
use crate::support::{World, node::soon, pebble::Pebble, program::docket};

const ID: &str = "kid-1";
const KEY: &str = "dGhpcyBrZXkgaXMgb25seSBmb3IgdGVzdHMgb2YgRG9ja2V0ISE";
const WRONG: &str = "dGhpcyBrZXkgaXMgYW5vdGhlciBvbmUsIGZvciB0aGUgc2FtZSE";

/// How our account was taken: what the log says until it was, or was not.
async fn said(place: &Place, set: &[&str], until: &str) -> String {
    place.sql("update acme_certificates set next_at = now()").await;
    let mut running = place.serve_there(set).await;
    running.until(until).await;
    running.stop().await
}

#[tokio::test]
async fn our_account_is_bound_to_one_that_somebody_has() {
    let place = Place::new().await;
    let _pebble = Pebble::start_bound(place.ports, place.folder.path(), (ID, KEY)).await;
    let failed = "no certificate for help.docket.example";
    let none = said(&place, &[], failed).await;
    assert!(none.contains("It wants an account that you have with it already."), "{none}");
    assert!(
        none.contains("set --acme-eab-id and --acme-eab-key") && none.contains("externalAccountRequired"),
        "{none}"
    );
    let id = format!("--acme-eab-id={ID}");
    for (id, key) in [(id.as_str(), WRONG), ("--acme-eab-id=kid-2", KEY)] {
        let wrong = said(&place, &[id, &format!("--acme-eab-key={key}")], failed).await;
        assert!(wrong.contains("It does not know the account of --acme-eab-id"), "{wrong}");
        assert!(!wrong.contains(key), "{wrong}");
    }
    let right = format!("--acme-eab-key={KEY}");
    let given = said(&place, &[&id, &right], GIVEN).await;
    assert!(!given.contains(KEY), "{given}");
    let bound = "select count(*) from acme_accounts where key_id = 'kid-1'";
    assert_eq!((place.world.count(bound).await, place.world.count("select count(*) from acme_accounts").await), (1, 1));
    assert_eq!(place.world.count("select count(*) from events where data::text like '%dGhpcyBrZXk%'").await, 0);

    // From then on the authority knows us, with another key, too; without the number it is another account, which it does not know.
    let known = said(&place, &[&id, &format!("--acme-eab-key={WRONG}")], GIVEN).await;
    assert!(known.contains(ASKED), "{known}");
    let other = said(&place, &[], failed).await;
    assert!(other.contains("It wants an account that you have with it already."), "{other}");
}

#[tokio::test]
async fn what_is_wrong_with_them_is_said_at_the_start() {
    let (world, data) = (World::new().await, tempfile::tempdir().unwrap());
    let url = world.database_url();
    for (set, words) in [
        (&["--acme-eab-id=kid-1"][..], "go together"),
        (&["--acme-eab-id=kid-1", "--acme-eab-key=hidden key"], "is not written as base64"),
        (&["--acme-eab-id=kid-1", "--acme-eab-key=aGlkZGVu"], "is too short for a key"),
    ] {
        let name = ["--database-url", &url, "--acme=a@x.example", "--public-url=https://x.example"];
        let output = soon("it ends", docket(data.path(), &[&name, set].concat()).output()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(words), "{said}");
        assert!(!said.contains("hidden") && !said.contains("aGlkZGVu"), "{said}");
    }
}
