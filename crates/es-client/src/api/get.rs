use std::marker::PhantomData;

use http::Method;

use super::sendable;
use crate::{
    call::{Answer, Call},
    client::Elasticsearch,
    endpoint::{BodyForm, Endpoint, Part, PartKind, Route, Segment},
    params::IntoParam,
    types::GetResponse,
};

static GET: Endpoint = Endpoint {
    name: "get",
    paths: &[Route {
        methods: (Method::GET, Method::GET),
        path: &[Segment::Text("/"), Segment::Part(0), Segment::Text("/_doc/"), Segment::Part(1)],
    }],
    parts: &[
        Part { name: "index", kind: PartKind::Single },
        Part { name: "id", kind: PartKind::Single },
    ],
    body: BodyForm::None,
    repeatable: true,
    answers: &[],
};

/// `GET /{index}/_doc/{id}`. Made by [`Elasticsearch::get`].
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct Get<T> {
    call: Call,
    document: PhantomData<fn() -> T>,
}

impl Elasticsearch {
    /// Reads a document by its id. One that does not exist is an error that
    /// [`is_not_found`](crate::Error::is_not_found).
    pub fn get<T>(&self, index: impl IntoParam, id: impl IntoParam) -> Get<T> {
        Get { call: Call::new(self, &GET).part(0, index).part(1, id), document: PhantomData }
    }
}

impl<T> Get<T> {
    /// The value that decided on the shard when the document was written.
    pub fn routing(mut self, routing: impl IntoParam) -> Self {
        self.call.query("routing", routing);
        self
    }

    /// Whether to see a write that no refresh has made visible yet. Default `true`.
    pub fn realtime(mut self, realtime: bool) -> Self {
        self.call.query("realtime", realtime);
        self
    }

    /// Which fields of the source to give; `false` for none.
    pub fn source(mut self, fields: impl IntoParam) -> Self {
        self.call.query("_source", fields);
        self
    }
}

sendable!(Get<T>, GetResponse<T>, Answer::json);
