//! The retry layer over a mock service and a paused clock.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod decisions;
mod machinery;
mod waits;

use std::{sync::Arc, time::Duration};

use es_transport::{
    Body, BoxError, Error, RequestOptions, Result,
    attempt::{Attempt, RetryReason},
    extensions::{Attempts, ServedBy},
    layer::retry::{RetryLayer, RetryPolicy, StandardRetry},
};
use http::{Request, Response};
use tokio::time::Instant;
use tower::{Layer, ServiceExt};
use tower_test::mock;

type Outcome = Result<Response<Body>, BoxError>;

/// A record of a request that went through the layer.
struct Played {
    result: Result<Response<Body>>,
    /// Each request that came out of the layer, and when.
    seen: Vec<(Duration, Request<Body>)>,
    /// When the result was there.
    took: Duration,
}

/// Sends a request, and responds to the requests with the outcomes, one after the
/// other; whatever comes then with 200.
async fn play(
    policy: impl RetryPolicy,
    request: Request<Body>,
    outcomes: impl IntoIterator<Item = Outcome>,
) -> Played {
    play_over(RetryLayer::new(policy), request, outcomes).await
}

async fn play_over<P: RetryPolicy>(
    layer: RetryLayer<P>,
    request: Request<Body>,
    outcomes: impl IntoIterator<Item = Outcome>,
) -> Played {
    let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
    let start = Instant::now();
    let future = layer.layer(service).oneshot(request);
    let call = tokio::spawn(async move { (future.await, start.elapsed()) });
    let (mut outcomes, mut seen) = (outcomes.into_iter(), Vec::new());
    while let Some((request, respond)) = handle.next_request().await {
        seen.push((start.elapsed(), request));
        match outcomes.next().unwrap_or_else(|| status(200)) {
            Ok(response) => respond.send_response(response),
            Err(error) => respond.send_error(error),
        }
    }
    let (result, took) = call.await.unwrap();
    Played { result, seen, took }
}

impl Played {
    fn requests(&self) -> usize {
        self.seen.len()
    }

    fn status(&self) -> u16 {
        self.result.as_ref().unwrap().status().as_u16()
    }

    fn error(&self) -> &Error {
        self.result.as_ref().unwrap_err()
    }

    /// The trail, whichever way it ended.
    fn attempts(&self) -> &[Attempt] {
        match &self.result {
            Ok(response) => response
                .extensions()
                .get::<Attempts>()
                .map_or(&[], |attempts| &attempts.0),
            Err(error) => error.attempts(),
        }
    }

    fn reasons(&self) -> Vec<Option<RetryReason>> {
        self.attempts()
            .iter()
            .map(|attempt| attempt.retried)
            .collect()
    }
}

fn status(status: u16) -> Outcome {
    Ok(Response::builder()
        .status(status)
        .body(Body::empty())
        .unwrap())
}

/// A status from a node, with another one left or not.
fn status_of(node: &str, number: u16, untried: bool) -> Outcome {
    status(number).map(|mut response| {
        response.extensions_mut().insert(ServedBy {
            node: node.into(),
            has_untried_node: untried,
        });
        response
    })
}

fn fail(error: Error) -> Outcome {
    Err(error.into())
}

fn reset() -> Outcome {
    fail(Error::io(std::io::Error::from(
        std::io::ErrorKind::ConnectionReset,
    )))
}

fn refused() -> Outcome {
    fail(Error::connect(std::io::Error::from(
        std::io::ErrorKind::ConnectionRefused,
    )))
}

fn get() -> Request<Body> {
    Request::get("/_search?q=a").body(Body::empty()).unwrap()
}

fn post() -> Request<Body> {
    Request::post("/events/_doc")
        .body(Body::from("{}"))
        .unwrap()
}

fn with(mut request: Request<Body>, options: RequestOptions) -> Request<Body> {
    Arc::new(options).attach(&mut request);
    request
}

fn standard() -> StandardRetry {
    StandardRetry::new()
}
