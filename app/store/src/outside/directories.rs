//! Directories, which know people's passwords. Whose is tried at which of them is in [`super::ways`]; how one is asked is the
//! server's, which hands it in ([`Directories`]), for here nothing talks to the network.

use super::{providers, ways::Way};
use crate::Desk;
use domain::{
    Code, Error, Result,
    outside::{Trial, Usable, Vouched},
};

/// What a directory says about a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is right, and this is whose.
    Vouched(Vouched),
    /// It is wrong, or the directory knows nobody by what was typed, or lets them in no more: which of it is not told.
    Wrong,
    /// The directory could not be asked, and why, in words for whoever set it up.
    Failed(String),
}

/// How directories are asked.
#[async_trait::async_trait]
pub trait Directories: std::fmt::Debug + Send + Sync + 'static {
    /// Whether this password is that of whoever is found by what was typed. Takes some seconds at most.
    async fn ask(&self, directory: &Usable, login: &str, password: &str) -> Answer;

    /// Looks whether a directory can be asked, and what it says of somebody, if anybody is named.
    async fn attempt(&self, directory: &Usable, login: &str) -> Trial;
}

/// For programs that ask none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDirectories;

#[async_trait::async_trait]
impl Directories for NoDirectories {
    async fn ask(&self, _: &Usable, _: &str, _: &str) -> Answer {
        Answer::Failed("cannot be asked by this program".to_owned())
    }

    async fn attempt(&self, directory: &Usable, _: &str) -> Trial {
        Trial { good: Vec::new(), bad: vec![format!("{} cannot be asked by this program.", directory.name)] }
    }
}

/// What a directory says to a password.
///
/// Errors: `Unavailable` when it does not say anything; the log has the reason.
pub(crate) async fn ask(desk: &Desk, directory: &Usable, login: &str, password: &str) -> Result<Option<Vouched>> {
    // Nobody's: with an empty password, many directories let everybody in as nobody.
    if password.is_empty() {
        return Ok(None);
    }
    match desk.options().directories.ask(directory, login, password).await {
        Answer::Vouched(who) => Ok(Some(who)),
        Answer::Wrong => Ok(None),
        Answer::Failed(why) => {
            tracing::warn!(provider = directory.name, "a directory {why}");
            Err(Error::new(
                Code::Unavailable,
                format!(
                    "Your password is tried at {}, which does not answer at the moment. Please try again in a minute.",
                    directory.name
                ),
            ))
        }
    }
}

/// The directory of a way in, with what it takes to ask it.
pub(crate) async fn of_way(desk: &Desk, way: &Way) -> Result<Usable> {
    providers::in_use(desk, way.bound.provider).await
}
