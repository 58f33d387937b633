//! The program as it is started on a console: what it says when it cannot do what it is asked to, and how it stops.

use crate::support::{World, node::soon, program::docket};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::Connection as _;
use std::{
    path::Path,
    process::{Output, Stdio},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    process::Command,
};

async fn run(mut command: Command) -> Output {
    soon("the program ends", command.output()).await.unwrap()
}

/// What the program says when it fails.
async fn failure(data: &Path, arguments: &[&str]) -> String {
    let output = run(docket(data, arguments)).await;
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// A server that takes one connection and answers its first message with these bytes. Returns its port.
async fn answering(bytes: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let _ = client.read_u8().await;
        client.write_all(&bytes).await.unwrap();
        // Until the other side has read it and gone.
        let _ = client.read_to_end(&mut Vec::new()).await;
    });
    port
}

/// A message of PostgreSQL's protocol (chapter 55 of its manual).
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[kind], &length[..], body].concat()
}

fn refusal(code: &str, text: &str) -> Vec<u8> {
    message(b'E', format!("SFATAL\0VFATAL\0C{code}\0M{text}\0\0").as_bytes())
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_named_with_the_reason() {
    let data = tempfile::tempdir().unwrap();
    let old = [
        message(b'R', &0_u32.to_be_bytes()),
        message(b'S', b"server_version\x009.6.24\0"),
        message(b'K', &[0; 8]),
        message(b'Z', b"I"),
    ];
    // Bound and dropped: nobody listens there.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let cases = [
        (free, "connection refused"),
        (
            answering(refusal("28P01", "password authentication failed")).await,
            "refuses the password of the user \"me\"",
        ),
        (answering(refusal("28000", "no pg_hba.conf entry for host")).await, "no pg_hba.conf entry"),
        (answering(refusal("3D000", "database \"desk\" does not exist")).await, "createdb --owner=me desk"),
        (answering(refusal("53300", "too many clients already")).await, "max_connections"),
        (answering(old.concat()).await, "is on PostgreSQL 9, and Docket needs 14 or newer"),
        (answering(message(b'!', b"220 ready")).await, "is no PostgreSQL"),
    ];
    for (port, reason) in cases {
        let url = format!("postgres://me:hidden@127.0.0.1:{port}/desk?sslmode=disable");
        let said = failure(data.path(), &["migrate", "--database-url", &url]).await;
        assert!(said.contains(reason) && said.contains(&format!("\"desk\" on 127.0.0.1:{port}")), "{reason}: {said}");
        assert!(!said.contains("hidden"), "{said}");
    }
    let mails = data.path().to_str().unwrap();
    let url = "postgres://me:hidden@nowhere.invalid:5433/desk";
    for command in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["migrate"],
        &["demo"],
        &["import-mail", mails],
        &["admin", "create", "--name", "Jana", "--email", "jana@acme.example", "--password", "correct horse battery"],
    ] {
        let said = failure(data.path(), &[command, &["--database-url", url]].concat()).await;
        let named = ["\"desk\" on nowhere.invalid:5433", "\"nowhere.invalid\" is known"];
        assert!(named.iter().all(|part| said.contains(part)), "{command:?}: {said}");
        assert!(!said.contains("hidden"), "{said}");
    }
}

#[tokio::test]
async fn a_user_who_may_not_make_tables_is_told_so() {
    let world = World::new().await;
    let mut url = reqwest::Url::parse(&world.database_url()).unwrap();
    let mut admin = sqlx::PgConnection::connect(url.as_str()).await.unwrap();
    let role = format!("console_{}", std::process::id());
    for sql in [
        format!("create role {role} login password 'hidden'"),
        "drop schema public cascade".to_owned(),
        "create schema public".to_owned(),
        format!("grant usage on schema public to {role}"),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
    }
    url.set_username(&role).unwrap();
    url.set_password(Some("hidden")).unwrap();
    let data = tempfile::tempdir().unwrap();
    let said = failure(data.path(), &["migrate", "--database-url", url.as_str()]).await;
    for sql in [format!("drop owned by {role}"), format!("drop role {role}")] {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
    }
    assert!(said.contains("may not make tables") && said.contains("owner of the database"), "{said}");
    assert!(!said.contains("hidden"), "{said}");
}

