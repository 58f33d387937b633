//! A way to the database that can be cut: what a server sees when its database, or the network to it, goes away.

use reqwest::Url;
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};

/// Passes connections on to the database of a world, while it is up.
pub struct Proxy {
    url: Url,
    up: Arc<watch::Sender<bool>>,
    at_commit: Arc<watch::Sender<AtCommit>>,
}

/// What happens to a connection when a transaction is to be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtCommit {
    Pass,
    /// It breaks before the database has heard of it.
    BreakBefore,
    /// It breaks once the database has done it, and before anybody hears of that.
    BreakAfter,
}

impl Proxy {
    /// In front of the database at this address.
    pub async fn before(database: &str) -> Self {
        let mut url: Url = database.parse().unwrap();
        let target = Target::of(&url);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let up = Arc::new(watch::Sender::new(true));
        let at_commit = Arc::new(watch::Sender::new(AtCommit::Pass));
        let (seen, commits) = (up.clone(), at_commit.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Dropped at once while it is cut, as by a server that is starting or stopping.
                if *seen.borrow() {
                    tokio::spawn(pass(client, target.clone(), seen.subscribe(), commits.subscribe()));
                }
            }
        });
        let pairs: Vec<(String, String)> =
            url.query_pairs().filter(|(key, _)| key != "host").map(|(k, v)| (k.into(), v.into())).collect();
        url.set_query(None);
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(address.port())).unwrap();
        Self { url, up, at_commit }
    }

    /// The address of the database through here.
    pub fn url(&self) -> String {
        self.url.to_string()
    }

    /// Breaks all connections and lets no new ones through.
    pub fn cut(&self) {
        self.up.send_replace(false);
    }

    pub fn mend(&self) {
        self.up.send_replace(true);
    }

    /// What happens to commits from here on.
    pub fn at_commit(&self, what: AtCommit) {
        self.at_commit.send_replace(what);
    }
}

/// Where PostgreSQL listens.
#[derive(Clone)]
enum Target {
    Tcp(String),
    Unix(String),
}

impl Target {
    fn of(url: &Url) -> Self {
        let port = url.port().unwrap_or(5432);
        let socket = url.query_pairs().find(|(key, _)| key == "host").map(|(_, value)| value.into_owned());
        let host = url.host_str().unwrap_or("localhost").replace("%2F", "/").replace("%2f", "/");
        match socket.unwrap_or(host) {
            folder if folder.starts_with('/') => Self::Unix(format!("{folder}/.s.PGSQL.{port}")),
            host => Self::Tcp(format!("{host}:{port}")),
        }
    }
}

async fn pass(client: TcpStream, target: Target, mut up: watch::Receiver<bool>, commits: watch::Receiver<AtCommit>) {
    let passing = async {
        match target {
            Target::Tcp(address) => relay(client, TcpStream::connect(address).await?, commits).await,
            Target::Unix(path) => relay(client, UnixStream::connect(path).await?, commits).await,
        }
    };
    tokio::select! {
        // A connection that ends is the business of its two ends.
        _ = passing => {}
        _ = up.wait_for(|up| !up) => {}
    }
}

/// Passes on what either side says, until one of them ends or a commit is to break the connection.
async fn relay(
    mut client: TcpStream,
    mut server: impl AsyncRead + AsyncWrite + Unpin,
    commits: watch::Receiver<AtCommit>,
) -> std::io::Result<()> {
    let (mut asked, mut answered) = ([0; 16 * 1024], [0; 16 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let bytes = &asked[..read?];
                if bytes.is_empty() {
                    return Ok(());
                }
                // A message of its own, in the simple protocol.
                let is_commit = bytes.windows(8).any(|w| w.eq_ignore_ascii_case(b"\x0bCOMMIT\0"));
                let then = if is_commit { *commits.borrow() } else { AtCommit::Pass };
                if then == AtCommit::BreakBefore {
                    return Ok(());
                }
                server.write_all(bytes).await?;
                if then == AtCommit::BreakAfter {
                    // Its answer comes when it is done.
                    server.read_u8().await?;
                    return Ok(());
                }
            }
            read = server.read(&mut answered) => {
                let bytes = &answered[..read?];
                if bytes.is_empty() {
                    return Ok(());
                }
                client.write_all(bytes).await?;
            }
        }
    }
}
