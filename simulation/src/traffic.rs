//! Requests of callers.

use std::{sync::Arc, time::Duration};

use es_transport::{
    Body, RequestOptions, ResponseBody, Result, Transport,
    attempt::{Attempt, RetryReason},
    extensions::Attempts,
    rng::Rng,
};
use http::{Request, Response};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::World;

/// Requests that come by themselves, whether those before got responses or not: the times between
/// them are exponential, as with many callers that know nothing of each other.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// Number of requests per second, and for how long.
    parts: Vec<(f64, Duration)>,
    kind: Kind,
}

/// The path and options of a request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Kind {
    /// The root of a node.
    #[default]
    Info,
    /// A search, which may be hedged.
    Search,
    /// A search that is marked as work that can wait.
    Batch,
}

/// One request as its caller saw it.
#[derive(Clone, Debug)]
pub struct Call {
    /// When it was sent, from the beginning of the log.
    pub began: Duration,
    /// Its duration.
    pub took: Duration,
    /// The status of its response, or the kind of its error.
    pub end: std::result::Result<u16, &'static str>,
    /// Number of its attempts.
    pub attempts: usize,
    /// Of its retries those that draw on the budget.
    pub paid: usize,
}

impl Call {
    /// Whether its status was 200.
    pub fn is_good(&self) -> bool {
        self.end == Ok(200)
    }
}

impl Traffic {
    /// So many requests in a second, for so long.
    pub fn new(per_second: f64, length: Duration) -> Self {
        Self {
            parts: vec![(per_second, length)],
            kind: Kind::Info,
        }
    }

    /// Lets the requests be searches, which may be hedged.
    #[must_use]
    pub fn searches(mut self) -> Self {
        self.kind = Kind::Search;
        self
    }

    /// And after that another number in a second, for so long.
    #[must_use]
    pub fn then(mut self, per_second: f64, length: Duration) -> Self {
        self.parts.push((per_second, length));
        self
    }

    pub(crate) async fn pass(&self, world: &World) -> Vec<Call> {
        let (rng, begun) = (Rng::new(), Instant::now());
        let (mut sent, mut calls) = (JoinSet::new(), Vec::new());
        let mut end = Duration::ZERO;
        for (rate, length) in &self.parts {
            let mut time = end;
            end += *length;
            loop {
                time += Duration::from_secs_f64(-(1.0 - rng.unit()).ln() / rate);
                if time >= end {
                    break;
                }
                sleep_until(begun + time).await;
                sent.spawn(call(world.transport.clone(), world.log.now(), self.kind));
                while let Some(call) = sent.try_join_next() {
                    calls.push(call.expect("no call panics"));
                }
            }
        }
        while let Some(call) = sent.join_next().await {
            calls.push(call.expect("no call panics"));
        }
        calls.sort_by_key(|call| call.began);
        calls
    }
}

pub(crate) async fn call(transport: Transport, began: Duration, kind: Kind) -> Call {
    let begun = Instant::now();
    let path = match kind {
        Kind::Info => "/",
        Kind::Search | Kind::Batch => "/_search",
    };
    let mut request = Request::get(path).body(Body::empty()).expect("a request");
    if matches!(kind, Kind::Batch) {
        Arc::new(RequestOptions::new().batch(true)).attach(&mut request);
    }
    let response = transport.send(request).await;
    let (attempts, paid) = attempts(&response);
    let end = match response {
        Ok(response) => {
            let status = response.status().as_u16();
            match response.into_body().bytes().await {
                Ok(_) => Ok(status),
                Err(error) => Err(error.type_name()),
            }
        }
        Err(error) => Err(error.type_name()),
    };
    Call {
        began,
        took: begun.elapsed(),
        end,
        attempts,
        paid,
    }
}

/// Number of attempts, and of those that the budget paid for.
fn attempts(response: &Result<Response<ResponseBody>>) -> (usize, usize) {
    let attempts: &[Attempt] = match response {
        Ok(response) => response
            .extensions()
            .get::<Attempts>()
            .map_or(&[], |attempts| &attempts.0),
        Err(error) => error.attempts(),
    };
    let is_paid = |attempt: &&Attempt| {
        attempt
            .retried
            .is_some_and(|reason| reason != RetryReason::NotSent)
    };
    (
        attempts.len().max(1),
        attempts.iter().filter(is_paid).count(),
    )
}
