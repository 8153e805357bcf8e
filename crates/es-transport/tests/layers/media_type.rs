//! Media types: which are written, and what a refusal does.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use crate::exchange;

use std::{sync::Arc, task::Poll};

use bytes::Bytes;
use es_transport::{
    Body, BoxError, Error, RequestOptions, ResponseBody,
    layer::media_type::{API_VERSIONING, CompatibilityMode, MediaTypeLayer},
};
use exchange::exchange;
use futures_util::stream::poll_fn;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use proptest::prelude::*;

const JSON_9: &str = "application/vnd.elasticsearch+json;compatible-with=9";
const JSON_8: &str = "application/vnd.elasticsearch+json;compatible-with=8";
const NDJSON_9: &str = "application/vnd.elasticsearch+x-ndjson;compatible-with=9";
const PLAIN: &str = "application/json";
/// As 8.19 responds to `compatible-with=9`.
const TOO_NEW: &str = r#"{"error":{"type":"media_type_header_exception","reason":"Invalid media-type value on headers [Accept]","caused_by":{"type":"status_exception","reason":"Accept version must be either version 8 or 7, but found 9. Accept=application/vnd.elasticsearch+json;compatible-with=9"}},"status":400}"#;

type Outcome = Result<Response<ResponseBody>, Error>;

fn layer(mode: CompatibilityMode) -> MediaTypeLayer {
    MediaTypeLayer::new(mode)
}

fn get() -> Request<Body> {
    Request::get("/idx/_search").body(Body::empty()).unwrap()
}

fn post(headers: &[(&str, &str)]) -> Request<Body> {
    let mut builder = Request::post("/idx/_search");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Body::from("{}")).unwrap()
}

fn respond(status: u16, body: &'static str) -> Response<Body> {
    Response::builder()
        .status(status)
        .body(Body::from(body))
        .unwrap()
}

/// `Accept` and `Content-Type` of a request.
fn types(request: &Request<Body>) -> (&str, &str) {
    let header = |name| {
        request
            .headers()
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    };
    (header("accept"), header("content-type"))
}

async fn sent(layer: &MediaTypeLayer, request: Request<Body>) -> Request<Body> {
    let (response, mut seen): (Outcome, _) =
        exchange(layer, request, vec![respond(200, "{}")]).await;
    assert_eq!(response.unwrap().status(), 200);
    seen.remove(0)
}

#[tokio::test]
async fn both_headers_or_accept_alone_by_whether_there_is_a_body() {
    let layer = MediaTypeLayer::default();
    assert_eq!(types(&sent(&layer, get()).await), (JSON_9, ""));
    assert_eq!(types(&sent(&layer, post(&[])).await), (JSON_9, JSON_9));
    for ndjson in [
        "application/x-ndjson",
        "Application/X-NDJSON; charset=utf-8",
    ] {
        let request = post(&[("content-type", ndjson)]);
        assert_eq!(types(&sent(&layer, request).await), (JSON_9, NDJSON_9));
    }
    let request = post(&[("content-type", "application/json; charset=UTF-8")]);
    assert_eq!(types(&sent(&layer, request).await), (JSON_9, JSON_9));
}

#[tokio::test]
async fn every_mode_has_its_types() {
    assert_eq!(
        types(&sent(&layer(CompatibilityMode::Fixed(8)), get()).await),
        (JSON_8, "")
    );
    for mode in [CompatibilityMode::Off, CompatibilityMode::Serverless] {
        let request = sent(&layer(mode), post(&[])).await;
        assert_eq!(types(&request), (PLAIN, PLAIN));
        let version = request
            .headers()
            .get("elastic-api-version")
            .map(|v| v.to_str().unwrap());
        assert_eq!(
            version,
            (mode == CompatibilityMode::Serverless).then_some("2023-10-31")
        );
        let ndjson = post(&[("content-type", "application/x-ndjson")]);
        assert_eq!(
            types(&sent(&layer(mode), ndjson).await),
            (PLAIN, "application/x-ndjson")
        );
    }
}

#[tokio::test]
async fn what_the_user_set_stays_and_the_other_header_follows() {
    let layer = MediaTypeLayer::default();
    for (set, expected) in [
        (("accept", "text/plain"), ("text/plain", PLAIN)),
        (("accept", JSON_8), (JSON_8, JSON_8)),
        (("accept", JSON_9), (JSON_9, JSON_9)),
        (("content-type", JSON_8), (JSON_8, JSON_8)),
        (
            ("content-type", "application/cbor"),
            (PLAIN, "application/cbor"),
        ),
    ] {
        assert_eq!(types(&sent(&layer, post(&[set])).await), expected);
    }
    let both = post(&[
        ("accept", "text/plain"),
        ("content-type", "application/yaml"),
    ]);
    assert_eq!(
        types(&sent(&layer, both).await),
        ("text/plain", "application/yaml")
    );
}

