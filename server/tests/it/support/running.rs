//! The program as it serves, and what it says.

use super::{node::soon, program::docket};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr},
};

/// The program, serving with these arguments, and what it says.
pub struct Running {
    pub child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    pub said: String,
}

impl Running {
    /// Waits until somebody can come. Listens at any port, unless one is asked for.
    pub async fn start(data: &Path, arguments: &[&str]) -> Self {
        let anywhere: &[&str] = if arguments.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        let arguments = [anywhere, arguments].concat();
        let mut child = docket(data, &arguments).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut running = Self { child, lines, said: String::new() };
        running.until("Docket is at ").await;
        running
    }

    /// Reads what it says until that is among it.
    pub async fn until(&mut self, part: &str) {
        while !self.said.contains(part) {
            let line = soon(&format!("{part} in {}", self.said), self.lines.next_line()).await.unwrap();
            self.said += &line.unwrap_or_else(|| panic!("it ended: {}", self.said));
            self.said.push('\n');
        }
    }

    /// The port after these words.
    pub fn port(&self, words: &str) -> u16 {
        let rest = self.said.split_once(words).unwrap_or_else(|| panic!("{words} in {}", self.said)).1;
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().unwrap().try_into().unwrap()), signal).unwrap();
    }

    /// Asks it to stop, and waits until it has. Returns all that it has said.
    pub async fn stop(mut self) -> String {
        self.signal(Signal::SIGTERM);
        while let Some(line) = soon("the end", self.lines.next_line()).await.unwrap() {
            self.said += &line;
            self.said.push('\n');
        }
        assert!(soon("it ends", self.child.wait()).await.unwrap().success());
        self.said
    }
}
