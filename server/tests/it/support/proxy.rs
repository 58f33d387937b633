//! A way to the database that can be cut: what a server sees when its database, or the network to it, goes away.

use reqwest::Url;
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};

/// Passes connections on to the database of a world, while it is up.
pub struct Proxy {
    url: Url,
    up: Arc<watch::Sender<bool>>,
}

impl Proxy {
    /// In front of the database at this address.
    pub async fn before(database: &str) -> Self {
        let mut url: Url = database.parse().unwrap();
        let target = Target::of(&url);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let up = Arc::new(watch::Sender::new(true));
        let seen = up.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Dropped at once while it is cut, as by a server that is starting or stopping.
                if *seen.borrow() {
                    tokio::spawn(pass(client, target.clone(), seen.subscribe()));
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
        Self { url, up }
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

async fn pass(mut client: TcpStream, target: Target, mut up: watch::Receiver<bool>) {
    let passing = async {
        match target {
            Target::Tcp(address) => {
                let mut server = TcpStream::connect(address).await?;
                copy_bidirectional(&mut client, &mut server).await
            }
            Target::Unix(path) => {
                let mut server = UnixStream::connect(path).await?;
                copy_bidirectional(&mut client, &mut server).await
            }
        }
    };
    tokio::select! {
        // A connection that ends is the business of its two ends.
        _ = passing => {}
        _ = up.wait_for(|up| !up) => {}
    }
}
