//! Lengths that contradict themselves or the body.

use super::{ends, refused, times_out, wire::OK};

/// Sends this after the usual head, and keeps the connection.
macro_rules! sends {
    ($text:expr) => {
        |mut wire| {
            Box::pin(async move {
                wire.send(format!("{OK}{}", $text)).await;
                wire.hold().await;
            })
        }
    };
}

#[tokio::test]
async fn both_a_length_and_chunks_are_an_error() {
    // Whichever a proxy on the way goes by, it is not the other.
    ends(
        sends!("content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        refused("both a `content-length` and chunks"),
    )
    .await;
    ends(
        sends!("transfer-encoding: chunked\r\ncontent-length: 200\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        refused("both a `content-length` and chunks"),
    )
    .await;
}

#[tokio::test]
async fn two_lengths_are_an_error() {
    ends(
        sends!("content-length: 2\r\ncontent-length: 3\r\n\r\n{} "),
        refused("`content-length` is not valid"),
    )
    .await;
}

#[tokio::test]
async fn a_length_that_is_no_number_is_an_error() {
    ends(
        sends!("content-length: -1\r\n\r\n{}"),
        refused("`content-length` is not valid"),
    )
    .await;
    ends(
        sends!("content-length: two\r\n\r\n{}"),
        refused("`content-length` is not valid"),
    )
    .await;
    ends(
        sends!("content-length: 99999999999999999999999\r\n\r\n{}"),
        refused("`content-length` is not valid"),
    )
    .await;
}

#[tokio::test]
async fn a_length_that_is_too_long_ends_with_the_attempts_time() {
    times_out(sends!("content-length: 3\r\n\r\n{}")).await;
}

#[tokio::test]
async fn a_chunk_whose_size_is_none_is_an_error() {
    ends(
        sends!("transfer-encoding: chunked\r\n\r\nnone\r\n"),
        refused("body is not valid HTTP"),
    )
    .await;
    ends(
        sends!("transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n"),
        refused("body is not valid HTTP"),
    )
    .await;
    ends(
        sends!("transfer-encoding: chunked\r\n\r\n2\r\n{}{}"),
        refused("body is not valid HTTP"),
    )
    .await;
}

#[tokio::test]
async fn what_surrounds_chunks_without_end_is_not_kept() {
    // A size of zeros alone is never too large.
    times_out(|mut wire| {
        Box::pin(async move {
            wire.send(format!("{OK}transfer-encoding: chunked\r\n\r\n"))
                .await;
            wire.flood("00000000").await;
        })
    })
    .await;
    // An extension.
    ends(
        |mut wire| {
            Box::pin(async move {
                wire.send(format!("{OK}transfer-encoding: chunked\r\n\r\n1;"))
                    .await;
                wire.flood("x=y;").await;
            })
        },
        refused("body is not valid HTTP"),
    )
    .await;
    // Trailers.
    ends(
        |mut wire| {
            Box::pin(async move {
                wire.send(format!("{OK}transfer-encoding: chunked\r\n\r\n0\r\n"))
                    .await;
                wire.flood("x-trailer: y\r\n").await;
            })
        },
        refused("body is not valid HTTP"),
    )
    .await;
}
