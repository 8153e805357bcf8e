//! Compression of requests and decompressing of responses.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use crate::exchange;

use std::{
    io::{Read, Write},
    sync::Arc,
};

use bytes::Bytes;
use es_transport::{
    Body, Error, RequestOptions, ResponseBody, Setting, TryCloneBody,
    layer::{CompressionLayer, DecompressionLayer},
};
use exchange::exchange;
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use http::{HeaderMap, Request, Response};
use http_body::Body as _;
use proptest::prelude::*;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(packed: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    MultiGzDecoder::new(packed).read_to_end(&mut plain).unwrap();
    plain
}

async fn read(body: Body) -> Result<Bytes, Error> {
    ResponseBody::new(body).bytes().await
}

fn post(body: impl Into<Body>) -> Request<Body> {
    Request::post("/_bulk").body(body.into()).unwrap()
}

/// The request that the layer sends.
async fn sent(layer: CompressionLayer, request: Request<Body>) -> (HeaderMap, Body) {
    let (response, mut seen) = exchange(&layer, request, vec![Response::default()]).await;
    response.unwrap();
    let (parts, body) = seen.remove(0).into_parts();
    (parts.headers, body)
}

fn is_gzip(headers: &HeaderMap) -> bool {
    headers
        .get("content-encoding")
        .is_some_and(|encoding| encoding == "gzip")
}

#[tokio::test]
async fn a_body_of_the_threshold_and_above_is_compressed_once() {
    for (size, compressed) in [(0, false), (1023, false), (1024, true), (100_000, true)] {
        let plain = "x".repeat(size);
        let mut request = post(plain.clone());
        request.headers_mut().insert("content-length", size.into());
        let (headers, body) = sent(CompressionLayer::new(), request).await;
        assert_eq!(is_gzip(&headers), compressed, "{size}");
        // The length of the plain body would be wrong.
        assert_eq!(headers.contains_key("content-length"), !compressed);
        // Attempts share the bytes.
        assert_eq!(body.try_clone().unwrap().len(), body.len());
        let bytes = read(body).await.unwrap();
        assert_eq!(
            if compressed {
                gunzip(&bytes)
            } else {
                bytes.to_vec()
            },
            plain.as_bytes()
        );
    }
}

#[tokio::test]
async fn pieces_become_one_member_of_gzip() {
    let pieces: Vec<_> = (0..500)
        .map(|i| Bytes::from(format!("{{\"id\":{i}}}\n")))
        .collect();
    let whole = pieces.concat();
    let (headers, body) = sent(CompressionLayer::new(), post(Body::list(pieces))).await;
    assert!(is_gzip(&headers));
    let bytes = read(body).await.unwrap();
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&bytes[..])
        .read_to_end(&mut plain)
        .unwrap();
    assert_eq!(plain, whole);
}

#[tokio::test]
async fn what_is_encoded_or_does_not_shrink_or_is_switched_off_stays() {
    let mut encoded = post("x".repeat(5000));
    encoded
        .headers_mut()
        .insert("content-encoding", "identity".parse().unwrap());
    let packed = gzip(
        &(0..50_000_u32)
            .flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes())
            .collect::<Vec<_>>(),
    );
    for (layer, request) in [
        (CompressionLayer::new(), encoded),
        (CompressionLayer::new(), post(packed)),
        (
            CompressionLayer::new().enabled(false),
            post("x".repeat(5000)),
        ),
    ] {
        let length = request.body().len();
        let (headers, body) = sent(layer, request).await;
        assert!(!is_gzip(&headers));
        assert_eq!(body.len(), length);
    }
}

#[tokio::test]
async fn a_stream_is_compressed_while_it_is_sent() {
    let (sender, stream) = channel();
    let (headers, body) = sent(CompressionLayer::new(), post(Body::stream(stream))).await;
    assert!(is_gzip(&headers));
    let (piece, rest) = (noise(200_000), noise(50_000));
    sender.try_send(piece.clone()).unwrap();
    let mut body = ResponseBody::new(body);
    // Something comes while the stream is open.
    let mut packed = body.chunk().await.unwrap().unwrap().to_vec();
    sender.try_send(rest.clone()).unwrap();
    drop(sender);
    while let Some(chunk) = body.chunk().await.unwrap() {
        packed.extend_from_slice(&chunk);
    }
    assert_eq!(gunzip(&packed), [piece, rest].concat());
}

/// Bytes that hardly compress, so that the compressor must give some of them out.
fn noise(size: usize) -> Bytes {
    let mut state = 1_u64;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    };
    (0..size).map(next).collect()
}

struct Channel(tokio::sync::mpsc::Receiver<Bytes>);

impl http_body::Body for Channel {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        self.0
            .poll_recv(cx)
            .map(|data| data.map(|data| Ok(http_body::Frame::data(data))))
    }
}

fn channel() -> (tokio::sync::mpsc::Sender<Bytes>, Channel) {
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    (sender, Channel(receiver))
}

type Outcome = Result<Response<ResponseBody>, Error>;

