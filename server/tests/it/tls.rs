//! HTTPS without a proxy: what is spoken, what is refused, and what browsers are told and believed.

use crate::support::{PASSWORD, World, browser::Browser, node::soon, person, program::docket, running::Running};
use ::server::{
    answer::{Patience, answer},
    tls::{self, Certificates, Limits, TlsListener},
};
use axum::{Router, body::Body, serve::Listener as _};
use http::{Request, StatusCode, header};
use http_body_util::{Empty, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use std::{process::Stdio, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
        version::{TLS12, TLS13},
    },
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Files with a certificate of its own and the key to it.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        files.renew(CertificateParams::new(["localhost".to_owned()]).unwrap());
        files
    }

    /// Another certificate in the same files.
    fn renew(&self, params: CertificateParams) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(self.key(), key.serialize_pem()).unwrap();
        std::fs::write(self.certificate(), certificate.pem()).unwrap();
        certificate.der().clone()
    }

    fn certificate(&self) -> std::path::PathBuf {
        self.folder.path().join("certificate.pem")
    }

    fn key(&self) -> std::path::PathBuf {
        self.folder.path().join("key.pem")
    }

    fn arguments(&self) -> [String; 4] {
        let [certificate, key] = [self.certificate(), self.key()].map(|path| path.to_str().unwrap().to_owned());
        ["--tls-certificate".into(), certificate, "--tls-key".into(), key]
    }

    /// Connects to a port as somebody who trusts this certificate and nothing else.
    async fn connect(&self, port: u16, protocols: &[&[u8]], tls12: bool) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.certificate()).unwrap()).unwrap();
        let versions = if tls12 { &[&TLS12][..] } else { &[&TLS13] };
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let socket = TcpStream::connect(("127.0.0.1", port)).await?;
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), socket).await
    }
}

fn get(path: &str, host: &str) -> Request<Empty<&'static [u8]>> {
    Request::get(path).header(header::HOST, host).body(Empty::new()).unwrap()
}

