//! Helpers of the tests of the whole stack.

// Each test file is a program of its own and uses a part of it.
#![allow(dead_code, reason = "not every test file uses every helper")]
#![allow(clippy::unwrap_used, reason = "a failure fails the test")]

use std::{error::Error as StdError, fmt::Write as _, sync::Arc, time::Duration};

use es_transport::{
    Backoff, Body, Error, RequestOptions, ResponseBody, Transport, TransportBuilder,
    layer::retry::StandardRetry,
};
use http::{Request, Response};

/// Settings that make tests quick: short waits before retries.
pub(crate) fn builder(urls: impl IntoIterator<Item = impl AsRef<str>>) -> TransportBuilder {
    Transport::builder()
        .nodes(urls)
        .standard_retry(quick_retry())
}

pub(crate) fn quick_retry() -> StandardRetry {
    let backoff = Backoff::new(Duration::from_millis(5), Duration::from_millis(20));
    StandardRetry::new().backoff(backoff)
}

pub(crate) fn get(target: &str) -> Request<Body> {
    Request::get(target).body(Body::empty()).unwrap()
}

pub(crate) fn post(target: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(target).header("content-type", "application/json");
    request.body(body.into()).unwrap()
}

pub(crate) fn with(mut request: Request<Body>, options: RequestOptions) -> Request<Body> {
    Arc::new(options).attach(&mut request);
    request
}

pub(crate) fn streamed(request: Request<Body>) -> Request<Body> {
    with(request, RequestOptions::new().stream(true))
}

/// The whole response as text.
pub(crate) async fn text(response: Response<ResponseBody>) -> String {
    String::from_utf8(response.into_body().bytes().await.unwrap().into()).unwrap()
}

/// Sends it and reads the response, whichever of the two fails.
pub(crate) async fn send_and_read(
    transport: &Transport,
    request: Request<Body>,
) -> Result<(), Error> {
    transport
        .send(request)
        .await?
        .into_body()
        .bytes()
        .await
        .map(drop)
}

/// Everything that an error shows in any form, with all its sources.
pub(crate) fn shown(error: &(dyn StdError + 'static)) -> String {
    let mut text = format!("{error}\n{error:?}\n{error:#?}\n");
    let mut source = error.source();
    while let Some(error) = source {
        writeln!(text, "{error}\n{error:?}").unwrap();
        source = error.source();
    }
    text
}
