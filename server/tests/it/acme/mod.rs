//! Certificates from a real authority: got, kept, renewed, shared by servers, and refused.

mod bound;
mod hurried;
mod refused;
mod suggested;

use crate::support::{
    PASSWORD, Refused as _, World,
    node::soon,
    pebble::{BLOCKED, Pebble, Ports, connect, own_authority},
    person,
    program::docket,
    running::Running,
    slapd::port,
};
use domain::{
    Actor, Code, Role,
    certificate::{Fault, Source, Standing},
};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper_util::rt::TokioIo;
use nix::sys::signal::Signal;
use std::path::PathBuf;
use store::certificates::{self, Account, Kept, Wanted};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::rustls::pki_types::CertificateDer;

const NAME: &str = "help.docket.example";
const ASKED: &str = "asking localhost for a certificate";
const GIVEN: &str = "gave a certificate for help.docket.example";
const IN_USE: &str = "the certificate for help.docket.example is in use";

/// A desk, an authority that may be there, and what a server on both is started with.
struct Place {
    world: World,
    ports: Ports,
    folder: TempDir,
    vouching: PathBuf,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vouching = own_authority(folder.path());
        Self { world: World::new().await, ports: Ports::free(), folder, vouching }
    }

    async fn pebble(&self, reuse: bool) -> Pebble {
        Pebble::start(self.ports, self.folder.path(), reuse).await
    }

    fn wanted(&self) -> Wanted {
        Wanted { directory: self.ports.directory(), name: NAME.to_owned() }
    }

    /// The arguments of a server that listens at this port.
    fn arguments(&self, port: u16, more: &[&str]) -> Vec<String> {
        let mut arguments = vec![
            "--listen".to_owned(),
            format!("127.0.0.1:{port}"),
            "--database-url".to_owned(),
            self.world.database_url(),
            "--acme=admin@docket.example".to_owned(),
            format!("--acme-directory={}", self.ports.directory()),
            format!("--acme-ca={}", self.vouching.display()),
            "--secret-key=0123456789-0123456789-0123456789".to_owned(),
        ];
        if !more.iter().any(|one| one.starts_with("--public-url")) {
            arguments.push(format!("--public-url=https://{NAME}"));
        }
        arguments.extend(more.iter().map(|&one| one.to_owned()));
        arguments
    }

    async fn serve(&self, port: u16, more: &[&str]) -> Running {
        let arguments = self.arguments(port, more);
        Running::start(self.folder.path(), &arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// Where the authority looks.
    async fn serve_there(&self, more: &[&str]) -> Running {
        self.serve(self.ports.tls, more).await
    }

    async fn standing(&self, admin: &Actor) -> Standing {
        let Wanted { directory, name } = self.wanted();
        let https = certificates::https(&self.world.desk, admin, Source::Authority { directory, name }).await.unwrap();
        https.standing.unwrap()
    }

    async fn sql(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(self.world.desk.pool()).await.unwrap();
    }
}

/// The certificate that a server shows to who trusts this authority.
async fn shown(root: &CertificateDer<'static>, port: u16) -> CertificateDer<'static> {
    let stream = soon("a handshake", connect(root.clone(), NAME, port, &[])).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].clone()
}

/// What is answered without encryption.
async fn plainly(port: u16, path: &str) -> String {
    let mut plain = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let asked = format!("GET {path} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n");
    plain.write_all(asked.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon("it is closed", plain.read_to_string(&mut answer)).await.unwrap();
    answer
}

#[tokio::test]
async fn a_certificate_is_got_at_the_first_start_and_kept() {
    let place = Place::new().await;
    let pebble = place.pebble(false).await;
    let mut running = place.serve_there(&[]).await;
    assert!(running.said.contains("HTTPS waits for the certificate of help.docket.example"), "{}", running.said);
    running.until(GIVEN).await;
    running.until(IN_USE).await;
    let root = pebble.root().await;
    let port = place.ports.tls;
    let first = shown(&root, port).await;
    // With the name of nobody else, and as with files: browsers are told to come by HTTPS only, and the cookie goes no other way.
    assert!(connect(root.clone(), "other.docket.example", port, &[]).await.is_err());
    let stream = connect(root.clone(), NAME, port, &[b"http/1.1"]).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let agent = place.world.agent().await;
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("email", person(&agent).email.as_str()), ("password", PASSWORD)])
        .finish();
    let request = Request::post("/sign-in")
        .header(header::HOST, NAME)
        .header(header::ORIGIN, format!("https://{NAME}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::<bytes::Bytes>::from(form))
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[header::STRICT_TRANSPORT_SECURITY], "max-age=31536000");
    assert!(answer.headers()[header::SET_COOKIE].to_str().unwrap().starts_with("__Host-docket_session="));
    // Nothing is left of the challenge; who comes like an authority gets no connection, with another name and with ours.
    assert_eq!(place.world.count("select count(*) from acme_challenges").await, 0);
    for name in [NAME, "other.docket.example"] {
        assert!(connect(root.clone(), name, port, &[b"acme-tls/1"]).await.is_err());
    }
    let said = running.stop().await;
    assert!(!said.contains("PRIVATE") && !said.contains("0123456789-"), "{said}");

    // Started anew, it has what it had, and asks for nothing.
    drop(pebble);
    let mut running = place.serve_there(&[]).await;
    assert_eq!(shown(&root, port).await, first);
    running.signal(Signal::SIGHUP);
    running.until("looking at the certificate").await;
    let said = running.stop().await;
    assert!(!said.contains(ASKED) && !said.contains("waits for"), "{said}");

    // Under another secret key: sealed again with the new one, without the old.
    let mut arguments = place.arguments(0, &[]);
    arguments.retain(|one| !one.starts_with("--secret-key") && one != "--listen" && one != "127.0.0.1:0");
    let keys = [
        "--secret-key=1123456789-0123456789-0123456789",
        "--previous-secret-keys=0123456789-0123456789-0123456789",
        "rotate-key",
    ];
    let all: Vec<&str> = arguments.iter().map(String::as_str).chain(keys).collect();
    let output = soon("it ends", docket(place.folder.path(), &all).output()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("2 secrets were sealed"), "{said}");
    let there = format!("127.0.0.1:{port}");
    let with_new: Vec<&str> =
        arguments.iter().map(String::as_str).chain([keys[0], "--listen", there.as_str()]).collect();
    let running = Running::start(place.folder.path(), &with_new).await;
    assert_eq!(shown(&root, port).await, first);
    running.stop().await;
    let said = "select count(*) from events where kind = 'settings.certificate_obtained' and actor_id is null
                    and data->>'name' = 'help.docket.example'";
    assert_eq!(place.world.count(said).await, 1);
}

#[tokio::test]
async fn it_is_renewed_while_connections_stay() {
    let place = Place::new().await;
    let pebble = place.pebble(true).await;
    let mut running = place.serve_there(&[]).await;
    running.until(IN_USE).await;
    // Where nobody is on staff, signing in leads on to setting up.
    place.world.agent().await;
    let (root, port) = (pebble.root().await, place.ports.tls);
    let first = shown(&root, port).await;
    let stream = connect(root.clone(), NAME, port, &[b"http/1.1"]).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let get = || Request::get("/sign-in").header(header::HOST, NAME).body(Empty::<bytes::Bytes>::new()).unwrap();
    let answer = sender.send_request(get()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.into_body().collect().await.unwrap();
    // Two thirds of its life are to be over before.
    let share = "select extract(epoch from next_at - valid_from) / extract(epoch from valid_until - valid_from) * 1000
                 from acme_certificates";
    let share = format!("select round(({share}))::bigint");
    let share: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(share)).fetch_one(place.world.desk.pool()).await.unwrap();
    assert_eq!(share, 667);
    // A signal alone renews nothing.
    running.said.clear();
    running.signal(Signal::SIGHUP);
    running.until("looking at the certificate").await;
    assert_eq!(shown(&root, port).await, first);
    place.sql("update acme_certificates set next_at = now()").await;
    running.signal(Signal::SIGHUP);
    running.until(GIVEN).await;
    running.until(IN_USE).await;
    assert_ne!(shown(&root, port).await, first);
    assert_eq!(sender.send_request(get()).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn any_server_answers_the_authority_and_all_take_what_it_gives() {
    let place = Place::new().await;
    let pebble = place.pebble(false).await;
    let wanted = place.wanted();
    sqlx::query("insert into acme_certificates (directory, name, next_at) values ($1, $2, now() + interval '1 hour')")
        .bind(&wanted.directory)
        .bind(&wanted.name)
        .execute(place.world.desk.pool())
        .await
        .unwrap();
    // The authority comes to this one.
    let mut reached = place.serve_there(&[]).await;
    // This one asks it.
    let other = port();
    let mut asking = place.serve(other, &[]).await;
    place.sql("update acme_certificates set next_at = now()").await;
    asking.signal(Signal::SIGHUP);
    asking.until(GIVEN).await;
    reached.until(IN_USE).await;
    assert!(!reached.said.contains(ASKED), "{}", reached.said);
    let root = pebble.root().await;
    assert_eq!(shown(&root, place.ports.tls).await, shown(&root, other).await);
}

#[tokio::test]
async fn an_authority_that_is_away_is_asked_again() {
    let place = Place::new().await;
    let redirect = format!("--http-redirect=127.0.0.1:{}", place.ports.http);
    let mut running = place.serve_there(&[&redirect]).await;
    running.until("localhost cannot be asked").await;
    running.until("or upon SIGHUP").await;
    assert!(running.said.contains("Until there is one, HTTPS is refused"), "{}", running.said);
    // Nobody gets a connection, least of all one with a certificate that nobody vouches for.
    let socket = TcpStream::connect(("127.0.0.1", place.ports.tls)).await.unwrap();
    let anything = tokio_rustls::TlsConnector::from(accepting_all(&[b"http/1.1"]));
    assert!(soon("an answer", anything.connect(NAME.try_into().unwrap(), socket)).await.is_err());
    assert!(plainly(place.ports.http, "/tickets").await.starts_with("HTTP/1.1 503 "));
    assert!(plainly(place.ports.http, "/.well-known/acme-challenge/abc").await.starts_with("HTTP/1.1 404 "));
    let pebble = place.pebble(false).await;
    let root = pebble.root().await;
    assert!(connect(root.clone(), NAME, place.ports.tls, &[]).await.is_err());
    running.signal(Signal::SIGHUP);
    running.until(GIVEN).await;
    running.until(IN_USE).await;
    shown(&root, place.ports.tls).await;
    let led = plainly(place.ports.http, "/tickets").await;
    assert!(
        led.starts_with("HTTP/1.1 308 ") && led.contains("location: https://help.docket.example/tickets\r\n"),
        "{led}"
    );
    // Another authority at the same place, which knows nothing of our account, as after a loss: it gets a new one.
    drop(pebble);
    let pebble = place.pebble(false).await;
    running.said.clear();
    place.sql("update acme_certificates set next_at = now()").await;
    running.signal(Signal::SIGHUP);
    running.until(GIVEN).await;
    running.until(IN_USE).await;
    shown(&pebble.root().await, place.ports.tls).await;
}

#[tokio::test]
async fn what_is_refused_is_said_and_tried_by_the_other_way() {
    let place = Place::new().await;
    let _pebble = place.pebble(false).await;
    let redirect = format!("--http-redirect=127.0.0.1:{}", place.ports.http);
    // The authority comes to a port by TLS where nobody is: only the other way will do.
    let mut running = place.serve(0, &[&redirect]).await;
    running.until("or upon SIGHUP").await;
    assert!(running.said.contains("localhost refused. It did not get this server's answer."), "{}", running.said);
    let admin = place.world.person(Role::Superadmin, None).await;
    let standing = place.standing(&admin).await;
    let Standing { valid: None, failures: 1, failure: Some((why, at)), next_at, .. } = standing else {
        panic!("{standing:?}")
    };
    assert!(why.contains(NAME) && why.contains("by TLS, on port 443"), "{why}");
    assert_eq!(next_at.0 - at.0, 60_000, "a minute later");
    let said = "select count(*) from events where kind = 'settings.certificate_failed' and data->>'why' like 'localhost refused.%'";
    assert_eq!(place.world.count(said).await, 1);
    // Started anew it says so, and leaves the authority in peace until it is time.
    running.stop().await;
    let mut running = place.serve(0, &[&redirect]).await;
    assert!(running.said.contains("failed: localhost refused."), "{}", running.said);
    assert!(!running.said.contains(ASKED), "{}", running.said);
    running.signal(Signal::SIGHUP);
    running.until(GIVEN).await;
    let standing = place.standing(&admin).await;
    assert!(standing.valid.is_some() && standing.failures == 0 && standing.failure.is_none(), "{standing:?}");
    running.stop().await;
    // A name that it gives no certificates for at all.
    let blocked = format!("--public-url=https://{BLOCKED}");
    let mut running = place.serve(0, &[&blocked]).await;
    running.until("or upon SIGHUP").await;
    assert!(running.said.contains("It gives no certificates for blocked.docket.example"), "{}", running.said);
}

/// Who comes like an authority while a challenge is open sees the answer to it, and can do nothing with the connection.
#[tokio::test]
async fn what_an_authority_is_shown_is_of_no_use() {
    let place = Place::new().await;
    // The authority is away: nothing is asked of it while this looks on.
    let mut running = place.serve_there(&[]).await;
    running.until("or upon SIGHUP").await;
    let wanted = place.wanted();
    certificates::challenge(&place.world.desk, &wanted.name, "token", "token.thumb").await.unwrap();
    let config = accepting_all(&[b"acme-tls/1"]);
    for (name, shown) in [(NAME, true), ("other.docket.example", false)] {
        let socket = TcpStream::connect(("127.0.0.1", place.ports.tls)).await.unwrap();
        let connector = tokio_rustls::TlsConnector::from(config.clone());
        let connected = soon("a handshake", connector.connect(name.try_into().unwrap(), socket)).await;
        assert_eq!(connected.is_ok(), shown, "{name}");
        let Ok(mut stream) = connected else { continue };
        let _ = stream.write_all(b"GET /sign-in HTTP/1.1\r\nHost: help.docket.example\r\n\r\n").await;
        let mut answer = Vec::new();
        let _ = soon("it is closed", stream.read_to_end(&mut answer)).await;
        assert_eq!(answer, b"");
    }
    // With what browsers speak, nothing is shown.
    let socket = TcpStream::connect(("127.0.0.1", place.ports.tls)).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(accepting_all(&[b"h2", b"http/1.1"]));
    assert!(soon("a handshake", connector.connect(NAME.try_into().unwrap(), socket)).await.is_err());
    running.stop().await;
}

/// Somebody who believes any certificate.
fn accepting_all(protocols: &[&[u8]]) -> std::sync::Arc<tokio_rustls::rustls::ClientConfig> {
    use tokio_rustls::rustls::{
        ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::ring,
        pki_types::{ServerName, UnixTime},
    };
    #[derive(Debug)]
    struct All;
    impl ServerCertVerifier for All {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }
        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }
        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }
        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            ring::default_provider().signature_verification_algorithms.supported_schemes()
        }
    }
    let mut config = ClientConfig::builder_with_provider(std::sync::Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(std::sync::Arc::new(All))
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    std::sync::Arc::new(config)
}

