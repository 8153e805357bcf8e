//! Secrets appear in no error, `Debug`, span, event or line for curl of the
//! client, in no encoding: neither those that it signs in with, nor those that
//! calls set or responses bring.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod errors;
#[path = "../../../es-transport/tests/secrets/forms.rs"]
mod forms;
mod shown;
#[path = "../../../es-transport/tests/secrets/transcript.rs"]
mod transcript;

use std::convert::Infallible;

use es_client::Elasticsearch;
use es_transport::{Body, TransportBuilder};
use forms::Secret;
use http::{Request, Response};
use http_body_util::Full;
use transcript::Transcript;

/// Visible ASCII, which every kind of credentials takes, with characters that are
/// encoded differently everywhere.
const SECRET: &str = "s3cr3t-of-the-client/+=?&%41~0123456789";

#[track_caller]
fn nothing_leaked(transcript: &Transcript) {
    if let Some((form, around)) = Secret::new(SECRET).find(&transcript.text()) {
        panic!("{form} of a secret is shown: …{around}…");
    }
}

/// A client over a service that responds to everything in the same way.
fn responding(status: u16, response: String) -> Elasticsearch {
    Elasticsearch::from_service(tower::service_fn(move |_: Request<Body>| {
        let response = Response::builder()
            .status(status)
            .body(Full::from(response.clone()));
        async { Ok::<_, Infallible>(response.unwrap()) }
    }))
}

/// A builder with each kind of credentials.
fn builders(url: &str) -> Vec<TransportBuilder<Elasticsearch>> {
    let node = || Elasticsearch::builder().node(url);
    let encoded: String = SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let (scheme, host) = url.split_once("://").unwrap();
    vec![
        node().basic_auth("elastic", SECRET),
        node().bearer_auth(SECRET),
        node().api_key(SECRET),
        node().api_key(("id", SECRET)),
        node().header("x-api-token", SECRET),
        node().credentials_provider(async || es_transport::Credentials::bearer(SECRET)),
        Elasticsearch::builder().node(format!("{scheme}://elastic:{encoded}@{host}")),
    ]
}
