//! Responses that are read to their end within the attempt.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use es_transport::{
    Body, BoxError, Error, RequestOptions, ResponseBody, Setting,
    layer::{
        CollectLayer,
        retry::{RetryLayer, StandardRetry},
    },
};
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt, StreamBody};
use proptest::{collection::vec, prelude::any, prop_assert, prop_assert_eq, proptest};
use tokio_test::{assert_pending, assert_ready_ok, block_on, task};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;

type Outcome = Result<Response<ResponseBody>, Error>;

fn get() -> Request<Body> {
    Request::get("/").body(Body::empty()).unwrap()
}

fn with(options: RequestOptions) -> Request<Body> {
    let mut request = get();
    Arc::new(options).attach(&mut request);
    request
}

fn list(pieces: &[&'static str]) -> Body {
    Body::list(
        pieces
            .iter()
            .map(|piece| Bytes::from_static(piece.as_bytes()))
            .collect::<Vec<_>>(),
    )
}

/// A stream whose length nobody states.
fn stream(pieces: Vec<Result<Bytes, BoxError>>) -> Body {
    let frames = pieces.into_iter().map(|piece| piece.map(Frame::data));
    Body::stream(StreamBody::new(futures_util::stream::iter(frames)))
}

async fn send(layer: CollectLayer, request: Request<Body>, body: Body) -> Outcome {
    send_status(layer, request, StatusCode::ACCEPTED, body).await
}

async fn send_status(
    layer: CollectLayer,
    request: Request<Body>,
    status: StatusCode,
    body: Body,
) -> Outcome {
    let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
    let call = tokio::spawn(layer.layer(service).oneshot(request));
    let (_, respond) = handle.next_request().await.unwrap();
    let response = Response::builder().status(status).header(CONTENT_TYPE, "x");
    respond.send_response(response.body(body).unwrap());
    call.await.unwrap()
}

#[tokio::test]
async fn pieces_are_joined_and_the_head_is_kept() {
    let response = send(CollectLayer::new(), get(), list(&["ab", "", "cd", "e"]))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    assert_eq!(response.headers()[CONTENT_TYPE], "x");
    let body = response.into_body();
    assert_eq!(body.size_hint().exact(), Some(5));
    assert_eq!(body.collected().unwrap(), "abcde");
    assert_eq!(body.collect().await.unwrap().to_bytes(), "abcde");
}

#[tokio::test]
async fn one_piece_is_forwarded_as_it_is() {
    let bytes = Bytes::from(vec![7; 10_000]);
    let response = send(CollectLayer::new(), get(), Body::from(bytes.clone()))
        .await
        .unwrap();
    assert_eq!(
        response.body().collected().unwrap().as_ptr(),
        bytes.as_ptr()
    );
}

#[tokio::test]
async fn an_empty_response_is_at_its_end_at_once() {
    for body in [Body::empty(), list(&[]), stream(vec![])] {
        let response = send(CollectLayer::new(), get(), body).await.unwrap();
        assert!(response.body().is_end_stream());
        assert_eq!(response.body().collected().map(Bytes::len), Some(0));
    }
}

#[tokio::test]
async fn a_cut_response_is_an_error_that_retry_sees() {
    let attempts = std::sync::atomic::AtomicU32::new(0);
    let cut_once = service_fn(|_: Request<Body>| {
        let first = attempts.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        let reset = || std::io::Error::from(std::io::ErrorKind::ConnectionReset).into();
        let end = if first { Err(reset()) } else { Ok("b".into()) };
        async { Ok::<_, Infallible>(Response::new(stream(vec![Ok("a".into()), end]))) }
    });
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new(StandardRetry::new()))
        .layer(CollectLayer::new())
        .service(cut_once);
    let response = service.oneshot(get()).await.unwrap();
    assert_eq!(response.body().collected().unwrap(), "ab");
    assert_eq!(attempts.into_inner(), 2);
}

#[tokio::test]
async fn more_than_the_limit_is_an_error_and_the_limit_itself_is_not() {
    let pieces = || stream(vec![Ok("abc".into()), Ok("de".into())]);
    assert!(
        send(CollectLayer::new().max_response_size(5), get(), pieces())
            .await
            .is_ok()
    );
    let error = send(CollectLayer::new().max_response_size(4), get(), pieces())
        .await
        .unwrap_err();
    assert!(error.is_body());
    assert!(error.to_string().contains("more than 4 bytes"), "{error}");

    let own = |limit| with(RequestOptions::new().max_response_size(limit));
    assert!(
        send(CollectLayer::new(), own(Setting::Set(4)), pieces())
            .await
            .is_err()
    );
    assert!(
        send(
            CollectLayer::new().max_response_size(4),
            own(Setting::Off),
            pieces()
        )
        .await
        .is_ok()
    );
    assert!(
        send(CollectLayer::new().max_response_size(None), get(), pieces())
            .await
            .is_ok()
    );
}

