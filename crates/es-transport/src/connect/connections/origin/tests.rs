use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::Response;
use hyper::body::Incoming;
use tower::service_fn;

use super::*;
use crate::{
    connect::{
        Stream, SystemClock,
        connections::{
            dial::Dialer,
            line::{Line, SendError},
            settings::Limits,
        },
    },
    error::BoxError,
};

/// A connection that is always ready.
struct Ready;

impl Line for Ready {
    fn send(self: Pin<&mut Self>, _: http::Request<Body>) {}

    fn poll_answer(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Result<Response<Incoming>, SendError>> {
        Poll::Pending
    }

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<bool> {
        Poll::Ready(true)
    }

    fn is_ready(&self) -> bool {
        true
    }

    fn is_closed(&self) -> bool {
        false
    }
}

fn origin() -> Arc<Origin> {
    let nobody = service_fn(|_: Uri| std::future::pending::<Result<Stream, BoxError>>());
    let common = Common {
        dial: Box::new(Dialer::new(nobody, hyper::client::conn::http1::Builder::new())),
        limits: Limits::new(1, 1, Duration::from_secs(60)),
        clock: Arc::new(SystemClock),
        on_thaw: Arc::new(|| {}),
    };
    let uri = Uri::from_static("http://node:9200/");
    Arc::new(Origin::new(Arc::new(common), &uri).unwrap())
}

#[tokio::test]
async fn who_comes_just_after_the_end_is_sent_away() {
    let origin = origin();
    origin.close();
    let waiting = origin.wait(Request::new(Body::empty()).into());
    assert!(waiting.is_err_and(|error| error.is_closed()));
}

#[tokio::test]
async fn what_becomes_idle_between_the_look_and_the_queue_is_not_overlooked() {
    let origin = origin();
    (origin.lock().open, origin.lock().dials) = (1, 1);

    assert!(origin.check_out().is_none());
    // The one connection that is allowed comes back just now.
    origin.opened(Box::pin(Ready));
    let mut waiting = origin.wait(Request::new(Body::empty()).into()).unwrap();
    let polled = waiting.poll(&mut Context::from_waker(std::task::Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Ok(_))), "it waits for nobody");
}