/// One server at a time asks, only when it is time, and one that dies hands its turn on.
#[tokio::test]
async fn servers_take_turns_with_the_authority() {
    let world = World::new().await;
    let desk = &world.desk;
    let wanted = Wanted { directory: "https://ca.example/directory".into(), name: NAME.into() };
    assert!(certificates::standing(desk, &wanted).await.unwrap().is_none());
    assert!(certificates::take_turn(desk, &wanted).await.unwrap().is_none(), "nobody wants it");
    certificates::want(desk, &wanted).await.unwrap();
    certificates::want(desk, &wanted).await.unwrap();
    let turn = certificates::take_turn(desk, &wanted).await.unwrap().unwrap();
    assert!(certificates::take_turn(desk, &wanted).await.unwrap().is_none(), "somebody is at it");
    drop(turn);
    // What a transaction held is free when the database has heard of its end.
    let turn = async || {
        let taken = async {
            loop {
                if let Some(turn) = certificates::take_turn(desk, &wanted).await.unwrap() {
                    return turn;
                }
            }
        };
        soon("the turn", taken).await
    };
    let first = turn().await;
    let next = certificates::failed(desk, &first, &wanted, "It rains", Fault::Refused, None).await.unwrap();
    drop(first);
    assert_eq!(next, world.now().plus_millis(60_000));
    assert!(certificates::take_turn(desk, &wanted).await.unwrap().is_none(), "it is not time");
    world.advance_seconds(60);
    let second = turn().await;
    assert_eq!(second.failures, 1);
    let valid = (world.now(), world.now().plus_millis(90 * 86_400_000));
    let kept = Kept { chain: "chain".into(), key: b"hidden".to_vec() };
    let next = certificates::obtained(desk, &second, &wanted, &kept, valid).await.unwrap();
    drop(second);
    assert_eq!(next, world.now().plus_millis(60 * 86_400_000));
    certificates::hurry(desk, &wanted, false).await.unwrap();
    assert!(certificates::take_turn(desk, &wanted).await.unwrap().is_none(), "nothing has failed");
    let found = certificates::kept(desk, &wanted, None).await.unwrap().unwrap();
    assert_eq!((&*found.chain, &*found.key), ("chain", &b"hidden"[..]));
    assert!(!format!("{found:?}").contains("104"), "{found:?}");
    assert!(certificates::kept(desk, &wanted, Some("chain")).await.unwrap().is_none(), "it is known");
    let sealed: Vec<u8> =
        sqlx::query_scalar("select key_sealed from acme_certificates").fetch_one(desk.pool()).await.unwrap();
    assert!(!sealed.windows(6).any(|part| part == b"hidden"));
    certificates::hurry(desk, &wanted, true).await.unwrap();
    drop(turn().await);
    // Of another authority it has nothing.
    let other = Wanted { directory: "https://other.example/directory".into(), ..wanted.clone() };
    assert!(certificates::kept(desk, &other, None).await.unwrap().is_none());
    let standing = certificates::standing(desk, &wanted).await.unwrap().unwrap();
    assert_eq!((standing.valid, standing.failures, standing.failure), (Some(valid), 0, None));
    for role in [Role::Manager, Role::Agent, Role::Customer] {
        let actor = world.person(role, None).await;
        certificates::https(desk, &actor, Source::Nothing).await.refused(Code::Forbidden);
    }
    let admin = world.person(Role::Superadmin, None).await;
    for source in [Source::Nothing, Source::Files, Source::Proxy] {
        let https = certificates::https(desk, &admin, source.clone()).await.unwrap();
        assert_eq!((https.source, https.standing), (source, None));
    }
}

