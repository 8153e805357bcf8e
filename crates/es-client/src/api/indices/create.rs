use http::Method;
use serde::Serialize;

use super::Indices;
use crate::{
    api::sendable,
    call::{Answer, Call},
    endpoint::{BodyForm, Endpoint, Part, PartKind, Route, Segment},
    params::IntoParam,
    types::CreateIndexResponse,
};

static CREATE: Endpoint = Endpoint {
    name: "indices.create",
    paths: &[Route {
        methods: (Method::PUT, Method::PUT),
        path: &[Segment::Text("/"), Segment::Part(0)],
    }],
    parts: &[Part { name: "index", kind: PartKind::Single }],
    body: BodyForm::Json,
    repeatable: false,
    answers: &[],
};

/// `PUT /{index}`. Made by [`Indices::create`].
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct Create {
    call: Call,
}

impl Indices {
    /// Creates an index.
    pub fn create(&self, index: impl IntoParam) -> Create {
        Create { call: Call::new(&self.client, &CREATE).part(0, index) }
    }
}

impl Create {
    /// The fields and how they are indexed.
    pub fn mappings<M: Serialize + ?Sized>(mut self, mappings: &M) -> Self {
        self.call.property("mappings", mappings);
        self
    }

    /// Shards, replicas, analysis and so on.
    pub fn settings<S: Serialize + ?Sized>(mut self, settings: &S) -> Self {
        self.call.property("settings", settings);
        self
    }

    /// Other names of the index.
    pub fn aliases<A: Serialize + ?Sized>(mut self, aliases: &A) -> Self {
        self.call.property("aliases", aliases);
        self
    }
}

sendable!(Create, CreateIndexResponse, Answer::json);
