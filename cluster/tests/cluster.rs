//! Real servers in folders of their own. Who runs the tests as root tries both: as root, where
//! PostgreSQL is handed to another user, and (in a process of its own) as an ordinary user.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail loudly")]

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use cluster::{Cluster, Error, Options, Tended};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, User, geteuid},
};

/// A folder that every user can enter, as a data folder's parent has to be.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    place
}

fn start(data: &Path) -> Result<Cluster, Error> {
    Cluster::start(options(data))
}

fn options(data: &Path) -> Options {
    let mut options = Options::new(data);
    // many clusters at once on a small machine
    options.settings = vec![("shared_buffers".into(), "16MB".into())];
    options
}

/// Asks the server through psql; the answer without its line end.
fn ask(cluster: &Cluster, sql: &str) -> String {
    let output =
        cluster.tool("psql").args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql]).output().unwrap();
    assert!(output.status.success(), "{sql}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn signal(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).unwrap();
}

/// Another process that holds a cluster, as another Docket server would.
struct Holder {
    child: Child,
    pid: i32,
    adopted: bool,
    url: String,
}

impl Holder {
    fn command(data: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_private-postgres"));
        command.arg(data).arg("shared_buffers=16MB");
        command
    }

    fn start(data: &Path) -> Self {
        Self::run(Self::command(data))
    }

    fn run(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut value = |name: &str| match lines.next() {
            Some(line) => line.unwrap().strip_prefix(name).unwrap().trim().to_owned(),
            None => {
                let mut error = String::new();
                child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
                panic!("it did not start: {error}");
            }
        };
        let (pid, adopted, url) = (value("pid"), value("adopted"), value("url"));
        Self { child, pid: pid.parse().unwrap(), adopted: adopted == "true", url }
    }

    /// As a crash: no chance to clean up.
    fn crash(mut self) -> i32 {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.pid
    }

