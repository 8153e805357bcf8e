//! Bytes that an exchange leaves behind on its connection.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};
use tower::ServiceExt;

use crate::pool::{
    connect_support::{
        chain, get,
        http::{Server, echo, read_head},
    },
    connections, counts, eventually,
};

/// More than any buffer on the way holds.
const LARGE: usize = 4 << 20;

#[tokio::test]
async fn an_early_response_does_not_affect_the_next() {
    // The server refuses a large body early and does not read it.
    let server = Server::start(|mut stream, _| async move {
        read_head(&mut stream).await.unwrap();
        let text = b"HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(text).await.unwrap();
        // The client may still be sending.
        tokio::time::sleep(Duration::from_millis(20)).await;
    })
    .await;
    let connections = connections();
    for _ in 0..3 {
        let body = es_transport::Body::from("x".repeat(LARGE));
        let request = http::Request::post(server.url("/")).body(body).unwrap();
        let outcome =
            tokio::time::timeout(Duration::from_secs(5), connections.clone().oneshot(request));
        match outcome.await.unwrap() {
            Ok(response) => assert_eq!(response.status(), 413),
            Err(error) => assert!(error.is_io(), "{}", chain(&error)),
        }
    }
    assert_eq!(server.accepted(), 3);
}

#[tokio::test]
async fn an_early_response_closes_its_connection() {
    // The server keeps the connection, and never reads the rest of the request.
    let server = Server::start(|mut stream, _| async move {
        read_head(&mut stream).await.unwrap();
        let text = b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(text).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let connections = connections();
    let body = es_transport::Body::from("x".repeat(8 * LARGE));
    let request = http::Request::post(server.url("/")).body(body).unwrap();
    let asked = connections.clone().oneshot(request);
    let response = tokio::time::timeout(Duration::from_secs(5), asked)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(response.status(), 413);
    eventually("it is closed", || counts(&connections, &server) == (0, 0)).await;
}

/// Asks twice on one server: what comes with the first response, or after it,
/// must not be taken for the second.
async fn responses_are_not_mixed_up(pieces: [&'static str; 2]) {
    let (wrote, mut written) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, number| {
        let wrote = wrote.clone();
        async move {
            if number > 0 {
                return echo(stream).await;
            }
            read_head(&mut stream).await.unwrap();
            for piece in pieces {
                stream.write_all(piece.as_bytes()).await.unwrap();
                // Time enough for the client to see it.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            wrote.send(()).unwrap();
            // Left open, so that nothing else tells the client to leave it.
            echo(stream).await;
        }
    })
    .await;
    let connections = connections();
    assert_eq!(
        get(&connections, server.url("/1")).await.unwrap(),
        (200, "/1".to_owned())
    );
    written.recv().await.unwrap();
    assert_eq!(
        get(&connections, server.url("/2")).await.unwrap(),
        (200, "/2".to_owned())
    );
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn surplus_bytes_match_no_request() {
    let forged = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged";
    let responses = [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n/1",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n/1\r\n0\r\n\r\n",
    ];
    for response in responses {
        responses_are_not_mixed_up([response, forged]).await;
        let together: &'static str = Box::leak([response, forged].concat().into());
        responses_are_not_mixed_up([together, ""]).await;
    }
}

#[tokio::test]
async fn an_upgraded_connection_is_not_reused() {
    let server = Server::start(|mut stream, number| async move {
        if number > 0 {
            return echo(stream).await;
        }
        read_head(&mut stream).await.unwrap();
        let text = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
        stream.write_all(text.as_bytes()).await.unwrap();
        let _ = stream.read(&mut [0; 1]).await;
    })
    .await;
    let connections = connections();
    let asked = get(&connections, server.url("/"));
    let (status, body) = tokio::time::timeout(Duration::from_secs(5), asked)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((status, &*body), (101, ""));
    eventually("it is closed", || counts(&connections, &server) == (0, 0)).await;
    assert_eq!(
        get(&connections, server.url("/next")).await.unwrap().1,
        "/next"
    );
}
