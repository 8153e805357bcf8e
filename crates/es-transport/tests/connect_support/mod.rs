//! Servers for the tests of the connect room.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

pub mod ca;
pub mod http;
pub mod tls;

use es_transport::{Body, Error, ResponseBody, connect::Connections};
use tower::ServiceExt;

/// A header of every request of these tests; no refused server may see it.
pub const SECRET: &str = "Basic c2VjcmV0";

pub fn request(url: &str) -> ::http::Request<Body> {
    ::http::Request::get(url)
        .header("authorization", SECRET)
        .body(Body::empty())
        .unwrap()
}

/// Sends a request and reads its response.
pub async fn get(connections: &Connections, url: impl AsRef<str>) -> Result<(u16, String), Error> {
    let response = connections.clone().oneshot(request(url.as_ref())).await?;
    let status = response.status().as_u16();
    let body = ResponseBody::new(response.into_body()).bytes().await?;
    Ok((status, String::from_utf8(body.to_vec()).unwrap()))
}

/// An error with its whole chain of sources in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