#[tokio::test]
async fn the_requests_options_replace_the_mode() {
    let options = Arc::new(
        RequestOptions::new().media_type(http::HeaderValue::from_static("application/smile")),
    );
    let layer = MediaTypeLayer::default();
    for set in [None, Some(("content-type", "application/json"))] {
        let mut request = post(set.as_slice());
        options.attach(&mut request);
        let smile = "application/smile";
        assert_eq!(types(&sent(&layer, request).await), (smile, smile));
    }
}

#[tokio::test]
async fn a_refusal_is_an_error_that_says_what_to_set() {
    for response in [respond(400, TOO_NEW), respond(406, "whatever")] {
        let (result, _): (Outcome, _) =
            exchange(&MediaTypeLayer::default(), get(), vec![response]).await;
        let error = result.unwrap_err();
        assert!(error.is_media_type());
        assert!(
            error.to_string().contains("`compatibility_mode`"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_400_for_another_reason_is_forwarded_byte_for_byte() {
    let pieces = ["{\"error\":", "{\"type\":\"parsing_exception\"}", "}"].map(bytes::Bytes::from);
    let whole = pieces.concat();
    let streams = [Body::list(pieces.clone()), Body::stream(Body::list(pieces))];
    for body in streams {
        let response = Response::builder().status(400).body(body).unwrap();
        let (result, _): (Outcome, _) =
            exchange(&MediaTypeLayer::default(), post(&[]), vec![response]).await;
        let body = result.unwrap().into_body();
        assert_eq!(
            http_body::Body::size_hint(&body).exact(),
            Some(whole.len() as u64)
        );
        assert_eq!(ResponseBody::new(body).bytes().await.unwrap(), whole);
    }
}

#[tokio::test]
async fn a_refusal_of_the_users_own_type_is_a_response() {
    let request = post(&[("content-type", "text/csv")]);
    let (result, _): (Outcome, _) = exchange(
        &MediaTypeLayer::default(),
        request,
        vec![respond(406, "{}")],
    )
    .await;
    assert_eq!(result.unwrap().status(), 406);
    let (result, _): (Outcome, _) = exchange(
        &layer(CompatibilityMode::Off),
        post(&[]),
        vec![respond(406, "{}")],
    )
    .await;
    assert_eq!(result.unwrap().status(), 406);
}

async fn negotiate(
    layer: &MediaTypeLayer,
    request: Request<Body>,
    refusal: Response<Body>,
) -> Vec<Request<Body>> {
    let (result, seen): (Outcome, _) =
        exchange(layer, request, vec![refusal, respond(200, "{}")]).await;
    assert_eq!(result.unwrap().status(), 200);
    seen
}

#[tokio::test]
async fn negotiated_sends_again_what_the_server_takes_and_remembers_it() {
    let layer = layer(CompatibilityMode::Negotiated);
    let seen = negotiate(&layer, post(&[("x-own", "1")]), respond(400, TOO_NEW)).await;
    assert_eq!(types(&seen[0]), (JSON_9, JSON_9));
    assert_eq!(types(&seen[1]), (JSON_8, JSON_8));
    assert_eq!(seen[1].headers()["x-own"], "1");
    assert_eq!(seen[1].body().pieces().unwrap(), ["{}"]);
    assert_eq!(types(&sent(&layer, get()).await), (JSON_8, ""));
}

#[tokio::test]
async fn negotiated_falls_back_to_plain_types_for_servers_without_compatibility() {
    // OpenSearch takes a GET as it is, and refuses the first body.
    let layer = layer(CompatibilityMode::Negotiated);
    assert_eq!(types(&sent(&layer, get()).await), (JSON_9, ""));
    let ndjson = post(&[("content-type", "application/x-ndjson")]);
    let seen = negotiate(
        &layer,
        ndjson,
        respond(406, "Content-Type header is not supported"),
    )
    .await;
    assert_eq!(types(&seen[0]), (JSON_9, NDJSON_9));
    assert_eq!(types(&seen[1]), (PLAIN, "application/x-ndjson"));
    assert_eq!(types(&sent(&layer, post(&[])).await), (PLAIN, PLAIN));
}

#[tokio::test]
async fn negotiated_learns_from_info() {
    for (info, accept) in [
        (r#"{"version":{"number":"8.19.0"}}"#, JSON_8),
        (r#"{"version":{"number":"9.2.0"}}"#, JSON_9),
        (
            r#"{"version":{"distribution":"opensearch","number":"3.8.0"}}"#,
            PLAIN,
        ),
        ("<html>", JSON_9),
    ] {
        let layer = layer(CompatibilityMode::Negotiated);
        let request = Request::get("/").body(Body::empty()).unwrap();
        let (result, _): (Outcome, _) = exchange(&layer, request, vec![respond(200, info)]).await;
        let body = result.unwrap().into_body().bytes().await.unwrap();
        assert_eq!(body, info);
        assert_eq!(types(&sent(&layer, get()).await), (accept, ""));
    }
}

#[tokio::test]
async fn a_head_asks_for_no_version_until_one_is_known() {
    let layer = layer(CompatibilityMode::Negotiated);
    let head = || Request::head("/").body(Body::empty()).unwrap();
    assert_eq!(types(&sent(&layer, head()).await), (PLAIN, ""));
    let refusal_then_success = vec![respond(400, TOO_NEW), respond(200, "{}")];
    let (got, _): (Outcome, _) = exchange(&layer, get(), refusal_then_success).await;
    assert_eq!(got.unwrap().status(), 200);
    assert_eq!(types(&sent(&layer, head()).await), (JSON_8, ""));
}

#[tokio::test]
async fn a_stream_cannot_be_sent_again_but_what_it_taught_stays() {
    let layer = layer(CompatibilityMode::Negotiated);
    let request = Request::post("/_bulk")
        .body(Body::stream(Body::from("{}")))
        .unwrap();
    let (result, _): (Outcome, _) = exchange(&layer, request, vec![respond(400, TOO_NEW)]).await;
    assert!(result.unwrap_err().is_media_type());
    assert_eq!(types(&sent(&layer, post(&[])).await), (JSON_8, JSON_8));
}

#[tokio::test]
async fn a_body_that_ended_while_it_was_looked_at_is_not_asked_for_more() {
    let mut pieces = vec!["is wrong", "something "];
    let mut is_over = false;
    let frames = poll_fn(move |_| {
        assert!(!is_over, "asked after its end");
        let piece = pieces.pop();
        is_over = piece.is_none();
        Poll::Ready(piece.map(|piece| Ok::<_, BoxError>(Frame::data(Bytes::from(piece)))))
    });
    let body = Body::stream(StreamBody::new(frames));
    let response = Response::builder().status(400).body(body).unwrap();
    let (result, _): (Outcome, _) =
        exchange(&MediaTypeLayer::default(), get(), vec![response]).await;
    assert_eq!(
        result.unwrap().into_body().bytes().await.unwrap(),
        "something is wrong"
    );
}

#[tokio::test]
async fn a_second_refusal_is_the_end() {
    let (result, _): (Outcome, _) = exchange(
        &layer(CompatibilityMode::Negotiated),
        post(&[]),
        vec![respond(400, TOO_NEW), respond(400, TOO_NEW)],
    )
    .await;
    assert!(result.unwrap_err().is_media_type());
}

#[test]
fn the_environment_overrides_the_default() {
    let mode = |value| CompatibilityMode::from_env_value(value);
    for unset in [None, Some("")] {
        assert_eq!(mode(unset).unwrap(), CompatibilityMode::Fixed(9));
    }
    for on in ["1", "t", "T", "true", "True", "TRUE"] {
        assert_eq!(mode(Some(on)).unwrap(), CompatibilityMode::Fixed(9));
    }
    for off in ["0", "f", "F", "false", "False", "FALSE"] {
        assert_eq!(mode(Some(off)).unwrap(), CompatibilityMode::Off);
    }
    for bad in ["yes", "tRUE", " true", "2"] {
        assert_eq!(mode(Some(bad)).unwrap_err().setting(), Some(API_VERSIONING));
    }
}

proptest! {
    #[test]
    fn no_value_of_the_environment_breaks_it(value in ".*") {
        let result = CompatibilityMode::from_env_value(Some(&value));
        prop_assert!(result.is_ok() || result.unwrap_err().is_config());
    }

    #[test]
    fn no_header_of_the_user_breaks_it(accept in "[ -~]{0,60}", content in "[ -~]{0,60}") {
        let request = post(&[("accept", &accept), ("content-type", &content)]);
        let layer = MediaTypeLayer::default();
        let request = tokio_test::block_on(sent(&layer, request));
        prop_assert_eq!(types(&request).0, accept);
    }
}

#[tokio::test]
async fn a_compressed_refusal_is_understood_when_responses_are_decompressed_below() {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(TOO_NEW.as_bytes()).unwrap();
    let refusal = Response::builder()
        .status(400)
        .header("content-encoding", "gzip")
        .body(Body::from(gzip.finish().unwrap()))
        .unwrap();
    let stack = tower::layer::util::Stack::new(
        es_transport::layer::DecompressionLayer::new(),
        layer(CompatibilityMode::Negotiated),
    );
    let (result, seen) = exchange(&stack, post(&[]), vec![refusal, respond(200, "{}")]).await;
    assert_eq!(result.unwrap().status(), 200);
    assert_eq!(types(&seen[1]), (JSON_8, JSON_8));
}
