//! The endpoints, each with its parameters.

mod cluster;
mod documents;
mod indices;
mod ingest;
mod parameters;
mod search;
mod security;
mod unsupported;

pub(super) use parameters::BODY;

use super::access::Action;
use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;

type Handler = fn(&Call<'_>) -> Result<Reply, ApiError>;

/// An endpoint.
pub(super) struct Route {
    pub methods: &'static [&'static str],
    pub pattern: &'static str,
    pub action: Action,
    /// The query parameters that the endpoint takes.
    pub parameters: &'static [&'static str],
    pub handler: Handler,
}

const fn route(
    methods: &'static [&'static str],
    pattern: &'static str,
    action: Action,
    parameters: &'static [&'static str],
    handler: Handler,
) -> Route {
    Route {
        methods,
        pattern,
        action,
        parameters,
        handler,
    }
}

const GET_POST: &[&str] = &["GET", "POST"];
const GET_HEAD: &[&str] = &["GET", "HEAD"];
const PUT_POST: &[&str] = &["PUT", "POST"];

/// The routes of one part of the API after the other; the first one that fits is taken. Within a
/// part, fixed segments stand before placeholders; `{index}` alone stands last.
pub(super) fn all() -> impl Iterator<Item = &'static Route> {
    let parts = [
        cluster::ROUTES,
        search::ROUTES,
        documents::ROUTES,
        ingest::ROUTES,
        security::ROUTES,
        indices::ROUTES,
    ];
    parts.into_iter().flatten()
}

/// Whether the genuine server has an endpoint that is not done here.
pub(super) fn is_unsupported(method: &str, segments: &[String]) -> bool {
    segments
        .iter()
        .any(|segment| unsupported::WORDS.contains(&segment.as_str()))
        || is_unsupported_call(method, segments)
}

/// Whether the genuine server has this very call, where a route has its path with other methods.
pub(super) fn is_unsupported_call(method: &str, segments: &[String]) -> bool {
    let fits = |path: &str| {
        let words: Vec<&str> = path.split('/').collect();
        let mut pairs = words.iter().zip(segments);
        words.len() == segments.len()
            && pairs.all(|(word, segment)| *word == "*" || word == segment)
    };
    let mut calls = unsupported::CALLS.iter();
    calls.any(|(known, path)| *known == method && fits(path))
}
