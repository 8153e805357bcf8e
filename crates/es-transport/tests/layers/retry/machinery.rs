//! How it is retried: the copy, the trail, readiness.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use es_transport::{
    Body, BoxError, Error, TryCloneBody,
    attempt::{Outcome, RetryReason},
    error::FailureClass,
    extensions::{Attempts, RetryContext},
    layer::retry::{AttemptOutcome, RequestFacts, RetryLayer, RetryPlan, RetryPolicy},
};
use http::{HeaderValue, Request, Response, Version, header::ACCEPT};
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_test::mock;

use crate::retry::{fail, get, play, post, refused, reset, standard, status, status_of};

#[derive(Clone, Debug, PartialEq)]
struct Mark(u8);

#[tokio::test(start_paused = true)]
async fn the_same_request_is_sent_again() {
    let pieces = [bytes::Bytes::from("{}\n"), bytes::Bytes::from("{}\n")];
    let request = Request::put("/a%2Fb/_doc/1?refresh=true")
        .version(Version::HTTP_11)
        .header(ACCEPT, "a")
        .header(ACCEPT, "b")
        .extension(Mark(7))
        .body(Body::list(pieces.clone()))
        .unwrap();
    let played = play(standard(), request, [status(503), reset(), status(502)]).await;
    assert_eq!(played.requests(), 4);
    for (number, (_, request)) in (1..).zip(played.seen) {
        assert_eq!(request.method(), "PUT");
        assert_eq!(request.uri(), "/a%2Fb/_doc/1?refresh=true");
        assert_eq!(request.version(), Version::HTTP_11);
        let accept: Vec<_> = request.headers().get_all(ACCEPT).iter().collect();
        assert_eq!(accept, ["a", "b"]);
        assert_eq!(request.extensions().get(), Some(&Mark(7)));
        let number_seen = request
            .extensions()
            .get::<RetryContext>()
            .map(|retried| retried.attempt);
        assert_eq!(number_seen, (number > 1).then_some(number));
        // The very same memory: nothing was copied.
        let sent = request.body().pieces().unwrap();
        assert_eq!(sent[0].as_ptr(), pieces[0].as_ptr());
        assert_eq!(sent.concat(), pieces.concat());
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_names_the_nodes_that_were_tried() {
    let down = fail(Error::connect_message("refused").with_node("http://b".into()));
    let outcomes = [status_of("http://a", 503, true), down, status(502)];
    let played = play(standard(), get(), outcomes).await;
    let tried: Vec<Vec<String>> = played.seen[1..]
        .iter()
        .map(|(_, request)| request.extensions().get::<RetryContext>().unwrap())
        .map(|retried| retried.tried.iter().map(ToString::to_string).collect())
        .collect();
    // The third attempt had no node that anybody knows of.
    assert_eq!(
        tried,
        [
            vec!["http://a"],
            vec!["http://a", "http://b"],
            vec!["http://a", "http://b"]
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_tells_every_attempt() {
    let failed = |node: &str| fail(Error::connect_message("refused").with_node(node.into()));
    let outcomes = ["http://a", "http://b", "http://c", "http://d"].map(failed);
    let played = play(standard(), get(), outcomes).await;
    let error = played.error();
    assert_eq!(
        error.to_string(),
        "cannot connect: refused (node http://d, after 4 attempts)"
    );
    let nodes: Vec<_> = error
        .attempts()
        .iter()
        .filter_map(|attempt| attempt.node.as_deref())
        .collect();
    assert_eq!(nodes, ["http://a", "http://b", "http://c", "http://d"]);
    let not_sent = Some(RetryReason::NotSent);
    assert_eq!(played.reasons(), [not_sent, not_sent, not_sent, None]);
    let Outcome::Failed(message) = &error.attempts()[0].outcome else {
        panic!("it failed")
    };
    assert_eq!(&**message, "cannot connect: refused (node http://a)");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_before_the_last_may_have_been_applied() {
    let ends = |first| [first, refused(), refused(), refused()];
    let played = play(standard(), get(), ends(reset())).await;
    assert_eq!(played.error().class(), FailureClass::MaybeApplied);
    assert!(played.error().is_connect() && !played.error().is_not_sent());

    for first in [refused(), status(429)] {
        let played = play(standard(), get(), ends(first)).await;
        assert_eq!(played.error().class(), FailureClass::NotSent);
    }
}

#[tokio::test(start_paused = true)]
async fn the_trail_tells_how_long_each_attempt_took_without_the_waits() {
    let calls = AtomicU32::new(0);
    let slow_then_fast = service_fn(|_: Request<Body>| {
        let call = calls.fetch_add(1, Relaxed);
        async move {
            tokio::time::sleep(Duration::from_secs(if call == 0 { 3 } else { 1 })).await;
            status(if call == 0 { 503 } else { 200 })
        }
    });
    let response = RetryLayer::default()
        .layer(slow_then_fast)
        .oneshot(get())
        .await
        .unwrap();
    let Attempts(attempts) = response.extensions().get().unwrap();
    let seconds: Vec<_> = attempts
        .iter()
        .map(|attempt| attempt.duration.as_secs())
        .collect();
    assert_eq!(seconds, [3, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_not_retried() {
    for outcome in [status(429), refused()] {
        let request = post().map(Body::stream);
        assert_eq!(play(standard(), request, [outcome]).await.requests(), 1);
    }
}

/// A body that counts how often it was copied.
struct Counted(Arc<AtomicU32>);

impl TryCloneBody for Counted {
    fn try_clone(&self) -> Option<Self> {
        self.0.fetch_add(1, Relaxed);
        Some(Self(Arc::clone(&self.0)))
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_is_kept_only_for_an_attempt_that_may_come() {
    // One to be kept, and one for each retry.
    for (retries, copies) in [(0, 0), (1, 2), (3, 4)] {
        let count = Arc::new(AtomicU32::new(0));
        let busy = service_fn(async |_: Request<Counted>| status(503));
        let layer = RetryLayer::new(standard().max_retries(retries));
        let request = Request::get("/").body(Counted(Arc::clone(&count))).unwrap();
        layer.layer(busy).oneshot(request).await.unwrap();
        assert_eq!(count.load(Relaxed), copies);
    }
}

#[tokio::test(start_paused = true)]
async fn the_response_that_is_not_wanted_is_dropped_before_the_wait() {
    let (service, mut handle) = mock::pair::<Request<Body>, Response<Arc<()>>>();
    let mut call = task::spawn(RetryLayer::default().layer(service).oneshot(get()));
    assert_pending!(call.poll());
    let (_, respond) = assert_ready!(task::spawn(handle.next_request()).poll()).unwrap();
    let body = Arc::new(());
    let mut busy = Response::new(Arc::clone(&body));
    *busy.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
    respond.send_response(busy);
    assert_pending!(call.poll());
    assert_eq!(Arc::strong_count(&body), 1);
}

#[tokio::test(start_paused = true)]
async fn it_is_ready_when_the_service_is_and_waits_for_it_before_each_attempt() {
    let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
    handle.allow(0);
    let mut service = task::spawn(RetryLayer::default().layer(service));
    assert_pending!(service.enter(|cx, mut service| service.poll_ready(cx)));
    handle.allow(1);
    assert!(service.is_woken());
    assert_ready_ok!(service.enter(|cx, mut service| service.poll_ready(cx)));

    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    let (_, respond) = assert_ready!(task::spawn(handle.next_request()).poll()).unwrap();
    respond.send_error(Error::connect_message("refused").with_untried_node(true));
    // No permit is left: the second attempt has to wait for one.
    assert_pending!(call.poll());
    assert_pending!(task::spawn(handle.next_request()).poll());
    handle.allow(1);
    assert_pending!(call.poll());
    let (_, respond) = assert_ready!(task::spawn(handle.next_request()).poll()).unwrap();
    respond.send_response(status(200).unwrap());
    assert_eq!(assert_ready_ok!(call.poll()).status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_between_attempts_ends_the_request_with_its_trail() {
    let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
    let mut call = task::spawn(RetryLayer::default().layer(service).oneshot(get()));
    assert_pending!(call.poll());
    let (_, respond) = assert_ready!(task::spawn(handle.next_request()).poll()).unwrap();
    handle.send_error(Error::closed());
    respond.send_error(Error::connect_message("refused").with_untried_node(true));
    let error = assert_ready!(call.poll()).unwrap_err();
    // The mock wraps its error; what counts is that there is no second attempt.
    assert!(!error.is_connect());
    assert_eq!(error.attempts().len(), 1);
}

/// Sends everything again once, at once.
#[derive(Default)]
struct Once {
    deposits: AtomicU32,
}

impl RetryPolicy for Once {
    fn max_retries(&self, request: &RequestFacts<'_>) -> u32 {
        u32::from(request.is_idempotent())
    }

    fn decide(&self, _: &RequestFacts<'_>, ended: &AttemptOutcome<'_>) -> Option<RetryPlan> {
        let failed = ended.status().is_none_or(|status| !status.is_success());
        failed.then(|| RetryPlan::new(RetryReason::Status, Duration::ZERO))
    }

    fn deposit(&self) {
        self.deposits.fetch_add(1, Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn the_policy_can_be_anybodys() {
    let policy = Arc::new(Once::default());
    let object: Arc<dyn RetryPolicy> = policy.clone();
    let played = play(Arc::clone(&object), get(), [status(404)]).await;
    assert_eq!((played.requests(), played.took), (2, Duration::ZERO));
    let always = std::iter::repeat_with(|| status(404)).take(9);
    assert_eq!(play(Arc::clone(&object), get(), always).await.requests(), 2);
    assert_eq!(policy.deposits.load(Relaxed), 0);
    play(object, get(), [status(200)]).await;
    assert_eq!(policy.deposits.load(Relaxed), 1);
}

#[tokio::test]
async fn works_over_any_body_and_error_type() {
    let service = service_fn(async |request: Request<()>| {
        let mut response = Response::new("text");
        response
            .headers_mut()
            .insert(ACCEPT, HeaderValue::from_static("x"));
        let _ = request;
        Ok::<_, BoxError>(response)
    });
    let request = Request::get("/").body(()).unwrap();
    assert_eq!(
        *RetryLayer::default()
            .layer(service)
            .oneshot(request)
            .await
            .unwrap()
            .body(),
        "text"
    );
}
