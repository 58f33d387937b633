//! Directories that are away, slow, endless, or on the side of somebody who reads along.

use super::{browser, input, said, signed_in, world};
use crate::support::{
    World,
    browser::Browser,
    node::soon,
    slapd::{READER, Slapd, password_of},
};
use domain::{
    ProviderId,
    outside::{Directory, Kind, ProviderInput},
};
use http::StatusCode;
use server::outgoing::{Outgoing, Reach};
use server::outside::Directories;
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use store::outside::{directories::Answer, providers};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// What a liar does with whoever comes.
#[derive(Clone, Copy)]
enum Lie {
    /// Never says anything.
    Silent,
    /// Says so to everything that is asked, and goes on reading.
    Says(&'static [u8]),
    /// Says so again and again.
    Floods(&'static [u8]),
}

/// A server that is no directory.
struct Liar {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
    visited: Arc<Notify>,
}

impl Liar {
    async fn start(lie: Lie) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, visited) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let (all, came) = (heard.clone(), visited.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                came.notify_one();
                tokio::spawn(lies(stream, lie, all.clone()));
            }
        });
        Self { address, heard, visited }
    }

    /// Whether somebody has said this to it.
    fn has_heard(&self, words: &str) -> bool {
        self.heard.lock().unwrap().windows(words.len()).any(|part| part == words.as_bytes())
    }
}

async fn lies(mut stream: TcpStream, lie: Lie, heard: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        heard.lock().unwrap().extend_from_slice(&buffer[..count]);
        let said = match lie {
            Lie::Silent => continue,
            Lie::Says(said) => stream.write_all(said).await,
            Lie::Floods(said) => loop {
                if let Err(error) = stream.write_all(said).await {
                    break Err(error);
                }
            },
        };
        if said.is_err() {
            return;
        }
    }
}

/// A desk with a directory at this address.
async fn desk(
    directories: Directories,
    set: impl FnOnce(ProviderInput) -> ProviderInput,
) -> (World, ProviderId, Browser) {
    let (world, admin) = world(directories).await;
    let input = set(input("ldap://127.0.0.1".into()));
    let id = world.run(async |tx| providers::create(tx, &admin, Kind::Ldap, input).await).await.unwrap();
    let browser = browser(&world);
    (world, id, browser)
}

/// What a directory with these settings says.
async fn asked(directories: Directories, set: impl FnOnce(ProviderInput) -> ProviderInput) -> Answer {
    let (world, id, _) = desk(directories, set).await;
    let usable = providers::in_use(&world.desk, id).await.unwrap();
    world.desk.options().directories.ask(&usable, "jana@acme.example", &password_of("jana")).await
}

/// That it has failed, and why.
#[track_caller]
fn failed(answer: &Answer, words: &str) {
    assert!(matches!(answer, Answer::Failed(why) if why.contains(words)), "“{words}” is not in {answer:?}");
}

fn with(set: impl FnOnce(&mut Directory)) -> impl FnOnce(ProviderInput) -> ProviderInput {
    |mut input| {
        set(&mut input.directory);
        input
    }
}

#[tokio::test]
async fn a_directory_proves_who_it_is() {
    let slapd = Slapd::start().await;
    slapd.person("jana", "jana@acme.example").await;
    let (plain, secure, authority) = (slapd.plain(), slapd.secure(), slapd.authority.clone());
    let at = |address: &str, start_tls: bool, ca: &str| {
        let (issuer, ca) = (address.to_owned(), ca.to_owned());
        move |mut input: ProviderInput| {
            input.directory.start_tls = start_tls;
            input.directory.ca = ca;
            ProviderInput { issuer, ..input }
        }
    };
    for (address, start_tls) in [(&*secure, false), (&*plain, true)] {
        let answer = asked(Directories::new(true), at(address, start_tls, &authority)).await;
        assert!(matches!(&answer, Answer::Vouched(who) if who.email == "jana@acme.example"), "{address}: {answer:?}");
        // Nobody knows its authority without the certificate; and with another's, not even that one.
        failed(&asked(Directories::new(true), at(address, start_tls, "")).await, "UnknownIssuer");
        let other = Slapd::start().await.authority.clone();
        failed(&asked(Directories::new(true), at(address, start_tls, &other)).await, "cannot be talked to in private");
    }
    // A name that is not in its certificate.
    let port = secure.rsplit(':').next().unwrap().parse().unwrap();
    let town = Outgoing::with(Town(([127, 0, 0, 1], port).into()), Duration::from_secs(60));
    let elsewhere = secure.replace("localhost", "near.example");
    let directories = Directories::new(true).over(town, Duration::from_secs(60));
    failed(&asked(directories, at(&elsewhere, false, &authority)).await, "cannot be talked to in private");
    // It does not encrypt at that port.
    failed(
        &asked(Directories::new(true), at(&plain.replace("ldap:", "ldaps:"), false, &authority)).await,
        "in private",
    );
    // Without encryption and in private networks only where that was allowed.
    failed(&asked(Directories::new(false), at(&plain, false, "")).await, "without encryption");
    failed(&asked(Directories::new(false), at(&plain, true, &authority)).await, "not in the internet");
    failed(&asked(Directories::new(false), at(&secure, false, &authority)).await, "not in the internet");
}

