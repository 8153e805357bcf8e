//! Each function as a process of its own, beside an embedded cluster and
//! instead of its platform: real events in, and what is in the cluster afterwards.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

mod aws;
mod azure;
mod google;
mod lambda_api;
mod support;
