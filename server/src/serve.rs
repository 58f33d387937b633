//! `docket serve`: from settings to a listening socket, and the orderly way back.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::{self, AppState};
use crate::config::Config;
use crate::desk;
use crate::live::Live;
use crate::site::Site;
use crate::work;

/// Serves the application until the process is asked to stop (Ctrl-C, SIGTERM).
///
/// # Errors
/// When it cannot start: no data folder, no site, or an address that is taken.
pub async fn serve(config: Config, site: Site) -> anyhow::Result<()> {
    anyhow::ensure!(
        !site.is_empty(),
        "this program was built without the files for browsers; build it with: cargo xtask build"
    );
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {} (--listen, DOCKET_LISTEN)", config.listen))?;
    // The port is only known now if it was given as 0.
    let address = listener.local_addr()?;
    let opened = desk::open(&config).await?;
    let first_run = {
        let mut conn = opened.desk.read().await?;
        store::accounts::is_first_run(&mut conn).await?
    };
    let patience = Duration::from_secs(config.shutdown_seconds.into());
    let public_url = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let stop = CancellationToken::new();
    let live = Live::start(opened.desk.clone(), stop.clone());
    let workers = work::start(opened.desk.clone(), &live, stop.clone());
    let router = app::router(AppState::new(config, site, opened.desk.clone(), live.clone()));

    // Small answers must not wait for the acknowledgement of earlier ones (Nagle's algorithm): 40 ms each otherwise.
    let listener = listener.tap_io(|socket| {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
    });
    tokio::spawn({
        let stop = stop.clone();
        async move {
            asked_to_stop().await;
            stop.cancel();
        }
    });
    tracing::info!(%address, "listening; open {public_url}");
    if first_run {
        tracing::info!("nobody is on staff yet: open {public_url}/set-up to make the first superadmin");
    }
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned()).into_future();
    // Sockets have left the server's care with their upgrade: they are waited for apart.
    let serving = async {
        serving.await?;
        live.closed().await;
        workers.finished().await;
        Ok::<_, std::io::Error>(())
    };
    let too_late = async {
        stop.cancelled().await;
        tracing::info!("stopping");
        tokio::time::sleep(patience).await;
    };
    tokio::select! {
        served = serving => served?,
        () = too_late => tracing::warn!("some requests did not finish in time and were cut off"),
    }
    opened.close().await;
    Ok(())
}

/// Waits for Ctrl-C or, on Unix, for SIGTERM.
async fn asked_to_stop() {
    let interrupt = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "Ctrl-C cannot be noticed");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::error!(%error, "SIGTERM cannot be noticed");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
