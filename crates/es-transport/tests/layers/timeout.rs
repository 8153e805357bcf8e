//! The deadlines of an attempt and of a request, over services that never respond
//! and a paused clock.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::{convert::Infallible, sync::Arc, task::Poll, time::Duration};

use bytes::Bytes;
use es_transport::{
    Body, BoxError, Error, RequestOptions, ResponseBody, Setting,
    error::TimeoutPhase,
    extensions::Deadline,
    layer::{
        AttemptTimeoutLayer, CollectLayer, RetryLayer, TotalTimeoutLayer, retry::StandardRetry,
    },
};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::time::{Instant, sleep};
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;

const SECOND: Duration = Duration::from_secs(1);

fn get() -> Request<Body> {
    Request::get("/").body(Body::empty()).unwrap()
}

fn with(options: RequestOptions) -> Request<Body> {
    let mut request = get();
    Arc::new(options).attach(&mut request);
    request
}

/// A service that responds after a time.
fn after(
    time: Duration,
) -> impl Service<
    Request<Body>,
    Response = Response<Body>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<Body>, Infallible>>,
> + Clone {
    service_fn(move |_| async move {
        sleep(time).await;
        Ok(Response::new(Body::from("late")))
    })
}

/// How a request through the service ended, and when.
async fn ended<S, B>(service: S, request: Request<Body>) -> (Result<(), Error>, Duration)
where
    S: Service<Request<Body>, Response = Response<B>, Error = Error>,
{
    let start = Instant::now();
    (service.oneshot(request).await.map(drop), start.elapsed())
}

fn phase<T>(result: &Result<T, Error>) -> Option<TimeoutPhase> {
    result.as_ref().err().and_then(Error::timeout_phase)
}

