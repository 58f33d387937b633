//! A mail server on loopback that keeps what it is sent, as much of RFC 5321 as a client needs.

use mail_parser::MessageParser;
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use server::post::{Delivery, Post, sender, smtp_address, smtp_server};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer},
    },
};

/// Where links of the tests' mails lead to.
pub const SITE: &str = "https://help.acme.example";

/// A mail as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// What the client said who it is for, not what the mail says.
    pub to: String,
    pub raw: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Mail {
    fn read(to: String, raw: String) -> Self {
        let parsed = MessageParser::default().parse(raw.as_bytes()).expect("a mail");
        let subject = parsed.subject().unwrap_or_default().to_owned();
        let text = parsed.body_text(0).unwrap_or_default().replace("\r\n", "\n");
        let html = parsed.body_html(0).unwrap_or_default().into_owned();
        Self { to, raw, subject, text, html }
    }

    /// What follows this in the link of the mail.
    #[track_caller]
    pub fn token(&self, page: &str) -> String {
        let start = format!("{SITE}{page}");
        let link = self.text.lines().find_map(|line| line.strip_prefix(&start));
        link.unwrap_or_else(|| panic!("no link to {page} in {self:?}")).to_owned()
    }
}

/// The server. It ends with this.
pub struct Mailbox {
    address: SocketAddr,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    mails: Mutex<Vec<Mail>>,
    /// What clients have said, a line each.
    said: Mutex<Vec<String>>,
    /// What is answered to every recipient; 0: they are taken.
    refuses: AtomicU16,
    /// Whether the credentials of clients are wrong.
    knows_nobody: AtomicBool,
}

/// How the server encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    None,
    /// It offers STARTTLS after the greeting.
    Offered,
    /// It could, but somebody in between takes the offer out of its greeting.
    Stripped,
    /// From the first byte.
    Implicit,
}

/// Somebody who vouches for servers.
pub struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self { certificate: params.self_signed(&key).unwrap(), issuer: Issuer::new(params, key) }
    }

    pub fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// What a server of this name shows.
    fn acceptor(&self, name: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Mailbox {
    pub async fn start() -> Self {
        Self::open(Security::None, None).await
    }

    /// One that encrypts, with a certificate of this authority for this name.
    pub async fn encrypted(security: Security, by: &Authority, name: &str) -> Self {
        Self::open(security, Some(by.acceptor(name))).await
    }

    async fn open(security: Security, acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let serving = tokio::spawn({
            let state = state.clone();
            async move {
                while let Ok((socket, _)) = listener.accept().await {
                    // A client that goes away in the middle is its own affair.
                    tokio::spawn(serve(socket, state.clone(), security, acceptor.clone()));
                }
            }
        });
        Self { address, state, serving }
    }

    /// The address of this server, as a setting; `before` and `after` are `user:password@` and `?tls=…`.
    pub fn url(&self, before: &str, after: &str) -> String {
        format!("smtp://{before}{}{after}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Sends mails to this server, with these settings in its address.
    pub fn post(&self, after: &str) -> Post {
        let server = Delivery::Smtp(smtp_address(&self.url("", after)).unwrap());
        Post::new(server, sender(None, SITE).unwrap(), SITE)
    }

    /// Sends mails to this server under the name `localhost`, believing this authority.
    pub fn post_to_localhost(&self, scheme: &str, after: &str, believed: &[CertificateDer<'static>]) -> Post {
        let url = format!("{scheme}://me:hidden@localhost:{}{after}", self.address.port());
        let server = Delivery::Smtp(smtp_server(&url, believed).unwrap());
        Post::new(server, sender(None, SITE).unwrap(), SITE)
    }

    /// The mails that have come in since the last time.
    pub fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut self.state.mails.lock().unwrap())
    }

    /// What clients have said until now.
    pub fn said(&self) -> Vec<String> {
        self.state.said.lock().unwrap().clone()
    }

    /// Whether it refuses every recipient from now on, for the time being.
    pub fn refuse(&self, refuses: bool) {
        self.refuse_with(if refuses { 451 } else { 0 });
    }

    /// What it answers to every recipient from now on; 0: they are taken.
    pub fn refuse_with(&self, code: u16) {
        self.state.refuses.store(code, Ordering::SeqCst);
    }

    /// Whether it takes nobody's credentials from now on.
    pub fn know_nobody(&self, nobody: bool) {
        self.state.knows_nobody.store(nobody, Ordering::SeqCst);
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    socket: TcpStream,
    state: Arc<State>,
    security: Security,
    acceptor: Option<TlsAcceptor>,
) -> std::io::Result<()> {
    if let (Security::Implicit, Some(acceptor)) = (security, &acceptor) {
        let mut stream = BufReader::new(acceptor.accept(socket).await?);
        stream.write_all(GREETING).await?;
        return talk(&mut stream, &state, false).await.map(drop);
    }
    let mut stream = BufReader::new(socket);
    stream.write_all(GREETING).await?;
    if !talk(&mut stream, &state, security == Security::Offered).await? {
        return Ok(());
    }
    let Some(acceptor) = acceptor else { return Ok(()) };
    let mut stream = BufReader::new(acceptor.accept(stream.into_inner()).await?);
    talk(&mut stream, &state, false).await.map(drop)
}

const GREETING: &[u8] = b"220 mail.acme.example\r\n";

/// Talks with a client until it goes, or wants to encrypt: then `true`.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    state: &State,
    offers: bool,
) -> std::io::Result<bool> {
    let mut to = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(false);
        }
        let line = line.trim_end().to_owned();
        state.said.lock().unwrap().push(line.clone());
        let word = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let refused = state.refuses.load(Ordering::SeqCst);
        let answer = match word.as_str() {
            "EHLO" if offers => "250-mail.acme.example\r\n250-STARTTLS\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n".to_owned(),
            "EHLO" => "250-mail.acme.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN\r\n".to_owned(),
            "STARTTLS" if offers => {
                stream.write_all(b"220 go on\r\n").await?;
                return Ok(true);
            }
            "STARTTLS" => "502 what is that\r\n".to_owned(),
            "AUTH" if state.knows_nobody.load(Ordering::SeqCst) => "535 the password is wrong\r\n".to_owned(),
            "AUTH" => "235 welcome\r\n".to_owned(),
            "RCPT" if refused > 0 => {
                format!("{refused} {}\r\n", if refused < 500 { "the mailbox is busy" } else { "no such mailbox" })
            }
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                "250 ok\r\n".to_owned()
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mut raw = String::new();
                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).await? == 0 {
                        return Ok(false);
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                }
                state.mails.lock().unwrap().push(Mail::read(to.clone(), raw));
                "250 taken\r\n".to_owned()
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(false);
            }
            _ => "250 ok\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}
