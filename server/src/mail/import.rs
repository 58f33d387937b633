//! `docket import-mail FOLDER`: an archive of mails becomes tickets and conversations. It can be run again: what was taken
//! in before is not taken in twice.

use std::collections::HashSet;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use domain::Time;
use domain::mail::Outcome;
use indicatif::{ProgressBar, ProgressStyle};
use mail_parser::MessageParser;
use store::Desk;
use store::mails::{Origin, refuse, take_in};
use tokio_util::sync::CancellationToken;

use super::folder::{self, Kind, Part, Place};

/// What became of the files of a folder.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// Mails found.
    pub mails: usize,
    pub tickets: usize,
    pub replies: usize,
    /// Taken in by an earlier run, or come another way, before this run began.
    pub before: usize,
    /// The same as another mail of this folder: kept once.
    pub copies: Vec<String>,
    /// Kept for an admin to look at: where it is, and why.
    pub quarantined: Vec<(String, String)>,
    /// Files that are no mails.
    pub other: Vec<String>,
    /// What could not be read or stored, and why: to be tried again.
    pub failed: Vec<(String, String)>,
    /// Whether it was stopped before the end.
    pub stopped: bool,
}

impl Report {
    /// Mails that are in Docket now: as messages or in quarantine.
    pub fn kept(&self) -> usize {
        self.tickets + self.replies + self.before + self.copies.len() + self.quarantined.len()
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} found:", count(self.mails, "mail"))?;
        for (n, what) in [
            (self.tickets, "new tickets"),
            (self.replies, "answers on tickets"),
            (self.quarantined.len(), "in quarantine: they could not become messages (listed below)"),
            (self.copies.len(), "copies of other mails in this folder, kept once (listed below)"),
            (self.before, "in Docket before this run; nothing was changed"),
            (self.failed.len(), "not read or stored (listed below)"),
        ] {
            if n > 0 {
                writeln!(f, "{n:>7} {what}")?;
            }
        }
        let list = |f: &mut std::fmt::Formatter<'_>, title: &str, lines: &[(String, String)]| {
            if !lines.is_empty() {
                writeln!(f, "\n{title}:")?;
            }
            lines.iter().try_for_each(|(place, why)| writeln!(f, "  {place}: {why}"))
        };
        list(f, "In quarantine", &self.quarantined)?;
        list(f, "Not read or stored; run it again for these", &self.failed)?;
        for (title, places) in [
            ("Copies of other mails in this folder", &self.copies),
            ("Files that are no mails, left alone", &self.other),
        ] {
            if !places.is_empty() {
                writeln!(f, "\n{title}:")?;
                places.iter().try_for_each(|place| writeln!(f, "  {place}"))?;
            }
        }
        if self.stopped {
            writeln!(f, "\nStopped before the end. Run it again to go on; nothing will be doubled.")?;
        }
        Ok(())
    }
}

/// Whether a folder can be looked through, before anything is started for it.
///
/// # Errors
/// When it is no folder, or may not be read.
pub fn look_at(folder: &Path) -> anyhow::Result<()> {
    match std::fs::read_dir(folder) {
        Ok(_) => Ok(()),
        Err(error) => anyhow::bail!("{} is not a folder that can be read: {error}", folder.display()),
    }
}