/// A network in which a name leads to an address of the internet, and to loopback.
struct Town(SocketAddr);

#[async_trait::async_trait]
impl Reach for Town {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        match host {
            "near.example" => Ok(vec![self.0]),
            "trap.example" => Ok(vec![self.0, ([10, 0, 0, 1], port).into()]),
            _ => Err(io::Error::other("no such host")),
        }
    }

    fn allows(&self, to: SocketAddr) -> bool {
        to == self.0
    }
}

#[tokio::test]
async fn only_addresses_that_were_checked_are_connected_to() {
    let liar = Liar::start(Lie::Silent).await;
    let port = liar.address.port();
    let ask = async |host: &str| {
        let directories = Directories::new(true)
            .over(Outgoing::with(Town(liar.address), Duration::from_secs(60)), Duration::from_millis(200));
        let issuer = format!("ldap://{host}:{port}");
        asked(directories, |input| ProviderInput { issuer, ..input }).await
    };
    failed(&ask("trap.example").await, "not in the internet");
    failed(&ask("10.0.0.1").await, "not in the internet");
    failed(&ask("0x0a.1").await, "not in the internet");
    failed(&ask("unknown.example").await, "no such host");
    assert!(liar.heard.lock().unwrap().is_empty());
    failed(&ask("near.example").await, "in time");
}

#[tokio::test]
async fn nothing_is_said_before_it_is_encrypted() {
    for (said, words) in [
        // It does not know the request, or is too busy.
        (&b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00"[..], "does not encrypt"),
        (b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00", "does not encrypt"),
        // It says yes and goes on in the clear, as who sits in between would, with an answer to what is not asked yet.
        (
            b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00\x30\x0c\x02\x01\x02\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
            "cannot be talked to in private",
        ),
        // The answer to something else.
        (b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00", "something else"),
        (b"220 mail.example ESMTP\r\n", "does not speak LDAP"),
    ] {
        let liar = Liar::start(Lie::Says(said)).await;
        let issuer = format!("ldap://{}", liar.address);
        let set = |input| with(|directory| directory.start_tls = true)(ProviderInput { issuer, ..input });
        failed(&asked(Directories::new(true), set).await, words);
        assert!(liar.has_heard("1.3.6.1.4.1.1466.20037"), "{words}");
        for secret in [READER.0, READER.1, "jana", &password_of("jana")] {
            assert!(!liar.has_heard(secret), "{words}: {secret}");
        }
    }
}

#[tokio::test]
async fn what_a_directory_says_is_bounded() {
    for (lie, words) in [
        // One message of four gigabytes; so much that it never ends; so deep that reading it would never end.
        (Lie::Says(b"\x30\x84\xff\xff\xff\xff"), "too large"),
        (Lie::Floods(b"\x30\x0c\x02\x01\x07\x61\x07\x0a\x01\x31\x04\x00\x04\x00"), "too large"),
        (Lie::Says(b"\x30\x80\x30\x80\x30\x80\x30\x80"), "does not speak LDAP"),
        (Lie::Says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "does not speak LDAP"),
        // It is LDAP as far as its form goes, and nonsense: what reads it gives up.
        (Lie::Says(b"\x30\x00"), ""),
        (Lie::Says(b"\x30\x0c\x02\x01\x01\x61\x07\x04\x01\x00\x04\x00\x04\x00"), ""),
        (Lie::Says(b"\x30\x05\x02\x01\x01\x61\x00"), ""),
    ] {
        let liar = Liar::start(lie).await;
        let issuer = format!("ldap://{}", liar.address);
        let directories = Directories::new(true);
        failed(&soon("an end", asked(directories, |input| ProviderInput { issuer, ..input })).await, words);
    }
}

#[tokio::test]
async fn nothing_is_held_while_a_directory_is_waited_for() {
    let liar = Liar::start(Lie::Silent).await;
    let directories = Directories::new(true);
    let patience = Duration::from_secs(1);
    let outgoing = Outgoing::with(Town(liar.address), patience);
    let issuer = format!("ldap://near.example:{}", liar.address.port());
    let (world, _, browser) =
        desk(directories.over(outgoing, patience), |input| ProviderInput { issuer, ..input }).await;
    let fields = [("email", "jana@acme.example"), ("password", "any")];
    let (page, waiting) = tokio::join!(browser.post("/sign-in", &fields), async {
        soon("a visit", liar.visited.notified()).await;
        world
            .count(
                "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
            )
            .await
    });
    assert_eq!(waiting, 0);
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{}", said(&page.text));
    assert!(page.text.contains("Acme, which does not answer at the moment"), "{}", said(&page.text));
    assert!(page.text.contains("jana@acme.example"), "what was typed is lost");
    assert!(!signed_in(&page));
    assert_eq!(world.count("select count(*) from sign_in_throttle").await, 0);
}