#[tokio::test(start_paused = true)]
async fn an_attempt_has_30_seconds_unless_told_otherwise() {
    let never = || after(100_000 * SECOND);
    let (result, took) = ended(AttemptTimeoutLayer::default().layer(never()), get()).await;
    assert_eq!(phase(&result), Some(TimeoutPhase::Attempt));
    assert_eq!(took.as_secs(), 30);
    assert_eq!(
        result.unwrap_err().to_string(),
        "no response to the attempt within 30s"
    );

    let (result, took) = ended(AttemptTimeoutLayer::new(2 * SECOND).layer(never()), get()).await;
    assert_eq!(
        (phase(&result), took.as_secs()),
        (Some(TimeoutPhase::Attempt), 2)
    );

    let own = |time| with(RequestOptions::new().request_timeout(time));
    let service = || AttemptTimeoutLayer::new(2 * SECOND).layer(after(60 * SECOND));
    let (result, took) = ended(service(), own(Setting::Set(SECOND))).await;
    assert_eq!(
        (phase(&result), took.as_secs()),
        (Some(TimeoutPhase::Attempt), 1)
    );
    let (result, took) = ended(service(), own(Setting::Off)).await;
    assert_eq!((phase(&result), took.as_secs()), (None, 60));
    assert!(result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_response_in_time_is_forwarded() {
    let service = AttemptTimeoutLayer::new(3 * SECOND).layer(after(2 * SECOND));
    let response = service.oneshot(get()).await.unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "late"
    );
}

#[tokio::test(start_paused = true)]
async fn times_that_no_clock_can_express_never_end() {
    let service = ServiceBuilder::new()
        .layer(TotalTimeoutLayer::new(Duration::MAX))
        .layer(AttemptTimeoutLayer::new(Duration::MAX))
        .service(after(SECOND));
    assert!(ended(service, get()).await.0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_earlier_of_the_two_ends_strikes_and_says_which_it_was() {
    for (attempt, total, expected, seconds) in [
        (Some(5), Some(3), TimeoutPhase::Total, 3),
        (Some(3), Some(5), TimeoutPhase::Attempt, 3),
        (Some(3), Some(3), TimeoutPhase::Total, 3),
        (None, Some(3), TimeoutPhase::Total, 3),
        (Some(3), None, TimeoutPhase::Attempt, 3),
    ] {
        let mut request = get();
        if let Some(total) = total {
            let after = total * SECOND;
            request.extensions_mut().insert(Deadline {
                at: Instant::now() + after,
                after,
            });
        }
        let layer = AttemptTimeoutLayer::new(attempt.map(|seconds| seconds * SECOND));
        let (result, took) = ended(layer.layer(after(100 * SECOND)), request).await;
        assert_eq!((phase(&result), took.as_secs()), (Some(expected), seconds));
    }
}

#[tokio::test(start_paused = true)]
async fn a_total_deadline_counts_attempts_and_waits_and_the_error_tells_them() {
    let service = ServiceBuilder::new()
        .layer(TotalTimeoutLayer::new(5 * SECOND))
        .layer(RetryLayer::new(StandardRetry::new().retry_on_timeout(true)))
        .layer(AttemptTimeoutLayer::new(2 * SECOND))
        .service(after(100 * SECOND));
    let (result, took) = ended(service, get()).await;
    let error = result.unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Total));
    assert_eq!(
        error.to_string(),
        "no response to the request with all its attempts within 5s"
    );
    assert_eq!(took.as_secs(), 5);
    let seconds: Vec<_> = error
        .attempts()
        .iter()
        .map(|a| a.duration.as_secs())
        .collect();
    // The third attempt is cut by the deadline; two waits took up to 0.3 s.
    assert_eq!(seconds, [2, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn without_a_total_deadline_the_request_is_left_alone() {
    let own = |time| RequestOptions::new().total_timeout(time);
    for (layer, request, expected) in [
        (TotalTimeoutLayer::default(), get(), None),
        (TotalTimeoutLayer::new(SECOND), get(), Some(SECOND)),
        (
            TotalTimeoutLayer::new(SECOND),
            with(own(Setting::Off)),
            None,
        ),
        (
            TotalTimeoutLayer::default(),
            with(own(Setting::Set(2 * SECOND))),
            Some(2 * SECOND),
        ),
    ] {
        let see = service_fn(|request: Request<Body>| async move {
            let deadline = request.extensions().get::<Deadline>().copied();
            Ok::<_, Infallible>(Response::new(deadline))
        });
        let deadline = layer.layer(see).oneshot(request).await.unwrap().into_body();
        assert_eq!(deadline.map(|deadline| deadline.after), expected);
        assert_eq!(
            deadline.map(|deadline| deadline.at - Instant::now()),
            expected
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_total_deadline_holds_alone() {
    let service = TotalTimeoutLayer::new(3 * SECOND).layer(after(100 * SECOND));
    let (result, took) = ended(service, get()).await;
    assert_eq!(
        (phase(&result), took.as_secs()),
        (Some(TimeoutPhase::Total), 3)
    );
}

#[tokio::test(start_paused = true)]
async fn readiness_is_that_of_the_service_below() {
    let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
    handle.allow(0);
    let stack = ServiceBuilder::new()
        .layer(TotalTimeoutLayer::new(SECOND))
        .layer(AttemptTimeoutLayer::new(SECOND))
        .service(service);
    let mut stack = task::spawn(stack);
    assert_pending!(stack.enter(|cx, mut stack| stack.poll_ready(cx)));
    handle.allow(1);
    assert!(stack.is_woken());
    assert_ready_ok!(stack.enter(|cx, mut stack| stack.poll_ready(cx)));
}

/// A response whose pieces come each after so many seconds.
fn pieces(seconds: &'static [u32]) -> Response<ResponseBody> {
    let frames = futures_util::stream::unfold(seconds.iter(), |mut seconds| async {
        sleep(*seconds.next()? * SECOND).await;
        Some((Ok::<_, BoxError>(Frame::data(Bytes::from("x"))), seconds))
    });
    Response::new(ResponseBody::new(Box::pin(StreamBody::new(frames))))
}

#[tokio::test(start_paused = true)]
async fn each_piece_of_a_stream_has_the_time_again() {
    let service =
        AttemptTimeoutLayer::new(3 * SECOND).layer(service_fn(async |_: Request<Body>| {
            Ok::<_, Infallible>(pieces(&[1, 2, 2, 4]))
        }));
    let mut request = get();
    let after = 2 * SECOND;
    // Reading a stream takes as long as its reader wants: longer than the total deadline.
    request.extensions_mut().insert(Deadline {
        at: Instant::now() + after,
        after,
    });
    let mut body = service.oneshot(request).await.unwrap().into_body();
    let start = Instant::now();
    for seconds in [1, 3, 5] {
        body.frame().await.unwrap().unwrap();
        assert_eq!(start.elapsed().as_secs(), seconds);
    }
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Read));
    assert_eq!(start.elapsed().as_secs(), 8);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_reader_does_not_count() {
    let service =
        AttemptTimeoutLayer::new(3 * SECOND).layer(service_fn(async |_: Request<Body>| {
            Ok::<_, Infallible>(pieces(&[1, 2]))
        }));
    let mut body = service.oneshot(get()).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    sleep(60 * SECOND).await;
    body.frame().await.unwrap().unwrap();
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_collected_must_be_complete_in_time() {
    let slow = || service_fn(async |_: Request<Body>| Ok::<_, Infallible>(pieces(&[1, 2, 2])));
    let stack = |seconds: u32| {
        let attempt = AttemptTimeoutLayer::new(seconds * SECOND);
        ServiceBuilder::new()
            .layer(attempt)
            .layer(CollectLayer::new())
            .service(slow())
    };
    let (result, took) = ended(stack(4), get()).await;
    assert_eq!(
        (phase(&result), took.as_secs()),
        (Some(TimeoutPhase::Attempt), 4)
    );
    assert!(ended(stack(6), get()).await.0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_response_that_came_as_the_time_ended_counts() {
    let service = service_fn(|_| {
        // Not there at first, and there when its timer wakes the request.
        let mut looks = 0;
        std::future::poll_fn(move |_| {
            looks += 1;
            if looks < 2 {
                Poll::Pending
            } else {
                Poll::Ready(Ok::<_, Infallible>(Response::new(Body::empty())))
            }
        })
    });
    let (result, after) = ended(AttemptTimeoutLayer::new(SECOND).layer(service), get()).await;
    result.unwrap();
    assert_eq!(after, SECOND);
}
