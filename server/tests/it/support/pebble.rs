//! A real authority for one test: Pebble, the ACME server that Let's Encrypt has made for tests, on loopback. It refuses one of ten
//! nonces although they are good, as real ones do now and then.
//!
//! The folder of `DOCKET_TEST_PEBBLE` has its program; `cargo xtask test` fetches it and names it.

use super::{
    node::soon,
    slapd::{certify, port},
};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

/// A name that it gives no certificates for.
pub const BLOCKED: &str = "blocked.docket.example";

/// Where it is, and where it looks whether a name is somebody's.
#[derive(Clone, Copy)]
pub struct Ports {
    directory: u16,
    management: u16,
    pub tls: u16,
    pub http: u16,
}

impl Ports {
    pub fn free() -> Self {
        Self { directory: port(), management: port(), tls: port(), http: port() }
    }

    /// The address of the authority.
    pub fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.directory)
    }
}

pub struct Pebble {
    ports: Ports,
    folder: PathBuf,
    child: Child,
    names: JoinHandle<()>,
}

fn installed() -> PathBuf {
    let folder = std::env::var_os("DOCKET_TEST_PEBBLE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/pebble"), PathBuf::from);
    assert!(folder.join("pebble").exists(), "no Pebble in {}: run cargo xtask test", folder.display());
    std::path::absolute(folder).unwrap()
}

/// Writes the authority that its own certificate is signed by, and that certificate. Returns the authority's file.
pub fn own_authority(folder: &Path) -> PathBuf {
    let file = folder.join("authority.pem");
    std::fs::write(&file, certify(folder)).unwrap();
    file
}

impl Pebble {
    /// With what [`own_authority`] has written into this folder. `reuse`: whether it remembers that a name was somebody's.
    pub async fn start(ports: Ports, folder: &Path, reuse: bool) -> Self {
        Self::start_with(ports, folder, reuse, None).await
    }

    /// The same, that makes no account which is not bound to this one, by its number and key.
    pub async fn start_bound(ports: Ports, folder: &Path, (id, key): (&str, &str)) -> Self {
        Self::start_with(ports, folder, false, Some(serde_json::json!({ id: key }))).await
    }

    async fn start_with(ports: Ports, folder: &Path, reuse: bool, accounts: Option<serde_json::Value>) -> Self {
        let config = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{}", ports.directory),
            "managementListenAddress": format!("127.0.0.1:{}", ports.management),
            "certificate": folder.join("certificate.pem"),
            "privateKey": folder.join("key.pem"),
            "httpPort": ports.http,
            "tlsPort": ports.tls,
            "domainBlocklist": [BLOCKED],
            "externalAccountBindingRequired": accounts.is_some(),
            "externalAccountMACKeys": accounts.unwrap_or_default(),
        }});
        std::fs::write(folder.join("pebble.json"), config.to_string()).unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let dns = socket.local_addr().unwrap().to_string();
        let names = tokio::spawn(answer_names(socket));
        let child = Command::new(installed().join("pebble"))
            .args(["-dnsserver", &dns, "-config"])
            .arg(folder.join("pebble.json"))
            .envs([("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_WFE_NONCEREJECT", "10")])
            .env("PEBBLE_AUTHZREUSE", if reuse { "100" } else { "0" })
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut pebble = Self { ports, folder: folder.to_owned(), child, names };
        let listening = async {
            for port in [ports.directory, ports.management] {
                while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                    assert!(pebble.child.try_wait().unwrap().is_none(), "the authority has ended");
                }
            }
        };
        soon("an authority", listening).await;
        pebble
    }

    /// Who vouches for what it gives.
    pub async fn root(&self) -> CertificateDer<'static> {
        let own = CertificateDer::from_pem_file(self.folder.join("authority.pem")).unwrap();
        let mut stream = connect(own, "localhost", self.ports.management, &[]).await.unwrap();
        stream.write_all(b"GET /roots/0 HTTP/1.0\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        // It may close without saying so.
        let _ = soon("it is closed", stream.read_to_end(&mut answer)).await;
        CertificateDer::from_pem_slice(&answer).unwrap()
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        self.names.abort();
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Connects to a port as somebody who trusts this authority and nothing else.
pub async fn connect(
    root: CertificateDer<'static>,
    name: &'static str,
    port: u16,
    protocols: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let socket = TcpStream::connect(("127.0.0.1", port)).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name).unwrap(), socket).await
}

/// Answers for all names that they are here (RFC 1035, section 4).
async fn answer_names(socket: UdpSocket) {
    let mut packet = [0; 1_500];
    while let Ok((length, from)) = socket.recv_from(&mut packet).await {
        let asked = &packet[..length];
        // The header, and the one question: a name by its parts, up to an empty one, its type and its class.
        let Some(name) = asked.get(12..).and_then(|rest| rest.iter().position(|byte| *byte == 0)) else { continue };
        let Some(question) = asked.get(12..12 + name + 5) else { continue };
        let has = question[name + 1..name + 3] == [0, 1];
        let mut answer = [&asked[..2], &[0x81, 0x80, 0, 1, 0, u8::from(has), 0, 0, 0, 0], question].concat();
        if has {
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
        }
        let _ = socket.send_to(&answer, from).await;
    }
}