/// Docket needs a database of its own, that can hold every text.
#[tokio::test]
async fn a_database_of_others_is_refused_with_words() {
    let world = World::new().await;
    let data = tempfile::tempdir().unwrap();
    let mut url = reqwest::Url::parse(&world.database_url()).unwrap();
    let mut admin = sqlx::PgConnection::connect(url.as_str()).await.unwrap();
    for (name, options, content, reasons) in [
        ("theirs", "", "create table users (id int)", ["relation \"users\" already exists", "a database of its own"]),
        (
            "migrated",
            "",
            "create table _sqlx_migrations (version bigint primary key, description text not null, installed_on timestamptz \
             not null default now(), success boolean not null, checksum bytea not null, execution_time bigint not null); \
             insert into _sqlx_migrations values (1, 'theirs', now(), true, '', 0)",
            ["Another program", "a database of its own"],
        ),
        (
            "latin",
            "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0",
            "select 1",
            ["Its encoding is LATIN1", "createdb --encoding=UTF8"],
        ),
    ] {
        let database =
            format!("{}_{name}", world.database_url().rsplit('/').next().unwrap().split('?').next().unwrap());
        sqlx::query(sqlx::AssertSqlSafe(format!("create database {database} {options}")))
            .execute(&mut admin)
            .await
            .unwrap();
        url.set_path(&database);
        let mut theirs = sqlx::PgConnection::connect(url.as_str()).await.unwrap();
        sqlx::raw_sql(content).execute(&mut theirs).await.unwrap();
        theirs.close().await.unwrap();
        let said = failure(data.path(), &["migrate", "--database-url", url.as_str()]).await;
        sqlx::query(sqlx::AssertSqlSafe(format!("drop database {database}"))).execute(&mut admin).await.unwrap();
        assert!(reasons.iter().all(|reason| said.contains(reason)), "{name}: {said}");
        assert!(!said.contains("Something went wrong"), "{said}");
    }
}

/// Nothing is started for an input that is refused anyway: no data folder, no database.
#[tokio::test]
async fn input_is_looked_at_before_anything_is_started() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("none");
    let create = |name, email, password| ["admin", "create", "--name", name, "--email", email, "--password", password];
    let good = "correct horse battery";
    for (arguments, reason) in [
        (&create("Jana", "jana", good)[..], "email: "),
        (&create(" ", "jana@acme.example", good), "name: "),
        (&create("Jana", "jana@acme.example", "short"), "password: "),
        (&["import-mail", "/nowhere/at/all"], "/nowhere/at/all is not a folder that can be read"),
        (&["migrate", "--database-url", "localhost"], "is not an address like postgres://"),
        (&["config", "--secret-key", "short"], "at least 32 characters"),
    ] {
        let said = failure(&folder, arguments).await;
        assert!(said.contains(reason), "{arguments:?}: {said}");
        assert!(!folder.exists(), "{arguments:?}");
    }
}

#[tokio::test]
async fn what_stands_in_the_way_is_named() {
    let world = World::new().await;
    let data = tempfile::tempdir().unwrap();
    let url = world.database_url();
    // A file where the folder should be: not even root can write there.
    let file = data.path().join("file");
    std::fs::write(&file, "").unwrap();
    let said = failure(&file.join("data"), &["migrate", "--database-url", &url]).await;
    assert!(said.contains("--data, DOCKET_DATA") && said.contains("choose another folder"), "{said}");
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = failure(data.path(), &["--listen", &address, "--database-url", &url]).await;
    assert!(said.contains(&address) && said.contains("choose another port"), "{said}");
}

/// Another data folder, which a second server would need, has another database: no place for a command.
#[tokio::test]
async fn a_command_that_a_server_is_in_the_way_of_says_so() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("postgres.lock");
    std::fs::write(&path, "4711\n").unwrap();
    let lock = std::fs::File::open(&path).unwrap();
    lock.lock().unwrap();
    let mails = data.path().to_str().unwrap();
    for command in [&["import-mail", mails][..], &["migrate"], &["demo"]] {
        let said = failure(data.path(), command).await;
        assert!(said.contains("(process 4711)") && said.contains("Stop it, run this command again"), "{said}");
        assert!(!said.contains("data folder of its own"), "{said}");
    }
    let said = failure(data.path(), &["serve", "--listen", "127.0.0.1:0"]).await;
    assert!(said.contains("give this one a data folder of its own"), "{said}");
    let help = run(docket(data.path(), &["import-mail", "--help"])).await;
    assert!(String::from_utf8_lossy(&help.stdout).contains("with --database-url servers may run"), "{help:?}");
}