#[tokio::test]
async fn it_speaks_https_and_nothing_else() {
    let (world, data, files) = (World::new().await, tempfile::tempdir().unwrap(), Files::new());
    let (url, tls) = (world.database_url(), files.arguments());
    let mut arguments = vec!["--database-url", &url, "--http-redirect", "127.0.0.1:0"];
    arguments.extend(tls.iter().map(String::as_str));
    let mut running = Running::start(data.path(), &arguments).await;
    running.until("only leads there").await;
    let port = running.port("https://127.0.0.1:");
    // Where nobody is on staff, signing in leads on to setting up.
    let agent = world.agent().await;
    for (protocols, tls12) in [(&[&b"http/1.1"[..]][..], true), (&[b"http/1.1"], false), (&[], false)] {
        let stream = soon("a handshake", files.connect(port, protocols, tls12)).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let answer = sender.send_request(get("/sign-in", "localhost")).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[header::STRICT_TRANSPORT_SECURITY], "max-age=31536000");
    }
    // HTTP/2, where both can; a form is taken by its Origin, though there is no Host.
    let stream = soon("a handshake", files.connect(port, &[b"h2", b"http/1.1"], false)).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("email", person(&agent).email.as_str()), ("password", PASSWORD)])
        .finish();
    for (origin, status) in [
        ("https://localhost", StatusCode::SEE_OTHER),
        ("http://localhost", StatusCode::FORBIDDEN),
        ("https://evil.example", StatusCode::FORBIDDEN),
    ] {
        let request = Request::post("https://localhost/sign-in")
            .header(header::ORIGIN, origin)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(form.clone().into_bytes().into()) as Full<bytes::Bytes>)
            .unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), status, "{origin}");
        if status == StatusCode::SEE_OTHER {
            let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
            assert!(cookie.starts_with("__Host-docket_session=") && cookie.contains("; Secure"), "{cookie}");
        }
    }
    // The address of who asks is known as on any other connection.
    let address: Option<String> =
        sqlx::query_scalar("select address from events where kind = 'account.signed_in' order by id limit 1")
            .fetch_one(world.desk.pool())
            .await
            .unwrap();
    assert_eq!(address.as_deref(), Some("127.0.0.1"));
    // Unencrypted, nothing is answered there.
    let mut plain = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    plain.write_all(b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = soon("it is closed", plain.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
    // The other address only leads there, whatever is asked.
    let mut plain = TcpStream::connect(("127.0.0.1", running.port("http://127.0.0.1:"))).await.unwrap();
    plain.write_all(b"POST /sign-in?next=/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    soon("it is closed", plain.read_to_string(&mut answer)).await.unwrap();
    let to = format!("location: https://localhost:{port}/sign-in?next=/\r\n");
    assert!(answer.starts_with("HTTP/1.1 308 ") && answer.contains(&to), "{answer}");
    // A new certificate is shown to whoever connects from then on.
    let new = files.renew(CertificateParams::new(["localhost".to_owned()]).unwrap());
    running.signal(Signal::SIGHUP);
    running.until("the certificate was loaded again").await;
    let stream = soon("a handshake", files.connect(port, &[], false)).await.unwrap();
    assert_eq!(stream.get_ref().1.peer_certificates().unwrap(), [new]);
    running.signal(Signal::SIGTERM);
    assert!(soon("it ends", running.child.wait()).await.unwrap().success());
}

#[tokio::test]
async fn what_is_wrong_with_the_files_is_said_before_anything_is_started() {
    let (good, other) = (Files::new(), Files::new());
    let broken = tempfile::tempdir().unwrap();
    let (empty, none) = (broken.path().join("empty"), broken.path().join("none"));
    std::fs::write(&empty, "").unwrap();
    let cut = broken.path().join("cut");
    let whole = std::fs::read_to_string(good.certificate()).unwrap();
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let data = broken.path().join("data");
    for (certificate, key, reason) in [
        (&none, &good.key(), "cannot read"),
        (&good.certificate(), &none, "cannot read"),
        (&empty, &good.key(), "holds no certificate"),
        (&good.certificate(), &empty, "holds no key"),
        (&good.certificate(), &good.certificate(), "holds no key"),
        (&cut, &good.key(), "a part of it is missing"),
        (&good.certificate(), &other.key(), "is not that of the certificate"),
    ] {
        let arguments = ["--listen", "127.0.0.1:0", "--tls-certificate", certificate.to_str().unwrap(), "--tls-key"];
        let mut command = docket(&data, &[&arguments[..], &[key.to_str().unwrap()]].concat());
        let output = soon("it ends", command.output()).await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(reason), "{reason}: {said}");
        assert!(!said.contains("BEGIN PRIVATE KEY-----\n"), "{said}");
        assert!(!data.exists(), "{reason}");
    }
}

/// Whoever renews the files and says so does not know how far a server has come that is starting.
#[tokio::test]
async fn a_server_that_is_starting_survives_being_told_of_new_files() {
    let (data, files) = (tempfile::tempdir().unwrap(), Files::new());
    // A database that does not answer: so far it has come then, and no further.
    let database = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (url, tls) = (format!("postgres://docket@{}/docket", database.local_addr().unwrap()), files.arguments());
    let mut arguments = vec!["--listen", "127.0.0.1:0", "--database-url", &url];
    arguments.extend(tls.iter().map(String::as_str));
    let child = docket(data.path(), &arguments).stderr(Stdio::piped()).spawn().unwrap();
    let asked = soon("it asks the database", database.accept()).await.unwrap();
    kill(Pid::from_raw(child.id().unwrap().try_into().unwrap()), Signal::SIGHUP).unwrap();
    drop((asked, database));
    let ended = soon("it ends", child.wait_with_output()).await.unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.code() == Some(1) && said.contains("cannot use the database"), "{}: {said}", ended.status);
}

#[tokio::test]
async fn an_expired_certificate_is_used_with_a_warning() {
    let (world, data, files) = (World::new().await, tempfile::tempdir().unwrap(), Files::new());
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 2, 1));
    files.renew(params);
    let (url, tls) = (world.database_url(), files.arguments());
    let mut arguments = vec!["--database-url", &url];
    arguments.extend(tls.iter().map(String::as_str));
    let running = Running::start(data.path(), &arguments).await;
    assert!(running.said.contains("has expired"), "{}", running.said);
}

