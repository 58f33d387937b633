//! Being asked to stop, by a person or by whoever runs the machine.

use tokio_util::sync::CancellationToken;

/// How this process is asked to stop.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Cancelled by the first signal: finish what is under way and stop.
    pub stop: CancellationToken,
    /// Cancelled by the second one: stop as you are.
    pub at_once: CancellationToken,
}

/// Listens for Ctrl-C and SIGTERM from here on, and says in the log why it stops.
pub fn listen() -> Asked {
    let asked = Asked { stop: CancellationToken::new(), at_once: CancellationToken::new() };
    tokio::spawn({
        let asked = asked.clone();
        async move {
            let Some(mut signals) = Signals::new() else { return };
            // First waited, then said: what is not logged is not evaluated.
            let why = signals.next().await;
            tracing::info!("stopping: {why}");
            asked.stop.cancel();
            let why = signals.next().await;
            tracing::info!("stopping at once: {why}, for the second time");
            asked.at_once.cancel();
        }
    });
    asked
}

/// From here on Ctrl-C ends nothing by itself, until somebody [listens](listen). Inside of a runtime.
///
/// # Errors
/// When the system does not let us.
pub fn catch_interrupts() -> std::io::Result<impl Sized> {
    #[cfg(unix)]
    return tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
    #[cfg(not(unix))]
    return Ok(());
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
            (Ok(interrupt), Ok(terminate)) => Some(Self { interrupt, terminate }),
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "Ctrl-C and SIGTERM cannot be noticed");
                None
            }
        }
    }

    /// The next one, in words.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C was pressed (SIGINT)",
            _ = self.terminate.recv() => "it was asked to (SIGTERM)",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) -> &'static str {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "Ctrl-C cannot be noticed");
            std::future::pending::<()>().await;
        }
        "Ctrl-C was pressed"
    }
}
