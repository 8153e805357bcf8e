//! When a connection may be used again, and when not.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use es_transport::{
    Error, ResponseBody,
    connect::{Connections, Stream},
};
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::{io::AsyncReadExt, sync::mpsc};
use tower::{Service, ServiceExt, service_fn};

use crate::pool::{
    connect_support::{
        chain, get,
        http::{Server, echo, read_head, respond},
        request,
    },
    connections, connector, counts, eventually,
};

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = Server::echo().await;
    let connections = connections();
    for path in ["/a", "/b?c=d", "/e"] {
        let response = get(&connections, &server.url(path)).await.unwrap();
        assert_eq!(response, (200, path.to_owned()));
    }
    assert_eq!(server.accepted(), 1);
    assert_eq!(counts(&connections, &server), (1, 1));
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_not_used() {
    let (closed, mut seen) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, _| {
        let closed = closed.clone();
        async move {
            read_head(&mut stream).await.unwrap();
            respond(&mut stream, "once").await;
            tokio::time::sleep(Duration::from_millis(2)).await;
            drop(stream);
            closed.send(()).unwrap();
        }
    })
    .await;
    let connections = connections();
    for round in 1..=20 {
        assert_eq!(get(&connections, &server.url("/")).await.unwrap().1, "once");
        seen.recv().await.unwrap();
        // Time enough for the runtime to be told by the system.
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(server.accepted(), round);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_after_the_response_breaks_at_worst() {
    let server = Server::start(|mut stream, _| async move {
        read_head(&mut stream).await.unwrap();
        respond(&mut stream, "once").await;
    })
    .await;
    let connections = connections();
    let mut responded = 0;
    for _ in 0..300 {
        let outcome = get(&connections, server.url("/"));
        match tokio::time::timeout(Duration::from_secs(5), outcome)
            .await
            .unwrap()
        {
            Ok((200, body)) if body == "once" => responded += 1,
            // The request may have been taken: that is for the retry layer.
            Err(error) if error.is_io() && !error.is_not_sent() => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(responded > 150, "{responded}");
}

/// A connection that is dead as soon as the switch is on, but says so only to
/// the next who looks.
struct Dying(Stream, Arc<AtomicBool>);

impl Read for Dying {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.1.load(Ordering::SeqCst) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl Write for Dying {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn a_request_not_taken_is_sent_elsewhere() {
    let server = Server::echo().await;
    let switches = Arc::new(Mutex::new(Vec::new()));
    let made = Arc::clone(&switches);
    let connections = Connections::with_connector(service_fn(move |target: Uri| {
        let switch = Arc::new(AtomicBool::new(false));
        made.lock().unwrap().push(Arc::clone(&switch));
        async move { Ok::<_, Error>(Dying(connector().oneshot(target).await?, switch)) }
    }));
    let url = server.url("/");
    let (a, b, c) = tokio::join!(
        get(&connections, &url),
        get(&connections, &url),
        get(&connections, &url)
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(counts(&connections, &server), (3, 3));

    // All three die unnoticed.
    switches
        .lock()
        .unwrap()
        .iter()
        .for_each(|switch| switch.store(true, Ordering::SeqCst));
    let future = connections.clone().call(request(&server.url("/again")));
    assert_eq!(
        counts(&connections, &server),
        (3, 2),
        "it was put on an idle connection"
    );
    let body = ResponseBody::new(future.await.unwrap().into_body())
        .bytes()
        .await
        .unwrap();
    assert_eq!(body, "/again");
    assert_eq!(
        (server.accepted(), counts(&connections, &server)),
        (4, (1, 1))
    );
}

#[tokio::test]
async fn a_new_connection_that_takes_nothing_fails() {
    let server = Server::echo().await;
    let connections = Connections::with_connector(service_fn(|target: Uri| async move {
        let dead = Arc::new(AtomicBool::new(true));
        Ok::<_, Error>(Dying(connector().oneshot(target).await?, dead))
    }));
    let error = get(&connections, &server.url("/")).await.unwrap_err();
    assert!(error.is_io() && error.is_not_sent(), "{}", chain(&error));
    assert_eq!(server.accepted(), 1);
}

const LARGE: usize = 4 << 20;

/// Responds with more than any buffer on the way holds.
async fn large() -> Server {
    Server::start(|mut stream, _| async move {
        while read_head(&mut stream).await.is_some() {
            respond(&mut stream, &"x".repeat(LARGE)).await;
        }
    })
    .await
}

#[tokio::test]
async fn an_unread_response_blocks_nobody() {
    let server = large().await;
    let connections = connections();
    let held = connections
        .clone()
        .oneshot(request(&server.url("/held")))
        .await
        .unwrap();
    let other = get(&connections, server.url("/other"));
    let (_, body) = tokio::time::timeout(Duration::from_secs(5), other)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(body.len(), LARGE);
    assert_eq!(
        (server.accepted(), counts(&connections, &server)),
        (2, (2, 1))
    );

    let held = ResponseBody::new(held.into_body()).bytes().await.unwrap();
    assert_eq!(held.len(), LARGE);
    eventually("it is used again", || {
        counts(&connections, &server) == (2, 2)
    })
    .await;
}

#[tokio::test]
async fn dropping_a_large_response_closes() {
    let server = large().await;
    let connections = connections();
    drop(
        connections
            .clone()
            .oneshot(request(&server.url("/")))
            .await
            .unwrap(),
    );
    assert_eq!(counts(&connections, &server), (0, 0));
    assert_eq!(
        get(&connections, &server.url("/")).await.unwrap().1.len(),
        LARGE
    );
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn dropping_a_short_response_keeps() {
    let server = Server::echo().await;
    let connections = connections();
    for _ in 0..5 {
        drop(
            connections
                .clone()
                .oneshot(request(&server.url("/short")))
                .await
                .unwrap(),
        );
    }
    assert_eq!(
        (server.accepted(), counts(&connections, &server)),
        (1, (1, 1))
    );
}

#[tokio::test]
async fn a_cancelled_request_closes_its_connection() {
    let (closed, mut seen) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, number| {
        let closed = closed.clone();
        async move {
            if number > 0 {
                return echo(stream).await;
            }
            read_head(&mut stream).await.unwrap();
            let end = stream.read(&mut [0; 1]).await;
            closed.send(matches!(end, Ok(0) | Err(_))).unwrap();
        }
    })
    .await;
    let connections = connections();
    let never = get(&connections, server.url("/never"));
    assert!(
        tokio::time::timeout(Duration::from_millis(50), never)
            .await
            .is_err()
    );
    assert!(seen.recv().await.unwrap(), "the server sees the end");
    assert_eq!(counts(&connections, &server), (0, 0));
    assert_eq!(
        get(&connections, &server.url("/next")).await.unwrap().1,
        "/next"
    );
    assert_eq!(server.accepted(), 2);
}