/// Whatever is put into the files while the server runs, it goes on with what it has.
#[tokio::test]
async fn broken_files_change_nothing_until_they_are_mended() {
    let files = Files::new();
    let loaded = Certificates::load(&files.certificate(), &files.key()).unwrap();
    assert!(!loaded.look().unwrap(), "nothing has changed");
    let good = std::fs::read(files.key()).unwrap();
    std::fs::write(files.key(), "nothing").unwrap();
    assert!(loaded.look().is_err());
    assert!(!loaded.look().unwrap(), "said once");
    std::fs::remove_file(files.key()).unwrap();
    assert!(loaded.look().is_err());
    std::fs::write(files.key(), good).unwrap();
    assert!(loaded.look().unwrap());
}

/// A listener with these limits, and its port.
async fn listener(files: &Files, limits: Limits) -> (TlsListener, u16) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let certificates = Arc::new(Certificates::load(&files.certificate(), &files.key()).unwrap());
    (TlsListener::new(socket, tls::acceptor(certificates).unwrap(), limits).unwrap(), port)
}

async fn closed(mut socket: TcpStream) {
    let mut rest = Vec::new();
    let _ = soon("it is closed", socket.read_to_end(&mut rest)).await;
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn who_does_not_shake_hands_keeps_nobody_waiting() {
    let files = Files::new();
    let long = Limits { patience: Duration::from_secs(3_600), at_once: 16, of_one: 2 };
    let (mut listening, port) = listener(&files, long).await;
    let idle = [
        TcpStream::connect(("127.0.0.1", port)).await.unwrap(),
        TcpStream::connect(("127.0.0.1", port)).await.unwrap(),
    ];
    // No more from this address, until one of them goes.
    closed(TcpStream::connect(("127.0.0.1", port)).await.unwrap()).await;
    let [one, other] = idle;
    drop(one);
    let accepted = async {
        loop {
            if let Ok(stream) = files.connect(port, &[], false).await {
                return stream;
            }
        }
    };
    let (stream, (_, address)) = soon("a handshake", async { tokio::join!(accepted, listening.accept()) }).await;
    assert_eq!(stream.get_ref().0.local_addr().unwrap(), address);
    drop(other);
    // And none for ever.
    let short = Limits { patience: Duration::from_millis(20), ..long };
    let (_listening, port) = listener(&files, short).await;
    closed(TcpStream::connect(("127.0.0.1", port)).await.unwrap()).await;
}

/// The first bytes of a handshake, of which the rest does not come.
const HALF: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];

#[tokio::test]
async fn half_a_handshake_is_waited_for_no_longer_than_none() {
    let files = Files::new();
    let limits = Limits { patience: Duration::from_millis(300), at_once: 2, of_one: 2 };
    let (mut listening, port) = listener(&files, limits).await;
    let slow = async |sent: &'static [u8]| {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        socket.write_all(sent).await.unwrap();
        closed(socket).await;
    };
    tokio::join!(slow(HALF), slow(&HALF[..3]));
    // Their places are free again, all of them.
    for _ in 0..limits.at_once {
        let connected = soon("a handshake", files.connect(port, &[b"h2"], false)).await.unwrap();
        let (stream, _) = soon("it is handed on", listening.accept()).await;
        assert!(tls::is_two(&stream));
        drop(connected);
    }
}

/// A server behind certificates that gives everybody this long for a head, and how it is stopped.
async fn serving(files: &Files, head: Duration) -> (u16, DropGuard) {
    let (listening, port) = listener(files, Limits::default()).await;
    let stop = CancellationToken::new();
    let router = Router::new().route("/", axum::routing::get(async || "here"));
    let patience = Patience { head, word: head, ..Patience::default() };
    tokio::spawn(answer(listening, router, patience, tls::is_two, stop.clone()));
    (port, stop.drop_guard())
}

/// What a program of HTTP/2 says first, and that it has no settings of its own.
const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// The head of a request of HTTP/2 without its end.
const UNENDED: &[u8] = &[0, 0, 2, 1, 0, 0, 0, 0, 1, 0x82, 0x84];

