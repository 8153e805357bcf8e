//! Every setting that cannot be used is an error of `build` that names it and shows no secret.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod auth;
use crate::cluster_support;
mod nodes;
mod trust;

use cluster_support::shown;
use es_transport::{Transport, TransportBuilder};

/// It is a part of every value that is refused, and of no message.
const SECRET: &str = "s3cr3t";

/// Values that no header can carry.
const BAD_CHARACTERS: [&str; 4] = ["\r\nx-evil: 1", "\n", "\r", "\0"];

fn https() -> TransportBuilder {
    Transport::builder().node("https://localhost:9200")
}

#[track_caller]
fn refused(setting: &str, builder: TransportBuilder) -> String {
    let builder_shown = format!("{builder:?}");
    let error = builder.build().expect_err(setting);
    assert!(error.is_config(), "{error:?}");
    assert_eq!(error.setting(), Some(setting), "{error}");
    let shown = shown(&error) + &builder_shown;
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(!shown.contains("czNjcjN0"), "{shown}");
    error.to_string()
}