/// Takes in all mails below a folder, oldest first, so that answers find what they answer to. Stops between two mails
/// when `stop` says so.
///
/// # Errors
/// When the folder itself cannot be read. What is wrong with single mails is in the report.
pub async fn import(desk: &Desk, folder: &Path, stop: &CancellationToken) -> anyhow::Result<Report> {
    look_at(folder)?;
    let mut report = Report::default();
    let folder = folder.to_owned();
    let (mut mails, found) = tokio::task::spawn_blocking(move || look_through(&folder)).await?;
    report.other = found.other;
    report.failed = found.failed;
    report.mails = mails.len();
    mails.sort_by_key(|(order, _)| *order);
    let newest = store::mails::newest(desk).await?;
    let mut met = HashSet::new();
    let bar = progress(mails.len() as u64);
    for (n, (_, place)) in mails.iter().enumerate() {
        if stop.is_cancelled() {
            report.stopped = true;
            break;
        }
        let at = place.clone();
        let read = tokio::task::spawn_blocking(move || {
            folder::read(&at).map(|raw| {
                let parsed = super::parse(&raw);
                (raw, parsed)
            })
        })
        .await?;
        let outcome = match read {
            Ok((raw, Ok(mail))) => take_in(desk, mail, raw.into(), Origin::Archive).await,
            Ok((raw, Err(reason))) => refuse(desk, raw.into(), &reason, Origin::Archive).await,
            Err(error) => {
                report.failed.push((place.to_string(), error.to_string()));
                continue;
            }
        };
        match outcome {
            Ok(Outcome::Ticket(_)) => report.tickets += 1,
            Ok(Outcome::Reply(_)) => report.replies += 1,
            // Met a second time in this folder, or taken in by this very run.
            Ok(Outcome::Twice(mail)) if mail > newest || !met.insert(mail) => report.copies.push(place.to_string()),
            Ok(Outcome::Twice(_)) => report.before += 1,
            Ok(Outcome::Quarantined(reason)) => report.quarantined.push((place.to_string(), reason)),
            Err(error) => report.failed.push((place.to_string(), error.to_string())),
        }
        bar.inc(1);
        // Without a terminal the bar is silent; a line now and then says that it goes on.
        if bar.is_hidden() && (n + 1) % 500 == 0 {
            eprintln!("{} of {} mails", n + 1, mails.len());
        }
    }
    bar.finish_and_clear();
    Ok(report)
}

/// “1 mail”, “3 mails”.
fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

struct Found {
    other: Vec<String>,
    failed: Vec<(String, String)>,
}

/// A mail's place in the order: by its date, then as the files lie. Undated ones come last, they may answer to any.
type Order = (Time, usize);

fn look_through(folder: &Path) -> (Vec<(Order, Place)>, Found) {
    let (files, failed) = folder::files(folder);
    let failed = failed.into_iter().map(|(path, why)| (path.display().to_string(), why)).collect();
    let mut found = Found { other: Vec::new(), failed };
    let mut mails = Vec::new();
    for path in files {
        let outcome = folder::kind(&path).and_then(|kind| places(&path, kind));
        match outcome {
            Ok(places) if places.is_empty() => found.other.push(path.display().to_string()),
            Ok(places) => {
                for place in places {
                    let date = folder::read(&place).ok().and_then(|raw| date(&raw));
                    mails.push(((date.unwrap_or(Time(i64::MAX)), mails.len()), place));
                }
            }
            Err(error) => found.failed.push((path.display().to_string(), error.to_string())),
        }
    }
    (mails, found)
}

fn places(path: &Path, kind: Kind) -> std::io::Result<Vec<Place>> {
    let path = PathBuf::from(path);
    Ok(match kind {
        Kind::Other => Vec::new(),
        Kind::Mail => vec![Place { path, part: None }],
        Kind::Mbox => folder::starts(&path)?
            .windows(2)
            .enumerate()
            .map(|(number, range)| Place {
                path: path.clone(),
                part: Some(Part { number, start: range[0], end: range[1] }),
            })
            .collect(),
    })
}

fn date(raw: &[u8]) -> Option<Time> {
    let end = super::charset::headers_end(raw);
    // Broken headers may trip the parser, here as when the mail is read.
    let date = std::panic::catch_unwind(|| MessageParser::default().parse_headers(&raw[..end])?.date().copied());
    date.ok().flatten().filter(|d| d.is_valid()).map(|d| Time(d.to_timestamp() * 1_000))
}

fn progress(count: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(count);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} mails, {eta} left") {
        bar.set_style(style);
    }
    bar
}