/// An account is kept sealed; a new one takes the place of the one before. Challenges that were left behind go.
#[tokio::test]
async fn accounts_and_challenges_are_rows() {
    let world = World::new().await;
    let desk = &world.desk;
    let of = |contact: &str, key_id: &str| Account {
        directory: "https://ca.example".into(),
        contact: contact.into(),
        key_id: key_id.into(),
    };
    let account = async |contact: &str, key_id: &str| certificates::account(desk, &of(contact, key_id)).await.unwrap();
    assert_eq!(account("a@x.example", "").await, None);
    for key in [b"first", b"other"] {
        certificates::keep_account(desk, &of("a@x.example", ""), key).await.unwrap();
        assert_eq!(account("a@x.example", "").await.as_deref(), Some(&key[..]));
    }
    assert_eq!(account("b@x.example", "").await, None);
    // Bound to an account that somebody has there, ours is another one.
    assert_eq!(account("a@x.example", "kid-1").await, None);
    certificates::keep_account(desk, &of("a@x.example", "kid-1"), b"bound").await.unwrap();
    assert_eq!(account("a@x.example", "kid-1").await.as_deref(), Some(&b"bound"[..]));
    assert_eq!(account("a@x.example", "").await.as_deref(), Some(&b"other"[..]));
    certificates::challenge(desk, NAME, "one", "one.thumb").await.unwrap();
    world.advance_seconds(1);
    certificates::challenge(desk, NAME, "two", "two.thumb").await.unwrap();
    assert_eq!(certificates::answer_for(desk, NAME).await.unwrap().as_deref(), Some("two.thumb"));
    assert_eq!(certificates::answer_to(desk, "one").await.unwrap().as_deref(), Some("one.thumb"));
    assert_eq!(certificates::answer_to(desk, "three").await.unwrap(), None);
    world.advance_seconds(2 * 86_400);
    certificates::challenge(desk, "other.example", "three", "three.thumb").await.unwrap();
    assert_eq!(certificates::answer_for(desk, NAME).await.unwrap(), None, "they were too old");
    certificates::forget_challenges(desk, "other.example").await.unwrap();
    assert_eq!(world.count("select count(*) from acme_challenges").await, 0);
}