async fn decompressed(
    layer: DecompressionLayer,
    request: Request<Body>,
    body: Body,
) -> (Outcome, HeaderMap) {
    let builder = Response::builder().header("content-encoding", "gzip");
    let response = builder.header("content-length", 7).body(body).unwrap();
    let (result, seen) = exchange(&layer, request, vec![response]).await;
    (result, seen[0].headers().clone())
}

async fn text(response: Outcome) -> Result<Bytes, Error> {
    response?.into_body().bytes().await
}

fn get() -> Request<Body> {
    Request::get("/").body(Body::empty()).unwrap()
}

#[tokio::test]
async fn gzip_is_asked_for_unless_the_user_asked_for_something() {
    let (_, headers) = decompressed(DecompressionLayer::new(), get(), gzip(b"x").into()).await;
    assert_eq!(headers["accept-encoding"], "gzip");
    let (_, headers) = decompressed(
        DecompressionLayer::new().accept_gzip(false),
        get(),
        gzip(b"x").into(),
    )
    .await;
    assert!(!headers.contains_key("accept-encoding"));
    let mut own = get();
    own.headers_mut()
        .insert("accept-encoding", "identity".parse().unwrap());
    let (_, headers) = decompressed(DecompressionLayer::new(), own, gzip(b"x").into()).await;
    assert_eq!(headers["accept-encoding"], "identity");
}

#[tokio::test]
async fn collected_and_streamed_responses_are_decompressed() {
    let plain = "{\"took\":1}".repeat(50_000);
    let packed = Bytes::from(gzip(plain.as_bytes()));
    let pieces: Vec<_> = packed.chunks(100).map(Bytes::copy_from_slice).collect();
    for body in [
        Body::from(packed),
        Body::list(pieces.clone()),
        Body::stream(Body::list(pieces)),
    ] {
        let (response, _) = decompressed(DecompressionLayer::new(), get(), body).await;
        let headers = response.as_ref().unwrap().headers();
        assert!(!headers.contains_key("content-encoding"));
        assert!(!headers.contains_key("content-length"));
        assert_eq!(text(response).await.unwrap(), plain);
    }
}

#[tokio::test]
async fn members_in_a_row_padding_and_an_empty_member_are_tolerated() {
    let packed = [gzip(b"one "), gzip(b""), gzip(b"two"), vec![0; 5]].concat();
    let pieces: Vec<_> = packed.chunks(7).map(Bytes::copy_from_slice).collect();
    for body in [Body::from(packed), Body::list(pieces)] {
        let (response, _) = decompressed(DecompressionLayer::new(), get(), body).await;
        assert_eq!(text(response).await.unwrap(), "one two");
    }
}

#[tokio::test]
async fn broken_and_cut_gzip_is_a_body_error() {
    let good = gzip(
        "some text that is long enough to be cut"
            .repeat(20)
            .as_bytes(),
    );
    let mut flipped = good.clone();
    let last = flipped.len() - 6;
    flipped[last] ^= 0xff;
    let cut = good[..good.len() - 9].to_vec();
    let no_trailer = good[..good.len() - 3].to_vec();
    let garbage = [good, b"garbage".to_vec()].concat();
    for broken in [
        flipped,
        cut,
        no_trailer,
        garbage,
        b"not gzip at all".to_vec(),
    ] {
        let pieces: Vec<_> = broken.chunks(11).map(Bytes::copy_from_slice).collect();
        // At hand, it is the error of the request itself.
        let (response, _) = decompressed(DecompressionLayer::new(), get(), broken.into()).await;
        assert!(response.unwrap_err().is_body());
        let (response, _) =
            decompressed(DecompressionLayer::new(), get(), Body::list(pieces)).await;
        assert!(text(response).await.unwrap_err().is_body());
    }
}

#[tokio::test]
async fn what_inflates_beyond_the_limit_is_an_error_that_names_it() {
    let bomb = Bytes::from(gzip(&vec![0; 2 << 20]));
    let pieces: Vec<_> = bomb.chunks(64).map(Bytes::copy_from_slice).collect();
    let limited = DecompressionLayer::new().max_response_size(Some(100_000));
    let exact = DecompressionLayer::new().max_response_size(Some(2 << 20));
    for body in [Body::from(bomb), Body::list(pieces)] {
        let again = || body.try_clone().unwrap();
        let (response, _) = decompressed(limited, get(), again()).await;
        let error = text(response).await.unwrap_err();
        assert!(error.is_body());
        assert!(
            error.to_string().contains("100000") && error.to_string().contains("max_response_size")
        );
        let (response, _) = decompressed(exact, get(), again()).await;
        assert_eq!(text(response).await.unwrap().len(), 2 << 20);
        // The request's own limit wins, in both directions.
        for (max, good) in [
            (Setting::Set(5), false),
            (Setting::Set(2 << 20), true),
            (Setting::Off, true),
        ] {
            let mut request = get();
            let options = RequestOptions::new().max_response_size(max);
            Arc::new(options).attach(&mut request);
            let (response, _) = decompressed(limited, request, again()).await;
            assert_eq!(text(response).await.is_ok(), good, "{max:?}");
        }
        // Nobody has to hold all of a stream, so only its own limit counts.
        for (max, good) in [(None, true), (Some(5), false)] {
            let mut request = get();
            let options = RequestOptions::new().stream(true).max_response_size(max);
            Arc::new(options).attach(&mut request);
            let (response, _) = decompressed(limited, request, again()).await;
            assert_eq!(text(response).await.is_ok(), good, "{max:?}");
        }
    }
}

