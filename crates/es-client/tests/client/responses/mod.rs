//! Typed responses, read from bodies of the forms that servers send.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

mod documents;
mod errors;
mod facts;
mod failures;
mod lenient;
mod management;
mod searches;

use es_client::Response;
use http::StatusCode;
use serde::de::DeserializeOwned;

/// Reads a body as a call does.
fn read<T: DeserializeOwned>(body: &str) -> T {
    try_read(body).unwrap()
}

fn try_read<T: DeserializeOwned>(body: &str) -> es_client::Result<T> {
    Response::new(StatusCode::OK, body.to_owned()).json()
}
