use http::Method;

use super::Indices;
use crate::{
    api::sendable,
    call::{Answer, Call},
    endpoint::{BodyForm, Endpoint, Part, PartKind, Route, Segment},
    params::IntoParam,
    types::ShardsResponse,
};

static REFRESH: Endpoint = Endpoint {
    name: "indices.refresh",
    paths: &[Route {
        methods: (Method::POST, Method::POST),
        path: &[Segment::Text("/"), Segment::Part(0), Segment::Text("/_refresh")],
    }],
    parts: &[Part { name: "index", kind: PartKind::List }],
    body: BodyForm::None,
    repeatable: true,
    answers: &[],
};

/// `POST /{index}/_refresh`. Made by [`Indices::refresh`].
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct Refresh {
    call: Call,
}

impl Indices {
    /// Makes what was written visible to searches.
    pub fn refresh(&self, index: impl IntoParam) -> Refresh {
        Refresh { call: Call::new(&self.client, &REFRESH).part(0, index) }
    }
}

impl Refresh {
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

sendable!(Refresh, ShardsResponse, Answer::json);
