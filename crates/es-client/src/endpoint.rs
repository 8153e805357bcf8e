//! What an endpoint is: facts in a static table, and nothing else.
//!
//! The calls of [`crate::api`] know this room and [`crate::params`] alone; they
//! describe, `Call` does.

use http::Method;

pub use crate::path::PartKind;

/// The facts of one endpoint of the API.
#[derive(Debug)]
pub struct Endpoint {
    /// The name in Elasticsearch's specification, such as `indices.create`.
    pub name: &'static str,
    /// The ways to reach it; the first whose parts are all given is taken.
    pub paths: &'static [Route],
    /// The path parts, in the order in which the routes number them.
    pub parts: &'static [Part],
    /// Whether a body is sent, and of which form.
    pub body: BodyForm,
    /// Whether doing it twice is the same as doing it once, although the method
    /// does not say so: reads by POST.
    pub repeatable: bool,
    /// Statuses that carry an ordinary answer, besides those of success.
    pub answers: &'static [u16],
}

/// One way to reach an endpoint.
#[derive(Debug)]
pub struct Route {
    /// The method without a body, and the method with one.
    pub methods: (Method, Method),
    /// The path, piece by piece.
    pub path: &'static [Segment],
}

/// A piece of a path.
#[derive(Clone, Copy, Debug)]
pub enum Segment {
    /// Text that stands as it is, slashes included.
    Text(&'static str),
    /// The part with this number.
    Part(usize),
}

/// A variable part of a path.
#[derive(Debug)]
pub struct Part {
    /// The name, for errors.
    pub name: &'static str,
    /// Whether it names one thing or may name several.
    pub kind: PartKind,
}

/// The form of a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyForm {
    /// No body is sent.
    None,
    /// JSON.
    Json,
    /// Newline-delimited JSON.
    Ndjson,
}
