use http::Method;

use super::Indices;
use crate::{
    api::sendable,
    call::{Answer, Call},
    endpoint::{BodyForm, Endpoint, Part, PartKind, Route, Segment},
    params::IntoParam,
    types::IndexStates,
};

static GET: Endpoint = Endpoint {
    name: "indices.get",
    paths: &[Route {
        methods: (Method::GET, Method::GET),
        path: &[Segment::Text("/"), Segment::Part(0)],
    }],
    parts: &[Part { name: "index", kind: PartKind::List }],
    body: BodyForm::None,
    repeatable: false,
    answers: &[],
};

/// `GET /{index}`. Made by [`Indices::get`].
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct Get {
    call: Call,
}

impl Indices {
    /// Aliases, mappings and settings of indices: a name, a pattern, or a list of them.
    pub fn get(&self, index: impl IntoParam) -> Get {
        Get { call: Call::new(&self.client, &GET).part(0, index) }
    }
}

impl Get {
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

sendable!(Get, IndexStates, Answer::json);