#[tokio::test]
async fn a_stream_is_inflated_in_small_pieces_also_where_all_of_it_is_at_hand() {
    let bomb = Bytes::from(gzip(&vec![0; 1 << 20]));
    let mut request = get();
    Arc::new(RequestOptions::new().stream(true)).attach(&mut request);
    let (response, _) = decompressed(DecompressionLayer::new(), request, bomb.into()).await;
    let mut body = ResponseBody::new(response.unwrap().into_body());
    let mut size = 0;
    while let Some(piece) = body.chunk().await.unwrap() {
        assert!(piece.len() <= 64 << 10, "{}", piece.len());
        size += piece.len();
    }
    assert_eq!(size, 1 << 20);
}

#[tokio::test]
async fn the_limit_holds_for_an_error_although_a_stream_was_asked_for() {
    let bomb = Bytes::from(gzip(&vec![0; 300_000]));
    let mut request = get();
    Arc::new(RequestOptions::new().stream(true)).attach(&mut request);
    let response = Response::builder()
        .status(400)
        .header("content-encoding", "gzip");
    let response = response.body(bomb.into()).unwrap();
    let layer = DecompressionLayer::new().max_response_size(Some(100_000));
    let (result, _): (Outcome, _) = exchange(&layer, request, vec![response]).await;
    assert!(result.unwrap_err().is_body());
}

#[tokio::test]
async fn responses_to_head_are_left_alone() {
    let head = Request::head("/").body(Body::empty()).unwrap();
    let (response, headers) = decompressed(DecompressionLayer::new(), head, Body::empty()).await;
    assert_eq!(headers["accept-encoding"], "gzip");
    assert_eq!(response.unwrap().headers()["content-length"], "7");
}

#[tokio::test]
async fn another_encoding_is_named() {
    let brotli = || {
        let response = Response::builder().header("content-encoding", "br");
        vec![response.body(Body::from("raw")).unwrap()]
    };
    let (result, _): (Outcome, _) = exchange(&DecompressionLayer::new(), get(), brotli()).await;
    let error = result.unwrap_err();
    assert!(
        error.is_body() && error.to_string().contains("`br`"),
        "{error}"
    );

    // A caller that accepts it reads it.
    let mut request = get();
    request
        .headers_mut()
        .insert("accept-encoding", "br".parse().unwrap());
    let (result, _): (Outcome, _) = exchange(&DecompressionLayer::new(), request, brotli()).await;
    assert_eq!(result.as_ref().unwrap().headers()["content-encoding"], "br");
    assert_eq!(text(result).await.unwrap(), "raw");
}

#[tokio::test]
async fn a_plain_collected_response_is_the_same_memory() {
    let bytes = Bytes::from(vec![7; 5000]);
    let response = Response::new(Body::from(bytes.clone()));
    let (result, _): (Outcome, _) =
        exchange(&DecompressionLayer::new(), get(), vec![response]).await;
    let body = result.unwrap().into_body();
    assert_eq!(body.size_hint().exact(), Some(5000));
    assert_eq!(
        ResponseBody::new(body).try_into_bytes().unwrap().as_ptr(),
        bytes.as_ptr()
    );
}

proptest! {
    #[test]
    fn what_is_compressed_inflates_to_the_same(
        pieces in proptest::collection::vec(proptest::collection::vec(0_u8..4, 0..2000), 0..12),
        level in 1_u32..=9,
        cut in 1_usize..500,
        stream: bool,
    ) {
        let whole = pieces.concat();
        let list = Body::list(pieces.into_iter().map(Bytes::from).collect::<Vec<_>>());
        let body = if stream { Body::stream(list) } else { list };
        let decompressed = tokio_test::block_on(async {
            let layer = CompressionLayer::new().threshold(1).level(level);
            let (headers, body) = sent(layer, post(body)).await;
            let bytes = read(body).await.unwrap();
            if !is_gzip(&headers) {
                return bytes;
            }
            let parts: Vec<_> = bytes.chunks(cut).map(Bytes::copy_from_slice).collect();
            text(decompressed(DecompressionLayer::new(), get(), Body::list(parts)).await.0).await.unwrap()
        });
        prop_assert_eq!(decompressed, whole);
    }

    #[test]
    fn no_bytes_break_the_decoder(bytes in proptest::collection::vec(any::<u8>(), 1..300), head: bool) {
        let bytes = if head { [&gzip(b"text")[..10], &bytes].concat() } else { bytes };
        let result = tokio_test::block_on(async {
            text(decompressed(DecompressionLayer::new().max_response_size(Some(1 << 20)), get(), bytes.into()).await.0).await
        });
        prop_assert!(result.is_ok() || result.unwrap_err().is_body());
    }
}
