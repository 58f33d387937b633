//! `docket rotate-key`: another secret key, while servers run and people hold links and tokens of the old one.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use store::Desk;
use store::seal::{COLUMNS, rotate};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::keys;

/// What servers with a key of the settings are told.
const BY_SETTINGS: &str = "The key is set by --secret-key (DOCKET_SECRET_KEY), so it is changed there. On all servers, one step \
    after the other:\n  \
    1. set DOCKET_PREVIOUS_SECRET_KEYS to the new key (for example from: openssl rand -hex 32), and restart;\n  \
    2. set DOCKET_SECRET_KEY to the new key, DOCKET_PREVIOUS_SECRET_KEYS to the old one, and restart;\n  \
    3. run docket rotate-key with these settings, once.\n\
    From the first step on each server reads what the others write, so they can be restarted one by one.";

/// How long the last link or token may be good that was made with the key before.
const PATIENCE: &str = "Links in mails and tokens of the API that were made with the earlier key are believed until they run out, \
    7 days at the most.";

/// Makes a new key where it is kept in the data folder, and seals everything again that an earlier one has sealed.
///
/// # Errors
/// When there is nothing that it could do, the database or the folder cannot be written, or values could not be opened.
pub async fn rotate(desk: &Desk, config: &Config, stop: &CancellationToken) -> anyhow::Result<()> {
    let _turn = keys::take_turn(config)?;
    let mut left = rotate::left(desk, COLUMNS).await?;
    if config.secret_key.is_none() {
        if left == 0 {
            keys::renew(config).context("no new key was made; the one of before stays in use")?;
            rotate::changed(desk).await?;
            left = rotate::left(desk, COLUMNS).await?;
            println!("A new key is in {}; the earlier one is beside it.", config.data.join(keys::CURRENT).display());
        } else {
            println!("An earlier change of the key was not finished; going on with it. No new key is made.");
        }
    } else if left == 0 && desk.keys().all().len() == 1 {
        anyhow::bail!("there is no other key that something could be sealed with.\n{BY_SETTINGS}");
    }
    let bar = progress(u64::try_from(left).unwrap_or_default());
    let sealing = rotate::reseal(desk, COLUMNS, |done| bar.inc(u64::try_from(done).unwrap_or_default()));
    let resealed = stop.run_until_cancelled(sealing).await;
    bar.finish_and_clear();
    let Some(resealed) = resealed else {
        anyhow::bail!("stopped before the end. Nothing is lost: run it again to go on");
    };
    let resealed = resealed?;
    for broken in &resealed.broken {
        eprintln!("{broken}");
    }
    println!("{} secrets were sealed with the current key.", resealed.done);
    anyhow::ensure!(
        resealed.broken.is_empty(),
        "{} secrets could not be opened, and are left as they were; see above. Keep the earlier keys until they are mended",
        resealed.broken.len()
    );
    if config.secret_key.is_none() {
        println!(
            "Servers with this data folder take the new key by themselves. {PATIENCE} Then forget the earlier key, with: docket \
             rotate-key --forget-previous"
        );
    } else {
        println!("{PATIENCE} Then take the earlier key out of DOCKET_PREVIOUS_SECRET_KEYS.");
    }
    Ok(())
}

/// Forgets the keys of before that are kept in the data folder, if nothing is sealed with them any more.
///
/// # Errors
/// When something still is, or they cannot be removed.
pub async fn forget(desk: &Desk, config: &Config) -> anyhow::Result<()> {
    let _turn = keys::take_turn(config)?;
    let left = rotate::left(desk, COLUMNS).await?;
    anyhow::ensure!(
        left == 0,
        "{left} secrets are still sealed with an earlier key. Run docket rotate-key first: without that key they could never \
         be read again"
    );
    if !keys::forget_previous(config)? {
        println!("There is no earlier key in {}.", config.data.display());
        return Ok(());
    }
    rotate::forgotten(desk).await?;
    println!("The earlier keys are forgotten: links and tokens that were made with them are good no more.");
    Ok(())
}

fn progress(count: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(count);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} secrets, {eta} left") {
        bar.set_style(style);
    }
    bar
}