/// As without encryption; see `answer.rs`.
#[tokio::test]
async fn who_asks_for_nothing_behind_the_handshake_is_let_go() {
    let files = Files::new();
    let (port, _stop) = serving(&files, Duration::from_millis(200)).await;
    let (h2, h1) = (&b"h2"[..], &b"http/1.1"[..]);
    let unended = [GREETING, UNENDED].concat();
    let sent: [(&[u8], &[u8]); 7] = [
        (h2, b""),
        (h2, &GREETING[..10]),
        (h2, GREETING),
        (h2, &unended),
        (h1, b""),
        (h1, b"GET / HT"),
        (h1, b"GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: "),
    ];
    let waiting = sent.map(async |(protocol, part)| {
        let mut stream = soon("a handshake", files.connect(port, &[protocol], false)).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
        stream.write_all(part).await.unwrap();
        stream.flush().await.unwrap();
        let mut answer = Vec::new();
        // Also one that is cut off without a word of TLS is closed.
        let _ = soon("the end of the connection", stream.read_to_end(&mut answer)).await;
        assert!(!String::from_utf8_lossy(&answer).contains("here"));
    });
    // And who breaks off within the encryption: a record of which only the head comes.
    let broken = [h2, h1].map(async |protocol| {
        let stream = soon("a handshake", files.connect(port, &[protocol], false)).await.unwrap();
        let mut socket = stream.into_inner().0;
        socket.write_all(&[0x17, 3, 3, 0, 100]).await.unwrap();
        let _ = soon("the end of the connection", socket.read_to_end(&mut Vec::new())).await;
    });
    tokio::join!(futures::future::join_all(waiting), futures::future::join_all(broken));
}

#[tokio::test]
async fn between_two_requests_behind_the_handshake_a_connection_is_closed_in_time() {
    let files = Files::new();
    let (port, _stop) = serving(&files, Duration::from_millis(200)).await;
    let stream = soon("a handshake", files.connect(port, &[b"h2"], false)).await.unwrap();
    // It answers pings by itself.
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let ended = tokio::spawn(connection);
    for _ in 0..2 {
        let answer = sender.send_request(get("https://localhost/", "localhost")).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
    soon("the end of the connection", ended).await.unwrap().unwrap();
    assert!(sender.send_request(get("https://localhost/", "localhost")).await.is_err());
}

const PUBLIC: [&str; 2] = ["--public-url", "https://help.acme.example"];

/// A plain cookie can be planted by whoever is on the network or has a neighbouring host: it means nothing where the other
/// one is used, and the other way round.
#[tokio::test]
async fn only_one_name_of_the_cookie_is_believed() {
    let world = World::new().await;
    let agent = world.agent().await;
    for (browser, name, other) in [
        (Browser::set(&world, &PUBLIC), "__Host-docket_session", "docket_session"),
        (Browser::of_visitor(&world), "docket_session", "__Host-docket_session"),
    ] {
        let page = browser.post("/sign-in", &[("email", &person(&agent).email), ("password", PASSWORD)]).await;
        let set = page.headers[header::SET_COOKIE].to_str().unwrap();
        let (cookie, rest) = set.split_once(';').unwrap();
        let (named, token) = cookie.split_once('=').unwrap();
        assert_eq!(named, name);
        assert_eq!(rest.contains("; Secure"), name.starts_with("__Host-"), "{rest}");
        assert!(rest.contains("Path=/;") && rest.contains("HttpOnly") && !rest.contains("Domain"), "{rest}");
        let open = async |cookie: String| {
            let request = Request::get("/me").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
            browser.send(request).await.status
        };
        assert_eq!(open(format!("{name}={token}")).await, StatusCode::OK);
        assert_ne!(open(format!("{other}={token}")).await, StatusCode::OK, "{other}");
        assert_eq!(open(format!("{other}=x; {name}={token}")).await, StatusCode::OK);
        // Signing out ends the cookie under its own name.
        let request = Request::post("/sign-out").header("sec-fetch-site", "same-origin").header(header::COOKIE, cookie);
        let page = browser.send(request.body(Body::empty()).unwrap()).await;
        let set = page.headers[header::SET_COOKIE].to_str().unwrap();
        assert!(set.starts_with(&format!("{name}=;")) && set.contains("Max-Age=0"), "{set}");
    }
}

#[tokio::test]
async fn browsers_are_told_of_https_where_it_is_used() {
    let world = World::new().await;
    for (arguments, told) in [
        (&PUBLIC[..], true),
        (&["--public-url", "https://help.acme.example", "--hsts", "false"], false),
        (&["--public-url", "http://help.acme.example"], false),
        (&[], false),
    ] {
        let browser = Browser::set(&world, arguments);
        for path in ["/sign-in", "/nothing-here", "/api/v1/me", "/files/x/y"] {
            let page = browser.get(path).await;
            assert_eq!(page.headers.contains_key(header::STRICT_TRANSPORT_SECURITY), told, "{arguments:?} {path}");
        }
    }
}
