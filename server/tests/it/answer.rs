//! Connections of those who do not come to the point.

use crate::support::node::soon;
use axum::{
    Router,
    body::{Body, Bytes},
    routing::get,
};
use futures::SinkExt as _;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use hyper::{client::conn::http2, ext::Protocol};
use hyper_util::rt::{TokioExecutor, TokioIo};
use server::answer::{Patience, answer};
use std::{net::SocketAddr, time::Duration};
use tokio::task::JoinHandle;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A server that gives everybody this long for a head, and how it is stopped.
async fn server(head: Duration) -> (SocketAddr, DropGuard) {
    serve(head, false).await
}

/// The same, of HTTP/2 or not.
async fn serve(head: Duration, two: bool) -> (SocketAddr, DropGuard) {
    with(Patience { head, word: head, ..Patience::default() }, two).await
}

async fn with(patience: Patience, two: bool) -> (SocketAddr, DropGuard) {
    let here = get(async || "here").post(async |body: Bytes| body);
    let router = Router::new().route("/", here);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(answer(listener, router, patience, move |_| two, stop.clone()));
    (address, stop.drop_guard())
}

/// What comes back until the connection is closed.
async fn rest(mut socket: TcpStream) -> String {
    let mut text = String::new();
    // Also a connection that is cut off is closed.
    let _ = soon("the end of the connection", socket.read_to_string(&mut text)).await;
    text
}

#[tokio::test]
async fn who_sends_no_head_is_let_go() {
    let (address, _stop) = server(Duration::from_millis(200)).await;
    for sent in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: a\r\nx-slow: "] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(sent.as_bytes()).await.unwrap();
        let answer = rest(socket).await;
        assert!(!answer.contains("200 OK"), "{sent}: {answer}");
    }
}

#[tokio::test]
async fn a_connection_between_two_requests_is_closed_in_time() {
    let (address, _stop) = server(Duration::from_millis(200)).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert_eq!(rest(socket).await.matches("here").count(), 2);
}

/// The head has come: how long the rest takes is what limits of requests are for.
#[tokio::test]
async fn a_body_may_take_longer_than_a_head() {
    let (address, _stop) = server(Duration::from_millis(100)).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 5\r\n\r\n").await.unwrap();
    // Others come and go meanwhile, each after the time of a head.
    for _ in 0..3 {
        rest(TcpStream::connect(address).await.unwrap()).await;
    }
    socket.write_all(b"slow!").await.unwrap();
    assert!(rest(socket).await.ends_with("slow!"));
}

/// Who begins a body and does not go on is let go, by either way.
#[tokio::test]
async fn a_body_that_does_not_go_on_is_cut_off() {
    let patience = Patience { part: Duration::from_millis(200), ..Patience::default() };
    let (address, _stop) = with(patience, false).await;
    for sent in
        ["content-length: 9\r\n\r\n", "content-length: 9\r\n\r\nhalf", "transfer-encoding: chunked\r\n\r\n4\r\nha"]
    {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(format!("POST / HTTP/1.1\r\nhost: a\r\n{sent}").as_bytes()).await.unwrap();
        let answer = rest(socket).await;
        assert!(answer.starts_with("HTTP/1.1 4") && !answer.contains("half"), "{sent}: {answer}");
    }
    let (address, _stop) = with(patience, true).await;
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut send, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let never = Body::from_stream(futures::stream::pending::<Result<Bytes, std::convert::Infallible>>());
    let request = Request::post("http://a/").body(never).unwrap();
    let answer = soon("the answer", send.send_request(request)).await.unwrap();
    assert!(answer.status().is_client_error(), "{}", answer.status());
}

#[tokio::test]
async fn requests_that_have_begun_are_answered_before_the_end() {
    let (address, stop) = server(Duration::from_secs(60)).await;
    let mut begun = TcpStream::connect(address).await.unwrap();
    begun.write_all(b"POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n").await.unwrap();
    // The server has asked for the body: the request has begun.
    let mut asked = [0; 25];
    soon("100 Continue", begun.read_exact(&mut asked)).await.unwrap();
    let idle = TcpStream::connect(address).await.unwrap();
    drop(stop);
    assert_eq!(rest(idle).await, "");
    begun.write_all(b"last").await.unwrap();
    assert!(rest(begun).await.ends_with("last"));
    soon("refused", async { while TcpStream::connect(address).await.is_ok() {} }).await;
}

