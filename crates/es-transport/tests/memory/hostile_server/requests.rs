//! Responses that come at the wrong time.

use es_transport::Body;
use std::time::Duration;

use tokio::time::timeout;

use super::{
    ONE, PATIENCE, SHORT,
    cluster_support::{get, post, send_and_read},
    limited, unhurried,
    wire::{Behaviour, OK, server},
};

/// More than any buffer on the way holds.
const LARGE: usize = 16 << 20;

/// Sends a large request; its outcome within the time, and that the next
/// request has a connection of its own.
async fn early(time: Duration, behaviour: Behaviour) -> Result<u16, es_transport::Error> {
    let _one = ONE.lock().await;
    let (server, _) = server(behaviour, 1).await;
    let transport = limited([server.url("")], time)
        .max_retries(0)
        .build()
        .unwrap();
    let body = Body::from("x".repeat(LARGE));
    let sent = timeout(2 * PATIENCE, transport.send(post("/_bulk", body))).await;
    let outcome = sent
        .expect("it never ends")
        .map(|response| response.status().as_u16());
    assert_eq!(transport.send(unhurried()).await.unwrap().status(), 200);
    assert_eq!(server.accepted(), 2, "the connection is not used again");
    outcome
}

#[tokio::test]
async fn a_response_before_the_request_ended_is_the_response() {
    // Kept open, and the rest of the request never read.
    let status = early(PATIENCE, |mut wire| {
        Box::pin(async move {
            wire.send("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
                .await;
            std::future::pending::<()>().await;
        })
    });
    assert_eq!(status.await.unwrap(), 413);
}

#[tokio::test]
async fn a_request_that_nobody_reads_ends_with_the_attempts_time() {
    let outcome = early(SHORT, |wire| {
        Box::pin(async move {
            std::future::pending::<()>().await;
            drop(wire);
        })
    });
    assert!(super::timed_out(&outcome.await.unwrap_err()));
}

#[tokio::test]
async fn an_early_response_that_goes_on_is_bounded_too() {
    let outcome = early(PATIENCE, |mut wire| {
        Box::pin(async move {
            wire.send(format!("{OK}transfer-encoding: chunked\r\n\r\n"))
                .await;
            wire.flood("10\r\n0123456789abcdef\r\n").await;
        })
    });
    assert!(super::too_large(&outcome.await.unwrap_err()));
}

/// Unsolicited bytes, before or after a response, are not delivered to a later request.
#[tokio::test]
async fn what_nobody_asked_for_is_not_a_response() {
    const FORGED: &str = "HTTP/1.1 404 Not Found\r\nx-elastic-product: Elasticsearch\r\n\
        content-length: 6\r\n\r\nforged";
    let _one = ONE.lock().await;
    let (server, _) = server(
        |mut wire| {
            Box::pin(async move {
                wire.send(format!("{OK}content-length: 2\r\n\r\n{{}}{FORGED}"))
                    .await;
                wire.hold().await;
            })
        },
        1,
    )
    .await;
    let transport = limited([server.url("")], PATIENCE)
        .max_retries(0)
        .build()
        .unwrap();
    for _ in 0..3 {
        let response = transport.send(get("/")).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.into_body().bytes().await.unwrap(), "{}");
    }
    assert_eq!(server.accepted(), 2);
}

/// The other half of a connection is closed after a good response.
#[tokio::test]
async fn a_connection_that_is_half_closed_while_idle_is_not_used() {
    let _one = ONE.lock().await;
    let (server, _) = server(
        |mut wire| {
            Box::pin(async move {
                wire.send(format!("{OK}content-length: 2\r\n\r\n{{}}"))
                    .await;
                wire.half_close().await;
            })
        },
        1,
    )
    .await;
    let transport = limited([server.url("")], PATIENCE)
        .max_retries(0)
        .build()
        .unwrap();
    send_and_read(&transport, get("/")).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    send_and_read(&transport, get("/")).await.unwrap();
    assert_eq!(server.accepted(), 2);
}
