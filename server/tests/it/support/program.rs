//! The program itself, as it is started on a console.

use super::node::soon;
use std::{path::Path, process::Stdio, sync::LazyLock};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// The program with a data folder of its own, and nothing of this process's settings.
pub fn docket(data: &Path, arguments: &[&str]) -> Command {
    let mut command = with_settings(env!("CARGO_BIN_EXE_docket"), data);
    command.args(arguments);
    command
}

/// A program that Docket's settings reach: a data folder of its own, and nothing of this process's.
pub fn with_settings(program: &str, data: &Path) -> Command {
    // The tests of Rust code run without the files for browsers; the server only wants to see that there are some.
    static SITE: LazyLock<TempDir> = LazyLock::new(|| {
        let site = tempfile::tempdir().unwrap();
        std::fs::write(site.path().join("robots.txt"), "").unwrap();
        site
    });
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOCKET_")) {
        command.env_remove(name);
    }
    command
        .env_remove("DATABASE_URL")
        .env("LEPTOS_SITE_ROOT", SITE.path())
        .env("DOCKET_DATA", data)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// A program at a terminal of its own, whose keyboard and screen are ours. On Linux.
pub struct Terminal {
    script: Child,
    keys: ChildStdin,
    screen: ChildStdout,
    name: String,
    shown: String,
}

impl Terminal {
    /// Runs a line of a shell, by `script` of util-linux.
    pub async fn run(data: &Path, line: &str) -> Self {
        let mut command = with_settings("script", data);
        command.args(["--quiet", "--return", "--flush", "--command", &format!("tty; {line}"), "/dev/null"]);
        let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (keys, screen) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
        let mut this = Self { script, keys, screen, name: String::new(), shown: String::new() };
        this.until("\r\n").await;
        this.name = this.shown.trim().to_owned();
        this
    }

    /// Reads until this stands at the end of the screen.
    pub async fn until(&mut self, end: &str) {
        let mut part = String::new();
        let reading = async {
            while !part.ends_with(end) {
                part.push(char::from(self.screen.read_u8().await.unwrap()));
            }
        };
        soon(end, reading).await;
        self.shown.push_str(&part);
    }

    /// Answers a question once the program listens: before, the terminal itself would show what is typed.
    pub async fn answer(&mut self, question: &str, typed: &str) {
        self.until(question).await;
        let listens = async {
            loop {
                let state = Command::new("stty").args(["-a", "-F", &self.name]).output().await.unwrap();
                if String::from_utf8_lossy(&state.stdout).contains(" -echo ") {
                    return;
                }
            }
        };
        soon("it listens", listens).await;
        self.keys.write_all(typed.as_bytes()).await.unwrap();
    }

    /// Everything that was shown, once all is over, and whether it went well.
    pub async fn end(mut self) -> (String, bool) {
        soon("it ends", self.screen.read_to_string(&mut self.shown)).await.unwrap();
        let status = soon("it ends", self.script.wait()).await.unwrap();
        (self.shown, status.success())
    }
}
