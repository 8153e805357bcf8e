use http::Method;

use super::Indices;
use crate::{
    api::sendable,
    call::{Answer, Call},
    endpoint::{BodyForm, Endpoint, Part, PartKind, Route, Segment},
    params::IntoParam,
};

static EXISTS: Endpoint = Endpoint {
    name: "indices.exists",
    paths: &[Route {
        methods: (Method::HEAD, Method::HEAD),
        path: &[Segment::Text("/"), Segment::Part(0)],
    }],
    parts: &[Part { name: "index", kind: PartKind::List }],
    body: BodyForm::None,
    repeatable: false,
    answers: &[404],
};

/// `HEAD /{index}`. Made by [`Indices::exists`].
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct Exists {
    call: Call,
}

impl Indices {
    /// Whether an index exists.
    pub fn exists(&self, index: impl IntoParam) -> Exists {
        Exists { call: Call::new(&self.client, &EXISTS).part(0, index) }
    }
}

impl Exists {
    /// Whether names that do not exist are passed over. Default `false`.
    pub fn ignore_unavailable(mut self, ignore: bool) -> Self {
        self.call.query("ignore_unavailable", ignore);
        self
    }

    /// Whether patterns that match nothing are passed over.
    pub fn allow_no_indices(mut self, allow: bool) -> Self {
        self.call.query("allow_no_indices", allow);
        self
    }

    /// Which kinds of indices a pattern matches: `open`, `closed`, `hidden`, `none`, `all`.
    pub fn expand_wildcards(mut self, kinds: impl IntoParam) -> Self {
        self.call.query("expand_wildcards", kinds);
        self
    }
}

sendable!(Exists, bool, Answer::exists);