/// A body that states a length, and panics when it is read.
#[derive(Debug)]
struct Claims(u64);

impl HttpBody for Claims {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("nothing of it should be read")
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

#[tokio::test]
async fn a_response_that_says_it_is_too_large_is_not_read() {
    for stated in [(512 << 20) + 1, u64::MAX] {
        let large =
            service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Claims(stated))));
        let error = CollectLayer::new()
            .layer(large)
            .oneshot(get())
            .await
            .unwrap_err();
        assert!(error.is_body());
        assert!(error.to_string().contains(&stated.to_string()), "{error}");
    }
}

#[tokio::test]
async fn a_stream_is_handed_out_as_it_comes_and_without_a_limit() {
    let asked = with(RequestOptions::new().stream(true));
    let body = list(&["ab", "cd"]);
    let response = send(CollectLayer::new().max_response_size(1), asked, body)
        .await
        .unwrap();
    let mut body = response.into_body();
    assert!(body.collected().is_none());
    assert_eq!(body.size_hint().exact(), Some(4));
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "ab"
    );
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "cd"
    );
    assert!(body.is_end_stream());
}

#[tokio::test]
async fn an_error_is_collected_although_a_stream_was_asked_for() {
    let asked = |max_response_size| {
        with(
            RequestOptions::new()
                .stream(true)
                .max_response_size(max_response_size),
        )
    };
    let pieces = || stream(vec![Ok("abc".into()), Ok("de".into())]);
    for status in [StatusCode::NOT_FOUND, StatusCode::SERVICE_UNAVAILABLE] {
        let send = |limit: usize, max| {
            send_status(
                CollectLayer::new().max_response_size(limit),
                asked(max),
                status,
                pieces(),
            )
        };
        let response = send(5, Setting::Inherit).await.unwrap();
        assert_eq!(response.body().collected().unwrap(), "abcde");
        // The layer's limit holds, unless the request has its own.
        assert!(send(4, Setting::Inherit).await.unwrap_err().is_body());
        assert!(send(4, Setting::Set(5)).await.is_ok());
        assert!(send(4, Setting::Off).await.is_ok());
        assert!(send(5, Setting::Set(4)).await.unwrap_err().is_body());
    }
}

#[tokio::test]
async fn readiness_is_that_of_the_service_below() {
    let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
    handle.allow(0);
    let mut service = task::spawn(CollectLayer::new().layer(service));
    assert_pending!(service.enter(|cx, mut service| service.poll_ready(cx)));
    handle.allow(1);
    assert_ready_ok!(service.enter(|cx, mut service| service.poll_ready(cx)));
}

proptest! {
    #[test]
    fn however_a_response_is_cut_into_pieces_its_bytes_are_the_same(
        pieces in vec(vec(any::<u8>(), 0..50), 0..20), limit in 0..1_000_usize,
    ) {
        let expected = pieces.concat();
        let body = stream(pieces.into_iter().map(|piece| Ok(piece.into())).collect());
        let response = block_on(send(CollectLayer::new().max_response_size(limit), get(), body));
        prop_assert_eq!(response.is_ok(), expected.len() <= limit);
        if let Ok(response) = response {
            prop_assert!(response.body().collected().is_some_and(|bytes| *bytes == expected));
        }
    }
}

#[tokio::test]
async fn a_stream_has_the_limit_that_its_request_sets() {
    let own = |max| with(RequestOptions::new().stream(true).max_response_size(max));
    let pieces = || stream(vec![Ok("abc".into()), Ok("de".into())]);
    let layer = CollectLayer::new().max_response_size(1);
    for max in [Some(5), None] {
        let body = send(layer, own(max), pieces()).await.unwrap().into_body();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abcde");
    }
    // What fits is returned before.
    let mut body = send(layer, own(Some(4)), pieces())
        .await
        .unwrap()
        .into_body();
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "abc"
    );
    let error = body.frame().await.unwrap().unwrap_err();
    assert!(
        error.is_body() && error.to_string().contains("4 bytes"),
        "{error}"
    );
    // One that says its length is not read at all.
    assert!(
        send(layer, own(Some(4)), list(&["abcde"]))
            .await
            .unwrap_err()
            .is_body()
    );
}
