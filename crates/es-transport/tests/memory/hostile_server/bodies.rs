//! Bodies of responses: slow, endless, cut off.

use es_transport::{Error, RequestOptions, error::TimeoutPhase};
use tokio::time::timeout;

use super::{
    FLAT, LIMIT, ONE, PATIENCE, SHORT, broken,
    cluster_support::{get, send_and_read, with},
    ends, limited, refused, times_out, too_large, unhurried,
    wire::{Behaviour, OK, server},
};

#[tokio::test]
async fn a_slow_body_ends_with_the_attempts_time() {
    times_out(|mut wire| {
        Box::pin(async move {
            wire.send(format!("{OK}content-length: 60000\r\n\r\n"))
                .await;
            wire.drip(" ").await;
        })
    })
    .await;
}

#[tokio::test]
async fn slow_chunks_end_with_the_attempts_time() {
    times_out(|mut wire| {
        Box::pin(async move {
            wire.send(format!("{OK}transfer-encoding: chunked\r\n\r\n"))
                .await;
            wire.drip("1\r\n \r\n").await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_body_that_stalls_ends_with_the_attempts_time() {
    times_out(|mut wire| {
        Box::pin(async move {
            wire.send(format!("{OK}content-length: 10\r\n\r\n[1,2"))
                .await;
            wire.hold().await;
        })
    })
    .await;
}

#[tokio::test]
async fn an_endless_body_is_not_read_on() {
    ends(ENDLESS_CHUNKS, too_large).await;
    // One that ends with its connection, which never does.
    ends(
        |mut wire| {
            Box::pin(async move {
                wire.send(format!("{OK}\r\n")).await;
                wire.flood("[1,2,3],").await;
            })
        },
        too_large,
    )
    .await;
    // Of the smallest pieces, which take their time.
    ends(
        |mut wire| {
            Box::pin(async move {
                wire.send(format!("{OK}transfer-encoding: chunked\r\n\r\n"))
                    .await;
                wire.flood("1\r\n \r\n").await;
            })
        },
        too_large,
    )
    .await;
}

const ENDLESS_CHUNKS: Behaviour = |mut wire| {
    Box::pin(async move {
        wire.send(format!("{OK}transfer-encoding: chunked\r\n\r\n"))
            .await;
        wire.flood("10\r\n0123456789abcdef\r\n").await;
    })
};

#[tokio::test]
async fn a_huge_length_is_refused_before_its_body_is_read() {
    ends(
        |mut wire| {
            Box::pin(async move {
                wire.send(format!("{OK}content-length: 18446744073709551000\r\n\r\n"))
                    .await;
                wire.flood(" ").await;
            })
        },
        // Beyond what hyper itself takes for a length, it is none.
        |error| too_large(error) || refused("`content-length` is not valid")(error),
    )
    .await;
    ends(
        |mut wire| {
            Box::pin(async move {
                wire.send(format!("{OK}content-length: 1099511627776\r\n\r\n"))
                    .await;
                wire.hold().await;
            })
        },
        too_large,
    )
    .await;
}

#[tokio::test]
async fn a_body_that_is_cut_off_by_a_half_closed_connection() {
    ends(
        |mut wire| {
            Box::pin(async move {
                wire.send(format!("{OK}content-length: 10\r\n\r\n[1,2"))
                    .await;
                wire.half_close().await;
            })
        },
        broken("the response was cut off"),
    )
    .await;
}

/// Read as a stream, a body has as much time as it wants while something comes,
/// and is held only in small part.
#[tokio::test]
async fn an_endless_stream_is_flat_and_ends_at_the_requests_own_limit() {
    let _one = ONE.lock().await;
    const MUCH: usize = 64 << 20;
    let large_chunks: Behaviour = |mut wire| {
        Box::pin(async move {
            wire.send(format!("{OK}transfer-encoding: chunked\r\n\r\n"))
                .await;
            wire.flood(&format!("4000\r\n{}\r\n", "x".repeat(0x4000)))
                .await;
        })
    };
    let (server, seen) = server(large_chunks, usize::MAX).await;
    let transport = limited([server.url("")], PATIENCE)
        .max_retries(0)
        .build()
        .unwrap();
    let options = RequestOptions::new().stream(true).max_response_size(MUCH);
    let mut body = transport
        .send(with(get("/"), options))
        .await
        .unwrap()
        .into_body();
    let mut read = 0;
    let error: Error = loop {
        match body.chunk().await {
            Ok(piece) => read += piece.expect("it has no end").len(),
            Err(error) => break error,
        }
    };
    assert!(
        error.is_body() && error.to_string().contains(&MUCH.to_string()),
        "{error}"
    );
    assert!(read <= MUCH && read > MUCH - LIMIT, "{read}");
    let most = seen.most.load(std::sync::atomic::Ordering::Relaxed);
    assert!(most < FLAT, "{most} bytes");
}

#[tokio::test]
async fn a_stream_that_stalls_ends_with_the_time_between_two_pieces() {
    let _one = ONE.lock().await;
    let (server, _) = server(
        |mut wire| {
            Box::pin(async move {
                wire.send(format!("{OK}content-length: 10\r\n\r\n[1,2"))
                    .await;
                wire.hold().await;
            })
        },
        1,
    )
    .await;
    let transport = limited([server.url("")], SHORT)
        .max_retries(0)
        .build()
        .unwrap();
    let request = super::cluster_support::streamed(get("/"));
    let read = timeout(PATIENCE, send_and_read(&transport, request))
        .await
        .expect("it never ends");
    assert_eq!(read.unwrap_err().timeout_phase(), Some(TimeoutPhase::Read));
    assert_eq!(transport.send(unhurried()).await.unwrap().status(), 200);
    assert_eq!(server.accepted(), 2);
}
