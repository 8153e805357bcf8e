use http::Method;

use super::Indices;
use crate::{
    api::sendable,
    call::{Answer, Call},
    endpoint::{BodyForm, Endpoint, Part, PartKind, Route, Segment},
    params::IntoParam,
    types::Acknowledged,
};

static DELETE: Endpoint = Endpoint {
    name: "indices.delete",
    paths: &[Route {
        methods: (Method::DELETE, Method::DELETE),
        path: &[Segment::Text("/"), Segment::Part(0)],
    }],
    parts: &[Part { name: "index", kind: PartKind::List }],
    body: BodyForm::None,
    repeatable: false,
    answers: &[],
};

/// `DELETE /{index}`. Made by [`Indices::delete`].
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct Delete {
    call: Call,
}

impl Indices {
    /// Deletes indices with all that is in them.
    pub fn delete(&self, index: impl IntoParam) -> Delete {
        Delete { call: Call::new(&self.client, &DELETE).part(0, index) }
    }
}

impl Delete {
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

sendable!(Delete, Acknowledged, Answer::json);
