//! Requests against a host on loopback, in a network where it has a name.

use super::*;
use axum::Router;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::IntoResponse as _;
use axum::routing::get;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;

/// `open.example` may be asked. `trap.example` has a second address that may not; `inside.example` only has such.
struct Town {
    open: SocketAddr,
    resolved: Arc<AtomicUsize>,
}

#[async_trait::async_trait]
impl Reach for Town {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        self.resolved.fetch_add(1, Ordering::Relaxed);
        let open = SocketAddr::new(self.open.ip(), port);
        let inside = SocketAddr::from(([10, 0, 0, 1], port));
        match host {
            "open.example" => Ok(vec![open]),
            "trap.example" => Ok(vec![open, inside]),
            "inside.example" => Ok(vec![inside]),
            // Answers with another port than asked for.
            "crooked.example" => Ok(vec![SocketAddr::new(self.open.ip(), port.wrapping_add(1))]),
            _ => Err(io::Error::other("no such host")),
        }
    }

    fn allows(&self, to: SocketAddr) -> bool {
        to == self.open
    }
}

const CALM: Duration = Duration::from_secs(60);

/// A host on loopback, and requests in a network with it.
async fn town(patience: Duration) -> (Outgoing, String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/small", get(async || "0123456789"))
        .route("/stream", get(async || Body::from_stream(endless())))
        .route("/never", get(async || std::future::pending::<()>().await))
        .route(
            "/stalls",
            get(async || {
                Body::from_stream(futures::stream::iter([Ok::<_, io::Error>("some")]).chain(futures::stream::pending()))
            }),
        )
        .route(
            "/headers",
            get(async |headers: HeaderMap| {
                let mut names: Vec<String> = headers.keys().map(ToString::to_string).collect();
                names.sort();
                names.join(" ")
            }),
        )
        .route(
            "/to/{*address}",
            get(async |Path(address): Path<String>| (StatusCode::FOUND, [(header::LOCATION, address)]).into_response()),
        )
        .route(
            "/again/{n}",
            get(async |Path(n): Path<u8>| match n {
                0 => "arrived".into_response(),
                n => (StatusCode::FOUND, [(header::LOCATION, (n - 1).to_string())]).into_response(),
            }),
        );
    tokio::spawn(axum::serve(listener, router).into_future());
    let resolved = Arc::new(AtomicUsize::new(0));
    let outgoing = Outgoing::with(Town { open, resolved: resolved.clone() }, patience);
    (outgoing, format!("http://open.example:{}", open.port()), resolved)
}

fn endless() -> impl futures::Stream<Item = io::Result<Bytes>> {
    futures::stream::repeat_with(|| Ok(Bytes::from_static(&[b'x'; 1024])))
}

#[tokio::test]
async fn a_host_is_asked_at_the_address_that_was_checked() {
    let (outgoing, base, resolved) = town(CALM).await;
    let got = outgoing.get(&format!("{base}/small?a=b#c"), "image/*", 10).await.unwrap();
    assert_eq!(&got[..], b"0123456789");
    assert_eq!(resolved.load(Ordering::Relaxed), 1, "the name was looked up again");
    let sent = outgoing.get(&format!("{base}/headers"), "image/*", 1_000).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&sent), "accept accept-encoding connection host user-agent");
}

#[tokio::test]
async fn what_is_not_to_be_asked_is_not_asked() {
    let (outgoing, base, _) = town(CALM).await;
    let port = base.rsplit(':').next().unwrap();
    for address in [
        format!("http://trap.example:{port}/small"),
        format!("http://inside.example:{port}/small"),
        format!("http://crooked.example:{port}/small"),
        "http://open.example:1/small".to_owned(),
        "ftp://open.example/small".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://open.example/".to_owned(),
        "data:image/png;base64,AA==".to_owned(),
        "/small".to_owned(),
        "http://".to_owned(),
        // Sent on to where nobody may go.
        format!("{base}/to/http://inside.example:{port}/small"),
        format!("{base}/to/http://10.0.0.1/"),
        format!("{base}/to/http://169.254.169.254/latest/meta-data"),
        format!("{base}/to/file:///etc/passwd"),
    ] {
        let refused = outgoing.get(&address, "image/*", 100).await;
        assert!(matches!(refused, Err(Refused::Address)), "{address}: {refused:?}");
    }
    // Encryption is spoken where it is asked for: a host that does not is no good.
    let plain = outgoing.get(&format!("{}/small", base.replace("http:", "https:")), "image/*", 100).await;
    assert!(matches!(&plain, Err(Refused::Unreachable(cause)) if cause.contains("corrupt message")), "{plain:?}");
    let unknown = outgoing.get("http://nobody.example/", "image/*", 100).await;
    assert!(matches!(unknown, Err(Refused::Unreachable(_))), "{unknown:?}");
}

#[tokio::test]
async fn the_internet_has_no_private_addresses_however_they_are_written() {
    let outgoing = Outgoing::with(Internet, CALM);
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0",
        "localhost",
        "LOCALHOST",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "①②⑦.0.0.1",
        "user@127.0.0.1",
        "[::1]",
        "[::]",
        "[::ffff:7f00:1]",
        "[::ffff:127.0.0.1]",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
        "10.1",
        "0xa9fea9fe",
        "1.1.1.1:22",
        "1.1.1.1:8080",
    ] {
        for scheme in ["http", "https"] {
            let refused = outgoing.get(&format!("{scheme}://{host}/"), "image/*", 100).await;
            assert!(matches!(refused, Err(Refused::Address)), "{scheme} {host}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn there_is_an_end_to_size_redirects_and_time() {
    let (outgoing, base, _) = town(CALM).await;
    let ask = async |path: &str| outgoing.get(&format!("{base}{path}"), "image/*", 9).await;
    assert!(matches!(ask("/small").await, Err(Refused::TooLarge)));
    assert!(matches!(ask("/stream").await, Err(Refused::TooLarge)));
    assert!(matches!(ask("/none").await, Err(Refused::Status(StatusCode::NOT_FOUND))));
    assert_eq!(&ask("/again/3").await.unwrap()[..], b"arrived");
    assert!(matches!(ask("/again/4").await, Err(Refused::Redirects)));
    let (outgoing, base, _) = town(Duration::from_millis(200)).await;
    for path in ["/never", "/stalls"] {
        assert!(matches!(outgoing.get(&format!("{base}{path}"), "image/*", 9).await, Err(Refused::Slow)), "{path}");
    }
    // Those that were given up have given back their turn.
    assert_eq!(outgoing.turns.available_permits(), AT_ONCE);
}
