//! Secrets appear in no error, `Debug`, span, event or line for curl, in no
//! encoding. A subscriber takes down everything at `TRACE` while requests
//! succeed and fail in every way.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../cluster_support/mod.rs"]
mod cluster_support;
mod failing;
mod forms;
mod kinds;
mod shown;
mod transcript;
#[cfg(target_os = "linux")]
mod wiped;

use es_transport::{Credentials, Transport, TransportBuilder};
use forms::Secret;
use transcript::Transcript;

/// Characters that are encoded differently everywhere, so that no form hides another.
const SECRET: &str = "s3cr3t/+ =?&%41:z\"x'ü";
/// For places that take visible ASCII only.
const TOKEN: &str = "t0k3n-s3cr3t/+=~0123456789";

/// Looks through everything that was taken down so far.
#[track_caller]
fn nothing_leaked(transcript: &Transcript) {
    let text = transcript.text();
    for secret in [SECRET, TOKEN, "elastic:t0k3n"] {
        if let Some((form, around)) = Secret::new(secret).find(&text) {
            panic!("{form} of a secret is shown: …{around}…");
        }
    }
}

/// A builder with each kind of credentials, and its name.
fn builders(url: &str) -> Vec<(&'static str, TransportBuilder)> {
    let node = || cluster_support::builder([url]);
    let encoded: String = SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let (scheme, host) = url.split_once("://").unwrap();
    vec![
        ("basic", node().basic_auth("elastic", SECRET)),
        ("bearer", node().bearer_auth(TOKEN)),
        ("key", node().api_key(TOKEN)),
        ("key pair", node().api_key(("id", TOKEN))),
        (
            "raw",
            node().credentials(Credentials::raw(format!("Own {TOKEN}")).unwrap()),
        ),
        ("header", node().header("x-api-token", TOKEN)),
        (
            "provider",
            node().credentials_provider(async || Credentials::bearer(TOKEN)),
        ),
        (
            "user info",
            cluster_support::builder([format!("{scheme}://elastic:{encoded}@{host}")]),
        ),
        ("none", node()),
    ]
}

fn build(builder: TransportBuilder) -> Transport {
    builder.build().unwrap()
}

#[test]
fn every_form_of_a_secret_is_found() {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let secret = Secret::new(SECRET);
    let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let reserved = "s3cr3t%2F%2B%20%3D%3F%26%2541%3Az%22x%27%C3%BC";
    for text in [SECRET, &percent, &percent.to_lowercase(), reserved] {
        assert!(
            secret.find(&format!("before {text} after")).is_some(),
            "{text}"
        );
    }
    for user in ["", "a", "ab", "elastic"] {
        let pair = BASE64_STANDARD.encode(format!("{user}:{SECRET}"));
        assert!(secret.find(&pair).is_some(), "{user}");
    }
    assert!(
        secret.find(&format!("{SECRET:?}")).is_some(),
        "escaped as Debug does"
    );
    assert!(secret.find("s3cr3").is_none());
}
