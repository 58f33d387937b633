//! Secrets sealed in the database, and keys that change under running servers.

use crate::support::{Refused as _, World, id_of, node::soon, person, program::docket};
use ::server::{api::token::DeskTokens, keys};
use domain::{Actor, Code, letter::Purpose};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use store::accounts::{self, reset};
use store::keys::{Key, Keys, Ring, Source};
use store::seal::{COLUMNS, Column, Place, rotate};
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
    beside_with(world, |options| options.keys = keys).await
}

/// Another server on the same database, with other options.
pub async fn beside_with(world: &World, change: impl FnOnce(&mut Options)) -> Desk {
    let mut options = Options::default();
    change(&mut options);
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

/// Whoever has got hold of a key makes no token with it any more once it is forgotten, also where the server runs on.
#[tokio::test]
async fn a_running_server_does_not_believe_what_was_forgotten() {
    let world = World::new().await;
    let customer = id_of(&world.customer().await);
    let source = Arc::new(Changing::default());
    let running = beside(&world, Keys { ring: ring(&[2, 1]), source: Some(source.clone()) }).await;
    let tokens = DeskTokens::new(running);
    let before = DeskTokens::new(beside(&world, Keys::only(Key::new([1; 32]))).await);
    let (stolen, _) = before.issue(customer, 0).unwrap();
    assert_eq!(tokens.check(&stolen).unwrap().person, customer);
    source.to(ring(&[2]));
    world.advance_seconds(2);
    tokens.check(&stolen).map(drop).refused(Code::SignedOut);
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
    let world = World::new().await;
    for (keys, another) in [(&[1][..], false), (&[1], false), (&[2, 1], false), (&[3], true), (&[3], false)] {
        let desk = beside(&world, Keys { ring: ring(keys), source: None }).await;
        assert_eq!(store::secret::is_another(&desk).await.unwrap(), another, "{keys:?}");
    }
}

const SECRETS: &[Column] = &[Column { table: "secrets", id: "id", column: "code_sealed" }];

fn place(row: i64) -> Place {
    Place { table: "secrets", row, column: "code_sealed" }
}

/// A table with so many secrets, sealed by this desk, and a row without one.
async fn with_secrets(desk: &Desk, count: i64) {
    let sealed: Vec<Vec<u8>> =
        (1..=count).map(|row| desk.sealer().seal(&place(row), format!("code {row}").as_bytes()).unwrap()).collect();
    sqlx::raw_sql(
        "create table secrets (id bigint primary key, code_sealed bytea); insert into secrets values (0, null)",
    )
    .execute(desk.pool())
    .await
    .unwrap();
    sqlx::query("insert into secrets select n, v from unnest($1::bytea[]) with ordinality as s (v, n)")
        .bind(sealed)
        .execute(desk.pool())
        .await
        .unwrap();
}

async fn secret(desk: &Desk, row: i64) -> domain::Result<Vec<u8>> {
    let sealed: Vec<u8> = sqlx::query_scalar("select code_sealed from secrets where id = $1")
        .bind(row)
        .fetch_one(desk.pool())
        .await
        .unwrap();
    desk.sealer().open(&place(row), &sealed)
}

/// Cut off in the middle, run again, with a value that nobody can open: nothing is lost.
#[tokio::test]
async fn sealing_again_can_be_cut_off_and_goes_on() {
    let world = World::new().await;
    let old = beside(&world, Keys::only(Key::new([1; 32]))).await;
    with_secrets(&old, 450).await;
    let both = beside(&world, Keys { ring: ring(&[2, 1]), source: None }).await;
    assert_eq!(rotate::left(&both, SECRETS).await.unwrap(), 450);
    // One batch is done, the next one has begun.
    let stop = tokio_util::sync::CancellationToken::new();
    let cut = stop.run_until_cancelled(rotate::reseal(&both, SECRETS, |_| stop.cancel())).await;
    assert!(cut.is_none());
    let left = rotate::left(&both, SECRETS).await.unwrap();
    assert!((1..450).contains(&left), "{left}");
    for row in [1, 200, 201, 450] {
        assert_eq!(secret(&both, row).await.unwrap(), format!("code {row}").as_bytes());
    }
    sqlx::query("update secrets set code_sealed = (select code_sealed from secrets where id = 450) where id = 449")
        .execute(world.desk.pool())
        .await
        .unwrap();
    let mut heard = 0;
    let resealed = rotate::reseal(&both, SECRETS, |done| heard += done).await.unwrap();
    assert_eq!((resealed.done, heard), (left - 1, left - 1));
    assert!(
        matches!(&resealed.broken[..], [one] if one.contains("row 449") && one.contains("another row")),
        "{resealed:?}"
    );
    assert_eq!(rotate::left(&both, SECRETS).await.unwrap(), 1);
    let new = beside(&world, Keys::only(Key::new([2; 32]))).await;
    for row in [1, 200, 201, 448, 450] {
        assert_eq!(secret(&new, row).await.unwrap(), format!("code {row}").as_bytes());
        secret(&old, row).await.refused(Code::Internal);
    }
    let kinds: Vec<String> =
        sqlx::query_scalar("select kind from events order by id").fetch_all(new.pool()).await.unwrap();
    assert_eq!(kinds, ["settings.secrets_resealed"]);
}

/// A server that runs meanwhile reads every value at any moment, and what it writes is sealed again too.
#[tokio::test]
async fn a_running_server_reads_on_while_the_key_changes() {
    let world = World::new().await;
    let data = tempfile::tempdir().unwrap();
    let config = config(data.path(), &[]);
    let running = beside(&world, keys::of_settings(&config).unwrap()).await;
    with_secrets(&running, 250).await;
    keys::renew(&config).unwrap();
    let rotating = beside(&world, keys::of_settings(&config).unwrap()).await;
    let resealed = rotate::reseal(&rotating, SECRETS, |_| {}).await.unwrap();
    assert_eq!((resealed.done, rotate::left(&rotating, SECRETS).await.unwrap()), (250, 0));
    assert_eq!(secret(&running, 7).await.unwrap(), b"code 7", "it has met the new key");
    keys::renew(&config).unwrap();
    let sealed = running.sealer().seal(&place(7), b"newer").unwrap();
    let fresh = beside(&world, keys::of_settings(&config).unwrap()).await;
    keys::forget_previous(&config).unwrap();
    let only = beside(&world, keys::of_settings(&config).unwrap()).await;
    assert_eq!(only.sealer().open(&place(7), &sealed).unwrap(), b"newer", "sealed with the newest key");
    assert_eq!(rotate::left(&fresh, SECRETS).await.unwrap(), 250);
}

fn config(data: &Path, more: &[&str]) -> server::config::Config {
    let data = data.to_str().unwrap();
    server::config::from_arguments(&[&["docket", "--data", data], more].concat()).unwrap().config
}

/// The command, as it is run on a console.
#[tokio::test]
async fn the_key_is_changed_by_command() {
    let world = World::new().await;
    let place = tempfile::tempdir().unwrap();
    let (data, url) = (place.path().join("data"), world.database_url());
    let run = async |more: &[&str]| {
        let arguments = [&["rotate-key", "--database-url", &url][..], more].concat();
        let output = soon("it ends", docket(&data, &arguments).output()).await.unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        (output.status.success(), said)
    };
    let (done, said) = run(&[]).await;
    assert!(done && said.contains("A new key is in") && said.contains("--forget-previous"), "{said}");
    let ring = keys::of_settings(&config(&data, &[])).unwrap().ring;
    assert_eq!(ring.all().len(), 2);
    let (done, said) = run(&["--forget-previous"]).await;
    assert!(done && said.contains("are forgotten"), "{said}");
    assert_eq!(keys::of_settings(&config(&data, &[])).unwrap().ring.all(), &ring.all()[..1]);
    let (done, said) = run(&["--forget-previous"]).await;
    assert!(done && said.contains("no earlier key"), "{said}");
    // With a key of the settings nothing is made.
    std::fs::remove_file(data.join(keys::CURRENT)).unwrap();
    let (key, old) = ("hidden-0123456789-0123456789-0123456789", "hidden-1123456789-0123456789-0123456789");
    let (done, said) = run(&["--secret-key", key]).await;
    assert!(!done && said.contains("openssl rand -hex 32") && !said.contains("hidden"), "{said}");
    let (done, said) = run(&["--secret-key", key, "--previous-secret-keys", old]).await;
    assert!(done && said.contains("out of DOCKET_PREVIOUS_SECRET_KEYS") && !said.contains("hidden"), "{said}");
    assert!(!data.join(keys::CURRENT).exists());
    // Two at once would each forget the other's key.
    let _turn = keys::take_turn(&config(&data, &[])).unwrap();
    let (done, said) = run(&[]).await;
    assert!(!done && said.contains("being changed already"), "{said}");
    let kinds: Vec<String> =
        sqlx::query_scalar("select kind from events order by id").fetch_all(world.desk.pool()).await.unwrap();
    assert_eq!(kinds, ["settings.secret_key_changed", "settings.secret_keys_forgotten"]);
}
