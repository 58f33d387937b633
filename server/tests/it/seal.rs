//! Secrets sealed in the database, and keys that change under running servers.

use crate::support::{Refused as _, Setup, World, person};
use domain::{Actor, Code, letter::Purpose};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use store::accounts::{self, reset};
use store::keys::{Key, Keys, Ring, Source};
use store::seal::{COLUMNS, Place};
use store::{Desk, Options};

pub fn ring(bytes: &[u8]) -> Ring {
    let mut keys = bytes.iter().map(|byte| Key::new([*byte; 32]));
    Ring::new(keys.next().unwrap(), keys)
}

/// Keys that are changed when a test says so.
#[derive(Debug, Default)]
pub struct Changing(Mutex<Option<Ring>>);

impl Changing {
    pub fn to(&self, ring: Ring) {
        *self.0.lock().unwrap() = Some(ring);
    }
}

impl Source for Changing {
    fn changed(&self) -> Result<Option<Ring>, String> {
        Ok(self.0.lock().unwrap().take())
    }
}

/// Another server on the same database, with these keys.
pub async fn beside(world: &World, keys: Keys) -> Desk {
    let options = Options { keys, ..Options::default() };
    Desk::open(world.desk.pool().clone(), world.files.clone(), world.clock.clone(), options).await.unwrap()
}

/// The columns that are named as sealed ones are, and have a number to be bound to.
async fn named(world: &World) -> BTreeSet<(String, String)> {
    sqlx::query_as(
        "select table_name::text, column_name::text from information_schema.columns
         where table_schema = 'public' and column_name like '%\\_sealed' and data_type = 'bytea'",
    )
    .fetch_all(world.desk.pool())
    .await
    .unwrap()
    .into_iter()
    .collect()
}

#[tokio::test]
async fn every_sealed_column_is_known_to_the_rotation_of_keys() {
    let world = World::new().await;
    let listed = COLUMNS.iter().map(|c| (c.table.to_owned(), c.column.to_owned())).collect();
    assert_eq!(named(&world).await, listed, "list it in store::seal::COLUMNS");
    for column in COLUMNS {
        let unique: bool = sqlx::query_scalar(
            "select exists (select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
             where i.indrelid = $1::regclass and i.indisunique and i.indnkeyatts = 1 and i.indpred is null
                 and a.attname = $2 and a.atttypid = 'bigint'::regtype)",
        )
        .bind(column.table)
        .bind(column.id)
        .fetch_one(world.desk.pool())
        .await
        .unwrap();
        assert!(unique, "{}.{} does not tell the rows apart", column.table, column.id);
    }
    sqlx::raw_sql("create table forgotten (id bigint primary key, code_sealed bytea)")
        .execute(world.desk.pool())
        .await
        .unwrap();
    assert!(named(&world).await.contains(&("forgotten".into(), "code_sealed".into())), "it would be found");
}

#[tokio::test]
async fn a_server_learns_of_a_new_key_when_it_meets_one() {
    let place = Place { table: "people", row: 1, column: "code_sealed" };
    let world = World::new().await;
    let source = Arc::new(Changing::default());
    let running = beside(&world, Keys { ring: ring(&[1]), source: Some(source.clone()) }).await;
    let old = running.sealer().seal(&place, b"x").unwrap();
    let changed = beside(&world, Keys { ring: ring(&[2, 1]), source: None }).await;
    assert_eq!(changed.sealer().open(&place, &old).unwrap(), b"x");
    let new = changed.sealer().seal(&place, b"y").unwrap();
    running.sealer().open(&place, &new).refused(Code::Internal);
    source.to(ring(&[2, 1]));
    assert_eq!(running.sealer().open(&place, &new).unwrap(), b"y");
    assert_eq!(running.sealer().open(&place, &old).unwrap(), b"x");
    // What it seals from here on, it seals with the new key, and it would have without meeting it.
    let only_new = beside(&world, Keys::only(Key::new([2; 32]))).await;
    assert_eq!(only_new.sealer().open(&place, &running.sealer().seal(&place, b"z").unwrap()).unwrap(), b"z");
    source.to(ring(&[3, 2]));
    let newest = running.sealer().seal(&place, b"z").unwrap();
    only_new.sealer().open(&place, &newest).refused(Code::Internal);
}

#[tokio::test]
async fn links_outlive_the_key_they_were_made_with() {
    let world = World::new().await;
    let customer = world.customer().await;
    let visitor = Actor::visitor(None);
    reset::ask(&world.desk, &visitor, &person(&customer).email).await.unwrap();
    let token = world.mails().await[0].token("/reset/");
    for (keys, good) in [(&[0][..], true), (&[9], false), (&[9, 0], true), (&[9, 8], false)] {
        let desk = beside(&world, Keys { ring: ring(keys), source: None }).await;
        let opened = accounts::opened(&desk, &visitor, Purpose::Reset, &token).await;
        assert_eq!(opened.is_ok(), good, "{keys:?}");
    }
}

#[tokio::test]
async fn only_a_key_that_is_not_here_is_another_one() {
    let world = World::with(Setup::default()).await;
    for (keys, another) in [(&[1][..], false), (&[1], false), (&[2, 1], false), (&[3], true), (&[3], false)] {
        let desk = beside(&world, Keys { ring: ring(keys), source: None }).await;
        assert_eq!(store::secret::is_another(&desk).await.unwrap(), another, "{keys:?}");
    }
}
