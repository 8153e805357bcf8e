use http::Method;
use serde::Serialize;

use super::sendable;
use crate::{
    call::{Answer, Call},
    client::Elasticsearch,
    endpoint::{BodyForm, Endpoint, Part, PartKind, Route, Segment},
    params::IntoParam,
    types::WriteResponse,
};

static INDEX: Endpoint = Endpoint {
    name: "index",
    paths: &[
        Route {
            methods: (Method::PUT, Method::PUT),
            path: &[
                Segment::Text("/"),
                Segment::Part(0),
                Segment::Text("/_doc/"),
                Segment::Part(1),
            ],
        },
        Route {
            methods: (Method::POST, Method::POST),
            path: &[Segment::Text("/"), Segment::Part(0), Segment::Text("/_doc")],
        },
    ],
    parts: &[
        Part { name: "index", kind: PartKind::Single },
        Part { name: "id", kind: PartKind::Single },
    ],
    body: BodyForm::Json,
    repeatable: false,
    answers: &[],
};

/// `PUT /{index}/_doc/{id}` or `POST /{index}/_doc`. Made by [`Elasticsearch::index`].
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct Index {
    call: Call,
}

impl Elasticsearch {
    /// Writes a document. Without an id, Elasticsearch makes one, and the call is
    /// not sent again once a node may have taken it.
    pub fn index(&self, index: impl IntoParam) -> Index {
        Index { call: Call::new(self, &INDEX).part(0, index) }
    }
}

impl Index {
    /// The document's id; an earlier document with this id is replaced.
    pub fn id(mut self, id: impl IntoParam) -> Self {
        self.call = self.call.part(1, id);
        self
    }

    /// The document.
    pub fn document<T: Serialize + ?Sized>(mut self, document: &T) -> Self {
        self.call.json(document);
        self
    }

    /// `true`, `false` or `wait_for`: when the write becomes visible to searches. Default `false`.
    pub fn refresh(mut self, refresh: impl IntoParam) -> Self {
        self.call.query("refresh", refresh);
        self
    }

    /// The value that decides on the shard. Default: the id.
    pub fn routing(mut self, routing: impl IntoParam) -> Self {
        self.call.query("routing", routing);
        self
    }

    /// `index`, or `create` to fail where the id exists already.
    pub fn op_type(mut self, op_type: impl IntoParam) -> Self {
        self.call.query("op_type", op_type);
        self
    }

    /// The ingest pipeline that the document goes through.
    pub fn pipeline(mut self, pipeline: impl IntoParam) -> Self {
        self.call.query("pipeline", pipeline);
        self
    }

    /// Writes only if the document's last change has this sequence number.
    pub fn if_seq_no(mut self, number: u64) -> Self {
        self.call.query("if_seq_no", number);
        self
    }

    /// Writes only if the document's last change has this primary term.
    pub fn if_primary_term(mut self, term: u64) -> Self {
        self.call.query("if_primary_term", term);
        self
    }
}

sendable!(Index, WriteResponse, Answer::json);
