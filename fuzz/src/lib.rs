//! Shared parts of the fuzz targets.
//!
//! Each target takes bytes that a server, a user or a setting may pass,
//! drives the public API with them, and asserts what must hold for all of them:
//! more than that nothing panics. `fuzz/run` runs all of them.

use std::{convert::Infallible, future::Future};

use bytes::Bytes;
use es_transport::Body;
use http::{HeaderMap, Request, Response, StatusCode};
use tokio::runtime::{Builder, Runtime};
use tower::{Service, service_fn};

/// A secret that no error and no `Debug` may show. No message has it by chance.
pub const SECRET: &str = "s3cr3tOfTheFuzzer";

/// Runs a future to its end. The clock is paused, so that waits take no time.
pub fn run<F: Future>(future: F) -> F::Output {
    thread_local! {
        static RUNTIME: Runtime =
            Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// A service that responds to every request alike, with a body of these pieces.
pub fn responding(
    status: StatusCode,
    headers: HeaderMap,
    pieces: Vec<Bytes>,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    service_fn(move |_: Request<Body>| {
        let mut response = Response::new(match &*pieces {
            [whole] => Body::from(whole.clone()),
            pieces => Body::list(pieces),
        });
        *response.status_mut() = status;
        *response.headers_mut() = headers.clone();
        std::future::ready(Ok(response))
    })
}

/// The text's lines, as many as are wanted: line feeds separate the parts of an
/// input, so that seeds can be read. Missing lines are empty.
pub fn lines<const N: usize>(text: &str) -> [&str; N] {
    let mut lines = text.splitn(N, '\n');
    std::array::from_fn(|_| lines.next().unwrap_or_default())
}