    /// As an orderly end.
    fn finish(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
fn a_fresh_one_answers_and_keeps_what_it_was_told() {
    let place = place();
    let data = place.path().join("missing/docket/postgres");
    let cluster = start(&data).unwrap();
    assert!(!cluster.adopted());
    assert_eq!(ask(&cluster, "select current_user || '@' || current_database()"), "docket@docket");
    // words of every script, whatever the machine's locale
    assert_eq!(ask(&cluster, "select lower('ÄÉЖ') || to_tsvector('simple', 'ÄRGER')"), "äéж'ärger':1");
    assert_eq!(ask(&cluster, "show server_encoding"), "UTF8");
    for (name, value) in [
        ("listen_addresses", ""),
        ("shared_buffers", "16MB"),
        ("synchronous_commit", "on"),
        ("jit", "off"),
        ("data_checksums", "on"),
    ] {
        assert_eq!(ask(&cluster, &format!("show {name}")), value, "{name}");
    }
    ask(&cluster, "create table t as select 42 as n");
    for folder in ["", "pgdata", "run", "log"] {
        let metadata = fs::metadata(data.join(folder)).unwrap();
        assert_eq!(metadata.mode() & 0o777, 0o700, "{folder}");
        assert_ne!(metadata.uid(), 0, "{folder} belongs to root");
    }
    // psql reads the same address that sqlx reads
    let output = Command::new(cluster.bin_dir().join("psql"))
        .args(["-X", "-A", "-t", "-c", "select n from t", &cluster.url()])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "42\n", "{output:?}");
    cluster.make_database("it's \"another\"").unwrap();
    cluster.make_database("it's \"another\"").unwrap();
    assert!(cluster.url_of("it's \"another\"").contains("/it%27s%20%22another%22?"));

    let pid = cluster.pid();
    cluster.stop().unwrap();
    assert!(kill(Pid::from_raw(pid), None).is_err(), "it still runs");
    assert!(!data.join("pgdata/postmaster.pid").exists());

    let cluster = start(&data).unwrap();
    assert_eq!(ask(&cluster, "select n from t"), "42");
    let pid = cluster.pid();
    drop(cluster);
    assert!(kill(Pid::from_raw(pid), None).is_err(), "dropping does not stop it");
}

#[test]
fn a_second_server_is_told_of_the_first() {
    let place = place();
    let data = place.path().join("postgres");
    let first = Holder::start(&data);
    let Err(Error::InUse { pid, folder }) = start(&data) else {
        panic!("two servers on one folder");
    };
    assert_eq!(pid, Some(first.child.id()));
    assert_eq!(folder, place.path().canonicalize().unwrap());
    // also by another way to the same folder
    let link = place.path().join("link");
    symlink(&data, &link).unwrap();
    let message = start(&link).unwrap_err().to_string();
    assert!(message.contains("another Docket server (process "), "{message}");
    first.finish();
    start(&data).unwrap().stop().unwrap();
}

#[test]
fn a_crash_of_ours_leaves_a_server_that_is_taken_over() {
    let place = place();
    let data = place.path().join("postgres");
    let first = Holder::start(&data);
    assert!(!first.adopted);
    let url = first.url.clone();
    let left = first.crash();

    let second = Holder::start(&data);
    assert!(second.adopted);
    assert_eq!((second.pid, &second.url), (left, &url));
    second.crash();

    let mut cluster = start(&data).unwrap();
    assert!(cluster.adopted());
    assert_eq!(cluster.pid(), left);
    assert!(cluster.is_running());
    assert_eq!(ask(&cluster, "select 1"), "1");
    cluster.stop().unwrap();
    assert!(!data.join("pgdata/postmaster.pid").exists(), "the adopted one still runs");
}

#[test]
fn new_settings_restart_a_server_that_was_left() {
    let place = place();
    let data = place.path().join("postgres");
    let left = Holder::start(&data).crash();
    let mut changed = options(&data);
    changed.settings.push(("work_mem".into(), "9MB".into()));
    let cluster = Cluster::start(changed).unwrap();
    assert!(!cluster.adopted());
    assert_ne!(cluster.pid(), left);
    assert_eq!(ask(&cluster, "show work_mem"), "9MB");
}

#[test]
fn a_killed_postmaster_is_recovered_from() {
    let place = place();
    let data = place.path().join("postgres");
    let holder = Holder::start(&data);
    // its processes are not told and live on for a moment
    signal(holder.pid, Signal::SIGKILL);
    holder.crash();
    let mut cluster = start(&data).unwrap();
    assert!(!cluster.adopted());
    ask(&cluster, "create table t as select 7 as n");
    ask(&cluster, "checkpoint");

    // and while we run
    signal(cluster.pid(), Signal::SIGKILL);
    while cluster.is_running() {
        std::thread::yield_now();
    }
    assert_eq!(cluster.tend().unwrap(), Tended::Restarted);
    assert_eq!(ask(&cluster, "select n from t"), "7");
    assert_eq!(cluster.tend().unwrap(), Tended::Running);
}

#[test]
fn a_stranger_with_the_old_process_number_does_no_harm() {
    let place = place();
    let data = place.path().join("postgres");
    start(&data).unwrap().stop().unwrap();
    let pgdata = data.join("pgdata").canonicalize().unwrap();
    let owner = fs::metadata(&pgdata).unwrap();
    // PostgreSQL itself would take a process of the same user for its server, and refuse
    let mut stranger = Command::new("sleep");
    stranger.arg("1000").current_dir("/");
    if geteuid().is_root() {
        stranger.uid(owner.uid()).gid(owner.gid());
    }
    let mut stranger = stranger.spawn().unwrap();
    let lines = format!(
        "{}\n{}\n1700000000\n5432\n{}/run\n\n  0  0\nready   \n",
        stranger.id(),
        pgdata.display(),
        data.display()
    );
    fs::write(pgdata.join("postmaster.pid"), lines).unwrap();
    let started = start(&data);
    let alive = stranger.try_wait().unwrap().is_none();
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    assert!(alive, "the stranger was killed");
    let cluster = started.unwrap();
    assert!(!cluster.adopted());
    cluster.stop().unwrap();

    // what a power failure leaves
    fs::write(pgdata.join("postmaster.pid"), "").unwrap();
    start(&data).unwrap().stop().unwrap();
}

#[test]
fn a_half_made_one_is_never_taken_for_good() {
    let place = place();
    let data = place.path().join("postgres");
    let half = data.join("pgdata.new.1.2");
    fs::create_dir_all(half.join("base/1")).unwrap();
    fs::create_dir(data.join("run")).unwrap();
    fs::write(half.join("PG_VERSION"), "15\n").unwrap();
    let cluster = start(&data).unwrap();
    assert_eq!(ask(&cluster, "select 1"), "1");
    assert!(!half.exists());
}

#[test]
fn an_interrupted_initdb_is_made_anew() {
    let place = place();
    let data = place.path().join("postgres");
    let mut first =
        Holder::command(&data).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = || {
        fs::read_dir(&data).is_ok_and(|entries| {
            entries.flatten().any(|it| it.file_name().to_string_lossy().starts_with("pgdata.new."))
        })
    };
    while !begun() {
        assert!(first.try_wait().unwrap().is_none(), "it ended");
        std::thread::yield_now();
    }
    assert!(!data.join("pgdata").exists());
    first.kill().unwrap();
    first.wait().unwrap();
    // the orphaned initdb may still write while the next start makes its own
    let cluster = start(&data).unwrap();
    assert_eq!(ask(&cluster, "select 1"), "1");
}

#[test]
fn a_very_long_path_gets_its_socket_elsewhere() {
    let place = place();
    let data = place.path().join("ünd so weiter, \"so\" fort".repeat(5)).join("postgres");
    let left = Holder::start(&data);
    let left = left.crash();
    let cluster = start(&data).unwrap();
    assert!(cluster.adopted());
    assert_eq!(cluster.pid(), left);
    let socket = cluster.socket_dir().to_path_buf();
    assert!(socket.as_os_str().len() < 80, "{}", socket.display());
    assert_eq!(fs::metadata(&socket).unwrap().mode() & 0o777, 0o700);
    assert_eq!(ask(&cluster, "select 1"), "1");
    cluster.stop().unwrap();
    assert!(!socket.exists(), "{} is left", socket.display());
}

#[test]
fn odd_characters_in_the_path_are_fine() {
    let place = place();
    // libpq parts names at commas
    for (name, inside) in [("a \"b\" %20 'ü'", true), ("a, b", false)] {
        let data = place.path().join(name);
        let cluster = start(&data).unwrap();
        let socket = cluster.socket_dir();
        assert_eq!(socket.starts_with(data.canonicalize().unwrap()), inside);
        let output = Command::new(cluster.bin_dir().join("psql"))
            .args(["-X", "-A", "-t", "-c", "select 1", &cluster.url()])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n", "{output:?}");
    }
}

#[test]
fn data_of_another_version_is_left_alone() {
    let place = place();
    let data = place.path().join("postgres");
    start(&data).unwrap().stop().unwrap();
    let file = data.join("pgdata/PG_VERSION");
    fs::write(&file, "12\n").unwrap();
    let message = start(&data).unwrap_err().to_string();
    assert!(message.contains("was made by PostgreSQL 12"), "{message}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "12\n");
}

#[test]
fn folders_with_other_things_are_left_alone() {
    let place = place();
    let data = place.path().join("photos");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(data.join("cat.jpg"), "meow").unwrap();
    assert!(matches!(start(&data), Err(Error::NotACluster { .. })));
    assert_eq!(fs::metadata(&data).unwrap().mode() & 0o777, 0o755);

    let data = place.path().join("postgres");
    fs::create_dir_all(data.join("pgdata")).unwrap();
    fs::write(data.join("pgdata/notes.txt"), "mine").unwrap();
    assert!(matches!(start(&data), Err(Error::NotACluster { .. })));
    assert_eq!(fs::read_to_string(data.join("pgdata/notes.txt")).unwrap(), "mine");
}

#[test]
fn a_bad_setting_is_shown() {
    let place = place();
    let data = place.path().join("postgres");
    let mut bad = options(&data);
    bad.settings.push(("no_such_setting".into(), "1".into()));
    let message = Cluster::start(bad).unwrap_err().to_string();
    assert!(message.contains("no_such_setting"), "{message}");
    start(&data).unwrap().stop().unwrap();
}

#[test]
fn logs_are_bounded() {
    let place = place();
    let data = place.path().join("postgres");
    let mut cluster = start(&data).unwrap();
    for number in 0..30 {
        fs::write(cluster.log_dir().join(format!("postgres-20200101-0000{number:02}.log")), "old").unwrap();
    }
    cluster.tend().unwrap();
    let logs: Vec<_> = fs::read_dir(cluster.log_dir())
        .unwrap()
        .flatten()
        .map(|it| it.file_name().into_string().unwrap())
        .filter(|it| it.starts_with("postgres-"))
        .collect();
    assert_eq!(logs.len(), 8, "{logs:?}");
    assert!(logs.iter().any(|it| !it.starts_with("postgres-2020")), "the one in use is gone");
}

#[test]
fn a_signal_from_the_terminal_does_not_reach_the_server() {
    let place = place();
    let data = place.path().join("postgres");
    // a group of its own stands for the terminal's foreground group
    let mut command = Holder::command(&data);
    command.process_group(0);
    let holder = Holder::run(command);
    let group = i32::try_from(holder.child.id()).unwrap();
    // not SIGINT: shells start background jobs with that one ignored, and the tests may run in one
    signal(-group, Signal::SIGTERM);
    let mut child = holder.child;
    child.wait().unwrap();
    let cluster = start(&data).unwrap();
    assert!(cluster.adopted(), "the signal has stopped the server");
    assert_eq!(cluster.pid(), holder.pid);
}

/// The program in a place where every user may run it.
fn program_for_all(place: &Path) -> PathBuf {
    let copy = place.join("private-postgres");
    // by another process: see the unit tests of the binaries
    let status = Command::new("cp").arg(env!("CARGO_BIN_EXE_private-postgres")).arg(&copy).status().unwrap();
    assert!(status.success());
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    copy
}

#[test]
fn an_ordinary_user_has_one_and_others_keep_out() {
    let place = place();
    let home = place.path().join("home");
    fs::create_dir(&home).unwrap();
    let data = home.join("postgres");
    let program = program_for_all(place.path());
    let nobody = User::from_name("nobody").unwrap().unwrap();
    // who is not root already is an ordinary user
    let as_user = |user: Option<&User>| {
        let mut command = Command::new(&program);
        command.arg(&data).arg("shared_buffers=16MB").current_dir("/");
        if let (true, Some(user)) = (geteuid().is_root(), user) {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    };
    if geteuid().is_root() {
        std::os::unix::fs::chown(&home, Some(nobody.uid.as_raw()), Some(nobody.gid.as_raw())).unwrap();
    }
    let user = Holder::run(as_user(Some(&nobody)));
    let owner = fs::metadata(data.join("pgdata")).unwrap().uid();
    let left = user.crash();

    if geteuid().is_root() {
        assert_eq!(owner, nobody.uid.as_raw());
        // somebody else
        let mut other = as_user(None);
        let output = other.uid(12345).gid(12345).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains("belongs to the user nobody"), "{message}");
    }
    // Root takes over what an ordinary user has, and runs it as that user.
    let cluster = start(&data).unwrap();
    assert!(cluster.adopted());
    assert_eq!(cluster.pid(), left);
    assert_eq!(ask(&cluster, "select 1"), "1");
    cluster.stop().unwrap();
    let cluster = start(&data).unwrap();
    assert_eq!(fs::metadata(data.join("pgdata")).unwrap().uid(), owner);
    cluster.stop().unwrap();
    // and the user gets it back
    Holder::run(as_user(Some(&nobody))).finish();
}

#[test]
fn root_is_told_when_the_folder_cannot_be_reached() {
    let place = place();
    let closed = place.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let result = start(&closed.join("postgres"));
    if geteuid().is_root() {
        let message = result.unwrap_err().to_string();
        let blocked = format!("cannot enter {}", closed.canonicalize().unwrap().display());
        assert!(message.contains(&blocked), "{message}");
        assert!(message.contains("/docket/postgres"), "{message}");
    } else {
        // for an ordinary user a closed folder is the usual thing
        result.unwrap().stop().unwrap();
    }
}

#[test]
fn a_backup_that_root_has_unpacked_is_given_to_the_user() {
    let place = place();
    let data = place.path().join("postgres");
    let cluster = start(&data).unwrap();
    ask(&cluster, "create table t as select 5 as n");
    cluster.stop().unwrap();
    if geteuid().is_root() {
        let status = Command::new("chown").args(["-R", "0:0"]).arg(&data).status().unwrap();
        assert!(status.success());
    }
    let cluster = start(&data).unwrap();
    assert_eq!(ask(&cluster, "select n from t"), "5");
}
