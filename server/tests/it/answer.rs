//! Connections of those who do not come to the point.

use crate::support::node::soon;
use axum::{Router, body::Bytes, routing::get};
use server::answer::answer;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A server that gives everybody this long for a head, and how it is stopped.
async fn server(head: Duration) -> (SocketAddr, DropGuard) {
    let router = Router::new().route("/", get(|| async { "here" }).post(|body: Bytes| async move { body }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(answer(listener, router, head, |_| false, stop.clone()));
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
