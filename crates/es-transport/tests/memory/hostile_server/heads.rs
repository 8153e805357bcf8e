//! Heads of responses: slow, endless, none at all.

use super::{broken, ends, refused, times_out, wire::OK};

const NOT_HTTP: &str = "not an HTTP response";
const TOO_LARGE: &str = "headers are larger";

#[tokio::test]
async fn slow_headers_end_with_the_attempts_time() {
    times_out(|wire| Box::pin(wire.drip("HTTP/1.1 200 OK\r\nx-filler: y\r\n"))).await;
    // Nothing at all, after half of a status line.
    let half = |mut wire: super::Wire| -> futures_util::future::BoxFuture<'static, ()> {
        Box::pin(async move {
            wire.send("HTTP/1.1 20").await;
            wire.hold().await;
        })
    };
    times_out(half).await;
}

#[tokio::test]
async fn endless_headers_are_not_read_on() {
    ends(
        |mut wire| {
            Box::pin(async move {
                wire.send(OK).await;
                wire.flood("x-filler: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n")
                    .await;
            })
        },
        refused(TOO_LARGE),
    )
    .await;
}

#[tokio::test]
async fn a_header_without_end_is_not_read_on() {
    ends(
        |mut wire| {
            Box::pin(async move {
                wire.send(format!("{OK}x-filler: ")).await;
                wire.flood("yyyyyyyyyyyyyyyy").await;
            })
        },
        refused(TOO_LARGE),
    )
    .await;
}

#[tokio::test]
async fn a_reason_without_end_is_not_read_on() {
    ends(
        |mut wire| {
            Box::pin(async move {
                wire.send("HTTP/1.1 200 ").await;
                wire.flood("OK and more ").await;
            })
        },
        refused(TOO_LARGE),
    )
    .await;
}

#[tokio::test]
async fn more_headers_than_any_response_has() {
    ends(
        |mut wire| {
            Box::pin(async move {
                wire.send(format!("{OK}{}\r\n", "x: y\r\n".repeat(5_000)))
                    .await;
                wire.hold().await;
            })
        },
        refused(TOO_LARGE),
    )
    .await;
}

#[tokio::test]
async fn garbage_is_not_a_response() {
    ends(
        |wire| Box::pin(wire.flood("\0\u{1}\u{2}")),
        broken(NOT_HTTP),
    )
    .await;
    ends(
        |wire| Box::pin(wire.flood("<html><body>It works!</body></html>\r\n")),
        broken(NOT_HTTP),
    )
    .await;
    // As a server that speaks TLS only.
    let alert = |mut wire: super::Wire| -> futures_util::future::BoxFuture<'static, ()> {
        Box::pin(async move {
            wire.send([0x15, 3, 1, 0, 2, 2, 0x46]).await;
            wire.hold().await;
        })
    };
    ends(alert, broken(NOT_HTTP)).await;
}

#[tokio::test]
async fn http_0_9_is_not_a_response() {
    ends(
        |mut wire| {
            Box::pin(async move {
                wire.send(r#"{"name":"node-1","tagline":"You Know, for Search"}"#)
                    .await;
                wire.half_close().await;
            })
        },
        broken(NOT_HTTP),
    )
    .await;
}

#[tokio::test]
async fn a_flood_of_1xx_ends_with_the_attempts_time() {
    times_out(|wire| Box::pin(wire.flood("HTTP/1.1 100 Continue\r\n\r\n"))).await;
    times_out(|wire| {
        Box::pin(wire.flood("HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n"))
    })
    .await;
    times_out(|wire| Box::pin(wire.drip("HTTP/1.1 102 Processing\r\n\r\n"))).await;
}

#[tokio::test]
async fn a_100_continue_that_nothing_follows_ends_with_the_attempts_time() {
    times_out(|mut wire| {
        Box::pin(async move {
            wire.send("HTTP/1.1 100 Continue\r\n\r\n").await;
            wire.hold().await;
        })
    })
    .await;
}

#[tokio::test]
async fn a_half_closed_connection_is_not_a_response() {
    ends(
        |wire| Box::pin(wire.half_close()),
        broken("before the response's head was complete"),
    )
    .await;
    ends(
        |mut wire| {
            Box::pin(async move {
                wire.send("HTTP/1.1 200 OK\r\ncontent-").await;
                wire.half_close().await;
            })
        },
        broken("before the response's head was complete"),
    )
    .await;
}
