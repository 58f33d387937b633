//! A mail server on loopback that keeps what it is sent, as much of RFC 5321 as a client needs.

use mail_parser::MessageParser;
use server::post::{Delivery, Post, sender, smtp_address};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
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
    refuses: AtomicBool,
}

impl Mailbox {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let serving = tokio::spawn({
            let state = state.clone();
            async move {
                while let Ok((socket, _)) = listener.accept().await {
                    // A client that goes away in the middle is its own affair.
                    tokio::spawn(serve(socket, state.clone()));
                }
            }
        });
        Self { address, state, serving }
    }

    /// The address of this server, as a setting; `before` and `after` are `user:password@` and `?tls=…`.
    pub fn url(&self, before: &str, after: &str) -> String {
        format!("smtp://{before}{}{after}", self.address)
    }

    /// Sends mails to this server, with these settings in its address.
    pub fn post(&self, after: &str) -> Post {
        let server = Delivery::Smtp(smtp_address(&self.url("", after)).unwrap());
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

    /// Whether it refuses every recipient from now on.
    pub fn refuse(&self, refuses: bool) {
        self.state.refuses.store(refuses, Ordering::SeqCst);
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(socket: TcpStream, state: Arc<State>) -> std::io::Result<()> {
    let mut stream = BufReader::new(socket);
    let mut to = String::new();
    stream.write_all(b"220 mail.acme.example\r\n").await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_owned();
        state.said.lock().unwrap().push(line.clone());
        let word = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let answer = match word.as_str() {
            "EHLO" => "250-mail.acme.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN\r\n",
            "AUTH" => "235 welcome\r\n",
            "RCPT" if state.refuses.load(Ordering::SeqCst) => "451 the mailbox is busy\r\n",
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                "250 ok\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mut raw = String::new();
                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).await? == 0 {
                        return Ok(());
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                }
                state.mails.lock().unwrap().push(Mail::read(to.clone(), raw));
                "250 taken\r\n"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 ok\r\n",
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}
