//! Typed answers against bodies of the form that servers send.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

mod documents;
mod management;
mod searches;

/// Reads a body in the way of a call.
fn read<T: serde::de::DeserializeOwned>(body: &str) -> T {
    serde_json::from_str(body).unwrap()
}
