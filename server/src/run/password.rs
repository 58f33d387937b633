//! A password from whoever starts the program: typed at a terminal unseen and twice, or one line of what is piped in.

use std::io::{self, BufRead as _, ErrorKind, IsTerminal as _};

use crate::signals;
use anyhow::Context as _;

/// Asks for the password of a new account. `problem` says what is wrong with one, if anything.
///
/// # Errors
/// When there is nothing to read it from, or whoever was asked breaks off. What is piped in is not judged here.
pub(super) fn ask(email: &str, problem: impl Fn(&str) -> Option<&'static str>) -> anyhow::Result<String> {
    let input = io::stdin();
    if !input.is_terminal() {
        eprintln!("Password for {email} (one line on the standard input):");
        let mut line = String::new();
        input.lock().read_line(&mut line).context("the password cannot be read from the standard input")?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    // Ctrl-C at the prompt would end this process where it stands, and leave a terminal that shows nothing of what is typed.
    // Caught, it only ends the question, which puts the terminal back.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _inside = runtime.enter();
    let _caught = signals::catch_interrupts()?;
    loop {
        let first = typed(&format!("Password for {email}: "))?;
        if let Some(problem) = problem(&first) {
            eprintln!("{problem}");
        } else if first == typed("The same again: ")? {
            return Ok(first);
        } else {
            eprintln!("The two are not the same. Please type the password again.");
        }
    }
}

fn typed(prompt: &str) -> anyhow::Result<String> {
    rpassword::prompt_password(prompt).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::Interrupted => anyhow::anyhow!("no password was given"),
        _ => anyhow::Error::new(error).context("the password cannot be read from the terminal"),
    })
}