/// What a program of HTTP/2 says first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// SETTINGS, with nothing set.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// HEADERS of stream 1 with 20 bytes, of which two come, and the end of which would be in another frame.
const HALF: &[u8] = &[0, 0, 20, 1, 0, 0, 0, 0, 1, 0x82, 0x84];
/// HEADERS of stream 1 that are whole, but for what follows in another frame that does not come.
const UNENDED: &[u8] = &[0, 0, 2, 1, 0, 0, 0, 0, 1, 0x82, 0x84];

/// Reads until the connection is closed.
async fn ends(mut socket: TcpStream) {
    let _ = soon("the end of the connection", socket.read_to_end(&mut Vec::new())).await;
}

#[tokio::test]
async fn who_agrees_on_http_2_and_asks_for_nothing_is_let_go() {
    let (address, _stop) = serve(Duration::from_millis(200), true).await;
    let sent: [&[&[u8]]; 6] = [
        &[],
        &[&PREFACE[..10]],
        &[PREFACE],
        &[PREFACE, SETTINGS],
        &[PREFACE, SETTINGS, HALF],
        &[PREFACE, SETTINGS, UNENDED],
    ];
    let waiting = sent.map(async |parts| {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(&parts.concat()).await.unwrap();
        ends(socket).await;
    });
    futures::future::join_all(waiting).await;
}

/// A program that speaks HTTP/2 with it and answers its pings, and the end of the connection.
async fn program(address: SocketAddr) -> (http2::SendRequest<Body>, JoinHandle<hyper::Result<()>>) {
    let socket = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    (sender, tokio::spawn(connection))
}

#[tokio::test]
async fn between_two_requests_of_http_2_a_connection_is_closed_in_time() {
    let (address, _stop) = serve(Duration::from_millis(200), true).await;
    let (mut sender, ended) = program(address).await;
    for _ in 0..2 {
        let answer = sender.send_request(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.headers()["content-length"], "4");
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "here");
    }
    // It says good-bye, and both go.
    soon("the end of the connection", ended).await.unwrap().unwrap();
    let error = sender.send_request(Request::get("/").body(Body::empty()).unwrap()).await.unwrap_err();
    assert!(error.is_closed() || error.is_canceled(), "{error}");
}

#[tokio::test]
async fn what_is_under_way_on_http_2_may_take_longer() {
    let (address, _stop) = serve(Duration::from_millis(100), true).await;
    let (mut sender, ended) = program(address).await;
    let (mut part, body) = futures::channel::mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let request = Request::post("/").body(Body::from_stream(body)).unwrap();
    let answer = tokio::spawn(sender.send_request(request));
    part.send(Ok("slow".into())).await.unwrap();
    let mut request = Request::builder().method(Method::CONNECT).uri(format!("http://{address}/socket"));
    request.extensions_mut().unwrap().insert(Protocol::from_static("websocket"));
    let request = request.header("sec-websocket-version", "13").body(Body::empty()).unwrap();
    // Sockets do not come this way: a browser that was told so would come no other.
    let (mut other, _open) = program(address).await;
    assert!(other.send_request(request).await.is_err());
    // Others come and go meanwhile, each after the time of a head.
    for _ in 0..4 {
        ends(TcpStream::connect(address).await.unwrap()).await;
    }
    part.send(Ok("!".into())).await.unwrap();
    drop(part);
    let answer = soon("the answer", answer).await.unwrap().unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "slow!");
    soon("the end of the connection", ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn who_says_nothing_does_not_keep_the_server_from_stopping() {
    let (head, word) = (Duration::from_secs(60), Duration::from_millis(100));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving =
        answer(listener, Router::new(), Patience { head, word, ..Patience::default() }, |_| true, stop.clone());
    let serving = tokio::spawn(serving);
    let mut silent = TcpStream::connect(address).await.unwrap();
    silent.write_all(&[PREFACE, SETTINGS].concat()).await.unwrap();
    // It has been taken in: the server has said what it says first.
    soon("the server's settings", silent.read_u8()).await.unwrap();
    stop.cancel();
    soon("the end of the server", serving).await.unwrap();
    ends(silent).await;
}