/// What is not logged happens all the same: nobody has asked it to stop.
#[tokio::test]
async fn it_works_in_silence() {
    let world = World::new().await;
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_str().unwrap();
    let output =
        run(docket(data.path(), &["import-mail", folder, "--log", "off", "--database-url", &world.database_url()]))
            .await;
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("0 mails found"), "{output:?}");
}

/// Who stops it learns how far it came, and a script that it was not to the end.
#[tokio::test]
async fn an_import_that_is_stopped_says_so() {
    let world = World::new().await;
    let place = tempfile::tempdir().unwrap();
    let mails = place.path().join("mails");
    std::fs::create_dir(&mails).unwrap();
    let many: String = (0..5_000)
        .map(|n| {
            format!(
                "From jana@acme.example Mon Mar  3 10:12:00 2025\nFrom: Jana <jana@acme.example>\nSubject: Printer {n}\n\
                 Message-ID: <{n}@acme.example>\nDate: Mon, 3 Mar 2025 10:12:00 +0000\n\nOffline again.\n\n"
            )
        })
        .collect();
    std::fs::write(mails.join("all.mbox"), many).unwrap();
    let arguments = ["import-mail", mails.to_str().unwrap(), "--database-url", &world.database_url()];
    let mut command = docket(&place.path().join("data"), &arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    while soon("a line", lines.next_line()).await.unwrap().expect("it says how far it is") != "500 of 5000 mails" {}
    kill(Pid::from_raw(child.id().unwrap().try_into().unwrap()), Signal::SIGINT).unwrap();
    let output = soon("it ends", child.wait_with_output()).await.unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(report.contains("5000 mails found") && report.contains("Stopped before the end"), "{report}");
    assert_eq!(output.status.code(), Some(130), "{report}");
}

/// Started, it says in a few lines what one needs to know; asked to stop, why it does.
#[tokio::test]
async fn it_says_where_it_is_and_why_it_stops() {
    let world = World::new().await;
    let data = tempfile::tempdir().unwrap();
    for (signal, why) in [(Signal::SIGINT, "Ctrl-C was pressed (SIGINT)"), (Signal::SIGTERM, "asked to (SIGTERM)")] {
        let mut command = docket(data.path(), &["--listen", "127.0.0.1:0", "--database-url", &world.database_url()]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        while !said.last().is_some_and(|line: &String| line.contains("/set-up")) {
            said.push(soon("a line", lines.next_line()).await.unwrap().expect("it is still there"));
        }
        assert_eq!(said.len(), 3, "{said:#?}");
        assert!(said[1].contains("nobody gets them") && said[1].contains("--smtp-url"), "{said:#?}");
        for part in ["http://127.0.0.1:", data.path().to_str().unwrap(), "docket_test_"] {
            assert!(said[0].contains(part), "{part}: {said:#?}");
        }
        kill(Pid::from_raw(child.id().unwrap().try_into().unwrap()), signal).unwrap();
        let mut rest = Vec::new();
        while let Some(line) = soon("a line", lines.next_line()).await.unwrap() {
            rest.push(line);
        }
        assert_eq!(rest.len(), 2, "{rest:#?}");
        assert!(rest[0].contains("stopping: ") && rest[0].contains(why), "{rest:#?}");
        assert!(rest[1].contains("stopped"), "{rest:#?}");
        assert!(soon("it ends", child.wait()).await.unwrap().success());
    }
}

/// Lines of a server that is started and asked to stop.
async fn lines_of_a_start(data: &Path, arguments: &[&str]) -> String {
    let mut child = docket(data, arguments).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = String::new();
    while !said.contains("/set-up") {
        said += &soon("a line", lines.next_line()).await.unwrap().expect("it is still there");
    }
    kill(Pid::from_raw(child.id().unwrap().try_into().unwrap()), Signal::SIGTERM).unwrap();
    assert!(soon("it ends", child.wait()).await.unwrap().success());
    said
}

/// Two servers with keys of their own refuse each other's tokens, and nothing else tells why.
#[tokio::test]
async fn another_key_than_the_last_one_is_said() {
    let world = World::new().await;
    let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = world.database_url();
    let given = "0123456789-0123456789-0123456789";
    for (data, key, warned) in [
        (&data, None, false),
        (&data, None, false),
        // The one in the folder is believed still.
        (&data, Some(given), false),
        (&data, None, true),
        (&other, Some(given), true),
        (&other, Some(given), false),
        (&other, None, true),
    ] {
        let mut arguments = vec!["--listen", "127.0.0.1:0", "--database-url", &url];
        arguments.extend(key.into_iter().flat_map(|key| ["--secret-key", key]));
        let said = lines_of_a_start(data.path(), &arguments).await;
        assert_eq!(said.contains("last used with another secret key"), warned, "{key:?}: {said}");
        assert!(!said.contains(given));
    }
}

/// A person of this address who may sign in with this password.
async fn may_sign_in(world: &World, email: &str, password: &str) -> bool {
    let visitor = domain::Actor::visitor(None);
    store::accounts::sign_in(&world.desk, &visitor, email, password.to_owned(), "").await.is_ok()
}

/// For scripts: one line of what is piped in, with either end of lines or none.
#[tokio::test]
async fn a_password_can_be_piped_in() {
    let world = World::new().await;
    let data = tempfile::tempdir().unwrap();
    let url = world.database_url();
    for (email, piped) in [
        ("jana@acme.example", "correct horse battery\n"),
        ("petr@acme.example", "correct horse battery\r\nand more"),
        ("eva@acme.example", "correct horse battery"),
    ] {
        let mut command =
            docket(data.path(), &["admin", "create", "--name", "Jana", "--email", email, "--database-url", &url]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(piped.as_bytes()).await.unwrap();
        assert!(soon("the program ends", child.wait()).await.unwrap().success(), "{piped:?}");
        assert!(may_sign_in(&world, email, "correct horse battery").await, "{piped:?}");
    }
    let mut command = docket(data.path(), &["admin", "create", "--name", "Jana", "--email", "nobody@acme.example"]);
    command.arg("--database-url").arg(&url);
    let output = run(command).await;
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("password: Use at least 8"), "{output:?}");
}

/// At a terminal nobody who looks on reads it, and a slip of the finger does not lock anybody out.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_password_is_typed_unseen_and_twice() {
    use crate::support::program::Terminal;

    let world = World::new().await;
    let data = tempfile::tempdir().unwrap();
    let (docket, url) = (env!("CARGO_BIN_EXE_docket"), world.database_url());
    let create = format!("'{docket}' admin create --name Jana --email jana@acme.example --database-url '{url}'");
    let mut terminal = Terminal::run(data.path(), &create).await;
    for (question, typed) in [
        ("Password for jana@acme.example: ", "short\r"),
        ("at least 8 characters.\r\nPassword for jana@acme.example: ", "correct horse battery\r"),
        ("The same again: ", "correct horse batery\r"),
        (
            "not the same. Please type the password again.\r\nPassword for jana@acme.example: ",
            "correct horse battery\r",
        ),
        ("The same again: ", "correct horse battery\r"),
    ] {
        terminal.answer(question, typed).await;
    }
    let (shown, good) = terminal.end().await;
    assert!(good, "{shown}");
    for typed in ["short", "horse"] {
        assert!(!shown.contains(typed), "{shown}");
    }
    assert!(may_sign_in(&world, "jana@acme.example", "correct horse battery").await, "{shown}");
    // Whoever breaks off gets a terminal back that shows what is typed, and takes Ctrl-C.
    for breaking_off in ["\x03", "\x04"] {
        let mut terminal = Terminal::run(data.path(), &format!("{create}; stty -a")).await;
        terminal.answer("Password for jana@acme.example: ", "correct horse battery\r").await;
        terminal.answer("The same again: ", breaking_off).await;
        let (shown, _) = terminal.end().await;
        assert!(shown.contains("error: no password was given"), "{shown}");
        assert!(shown.contains(" echo ") && shown.contains(" icanon") && shown.contains("isig "), "{shown}");
    }
}
