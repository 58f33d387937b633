//! `docket serve`: from settings to a listening socket, and the orderly way back.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::{Listener, ListenerExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::answer::{self, Patience};
use crate::app::{self, AppState};
use crate::config::Config;
use crate::desk;
use crate::live::Live;
use crate::post::Post;
use crate::signals::{self, Asked};
use crate::site::Site;
use crate::tls::acme::{self, Keeper};
use crate::tls::{self, Certificates, Leading, Limits, TlsListener};
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
    let Asked { stop, at_once } = signals::listen();
    let listener = listen_on(config.listen, "--listen, DOCKET_LISTEN").await?;
    let certificates = match (&config.tls_certificate, &config.tls_key) {
        (Some(certificate), Some(key)) => {
            let certificates = Arc::new(Certificates::load(certificate, key)?);
            // Whoever renews them does not ask whether we are still starting.
            tokio::spawn(tls::watch(certificates.clone(), stop.clone()));
            Some(certificates)
        }
        _ => None,
    };
    let authority = acme::Settings::of(&config)?;
    let redirecting = match config.http_redirect {
        Some(address) => Some(listen_on(address, "--http-redirect, DOCKET_HTTP_REDIRECT").await?),
        None => None,
    };
    // The port is only known now if it was given as 0.
    let address = listener.local_addr()?;
    let config = Config { listen: address, ..config };
    let opened = desk::open(&config).await?;
    if stop.is_cancelled() {
        opened.close().await;
        return Ok(());
    }
    let first_run = {
        let mut conn = opened.desk.read().await?;
        store::accounts::is_first_run(&mut conn).await?
    };
    if store::secret::is_another(&opened.desk).await? {
        tracing::warn!(
            "this database was last used with another secret key: tokens of the API that were made with it are refused here. \
             Give all servers on it the same --secret-key (DOCKET_SECRET_KEY), or the same secret.key in their data folders. \
             If the key was changed on purpose, all is well"
        );
    }
    let patience = Duration::from_secs(config.shutdown_seconds.into());
    let public_url = config.public_url_at(address);
    let data = config.data.display().to_string();
    let post = match Post::of_settings(&config, &public_url) {
        Ok(post) => post,
        Err(error) => {
            opened.close().await;
            return Err(error);
        }
    };
    let keeper = match authority {
        Some(settings) => Some(Keeper::start(opened.desk.clone(), settings).await),
        None => None,
    };
    let https = match (certificates, keeper.clone()) {
        (Some(certificates), _) => Https::Files(certificates),
        (None, Some(keeper)) => Https::Authority(keeper),
        (None, None) => Https::None,
    };
    let live = Live::start(opened.desk.clone(), stop.clone());
    let workers = work::start(opened.desk.clone(), &post, &live, stop.clone());
    let kept = keeper.clone().map(|keeper| tokio::spawn(keeper.keep(live.clone(), stop.clone())));
    let public = config.public_origin();
    let router = app::router(AppState::new(config, site, opened.desk.clone(), live.clone()));

    // The field is for programs that read the log.
    tracing::info!(%address, "Docket is at {public_url}; data in {data}, database: {}", opened.place);
    if let Some(folder) = post.folder() {
        tracing::info!(
            "no mail server is set: mails are written to {}, and nobody gets them. Set --smtp-url (DOCKET_SMTP_URL) to send them",
            folder.display()
        );
    }
    if first_run {
        tracing::info!("nobody is on staff yet: open {public_url}/set-up to make the first superadmin");
    }
    if let Some(listener) = redirecting {
        if let Ok(address) = listener.local_addr() {
            tracing::info!("http://{address} only leads there");
        }
        let leading = tls::redirect(Leading { public, port: address.port(), keeper });
        tokio::spawn(answer(Listening::Plain(listener), leading, stop.clone()));
    }
    let serving = match encrypted(listener, https) {
        Ok(listening) => answer(listening, router, stop.clone()),
        Err(error) => {
            stop.cancel();
            opened.close().await;
            return Err(error);
        }
    };
    // Sockets have left the server's care with their upgrade: they are waited for apart.
    let serving = async {
        serving.await;
        live.closed().await;
        live.ended().await;
        workers.finished().await;
        if let Some(kept) = kept
            && let Err(error) = kept.await
        {
            tracing::error!(%error, "what keeps the certificate up ended badly");
        }
    };
    let too_late = async {
        stop.cancelled().await;
        tokio::select! {
            () = tokio::time::sleep(patience) => {}
            () = at_once.cancelled() => {}
        }
    };
    tokio::select! {
        () = serving => {}
        () = too_late => tracing::warn!("some requests did not finish in time and were cut off"),
    }
    opened.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// What connections come in by.
enum Listening {
    Plain(TcpListener),
    Encrypted(TlsListener),
}

/// Where the certificate comes from.
enum Https {
    None,
    Files(Arc<Certificates>),
    Authority(Arc<Keeper>),
}

/// Has connections encrypted where there are certificates.
fn encrypted(listener: TcpListener, https: Https) -> anyhow::Result<Listening> {
    let acceptor = match https {
        Https::None => return Ok(Listening::Plain(listener)),
        Https::Files(certificates) => tls::acceptor(certificates)?,
        Https::Authority(keeper) => tls::acceptor_of(keeper)?,
    };
    Ok(Listening::Encrypted(TlsListener::new(listener, acceptor, Limits::default())?))
}

/// Answers requests until the server stops.
async fn answer(listening: Listening, router: Router, stop: CancellationToken) {
    match listening {
        Listening::Plain(listener) => {
            answer::answer(prompt(listener), router, Patience::default(), |_| false, stop).await
        }
        Listening::Encrypted(listener) => {
            let router = router.layer(axum::middleware::from_fn(tls::named));
            answer::answer(listener, router, Patience::default(), tls::is_two, stop).await;
        }
    }
}

/// Small answers must not wait for the acknowledgement of earlier ones (Nagle's algorithm): 40 ms each otherwise.
fn prompt(listener: TcpListener) -> impl Listener<Io = TcpStream, Addr = SocketAddr> {
    listener.tap_io(|socket| {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
    })
}

/// Takes the address, or says why it cannot be had.
async fn listen_on(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let todo = match error.kind() {
            ErrorKind::AddrInUse => {
                "another program, maybe another Docket, listens there already. Stop it, or choose another port"
            }
            ErrorKind::PermissionDenied => {
                "this user may not listen there; ports below 1024 are for root alone. Choose another port"
            }
            ErrorKind::AddrNotAvailable => {
                "this machine has no such address. Use one that it has, or 0.0.0.0 for all of them"
            }
            _ => return anyhow::anyhow!("cannot listen on {address} ({setting}): {error}"),
        };
        anyhow::anyhow!("cannot listen on {address} ({setting}): {todo}")
    })
}
