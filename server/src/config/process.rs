//! What a process does with its settings first of all: its log, and the folder for its data.

use std::io::IsTerminal as _;

use anyhow::Context as _;

use super::{Config, LogFormat};
use crate::private;

fn is_level(word: &str) -> bool {
    word.parse::<tracing::level_filters::LevelFilter>().is_ok()
}

impl Config {
    pub(super) fn log_filter(&self) -> anyhow::Result<tracing_subscriber::EnvFilter> {
        // Set to nothing, as files for containers like to do, is not set.
        let filter = if self.log.trim().is_empty() { "info" } else { self.log.as_str() };
        // The library takes any other word for a module of that name, of which it logs all, and nothing else. Filters with
        // spans have commas of their own.
        let lone =
            filter.split(',').map(str::trim).find(|part| !part.contains('=') && !part.is_empty() && !is_level(part));
        if let Some(word) = lone.filter(|_| !filter.contains('[')) {
            anyhow::bail!(
                "\"{word}\" in the log filter (--log, DOCKET_LOG) is no level. Use error, warn, info, debug, trace or off; \
                 for one module as in \"info,server=debug\""
            );
        }
        tracing_subscriber::EnvFilter::try_new(filter)
            .with_context(|| format!("the log filter \"{filter}\" (--log, DOCKET_LOG) cannot be understood"))
    }

    /// Sends log lines to the standard error stream from here on.
    ///
    /// # Errors
    /// When the filter cannot be understood, or logging was started before.
    pub fn start_logging(&self) -> anyhow::Result<()> {
        let filter = self.log_filter()?;
        let lines = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal());
        match self.log_format {
            LogFormat::Text => lines.try_init(),
            LogFormat::Json => lines.json().try_init(),
        }
        .map_err(|error| anyhow::anyhow!("logging cannot be started: {error}"))
    }

    /// Makes the data folder if it is not there, checks that it can be written to, and closes it to other users.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub fn prepare_data_folder(&self) -> anyhow::Result<()> {
        // Root hands its private PostgreSQL to another user, who has to get through to its own part. It may be running
        // while another program is started with its address.
        let private_one = self.database_url.is_none() || self.data.join("postgres").exists();
        let passed = nix::unistd::geteuid().is_root() && private_one;
        let mode = if passed { private::PASSED } else { private::CLOSED };
        let probe = self.data.join(".writable");
        private::make(&self.data, mode)
            .and_then(|()| std::fs::write(&probe, b""))
            .and_then(|()| std::fs::remove_file(&probe))
            .map_err(|error| {
                anyhow::anyhow!(
                    "the data folder {} (--data, DOCKET_DATA) cannot be written to: {error}. Give this user the right to, \
                     or choose another folder",
                    self.data.display()
                )
            })?;
        if let Err(error) = private::close(&self.data, mode) {
            tracing::warn!(
                "other users of this machine may be able to read files in {}: its rights cannot be changed ({error}). Make \
                 this user the owner of all that is in it",
                self.data.display()
            );
        }
        Ok(())
    }
}
