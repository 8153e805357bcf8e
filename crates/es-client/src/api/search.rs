use std::marker::PhantomData;

use http::Method;
use serde::Serialize;

use super::sendable;
use crate::{
    call::{Answer, Call},
    client::Elasticsearch,
    endpoint::{BodyForm, Endpoint, Part, PartKind, Route, Segment},
    params::IntoParam,
    types::SearchResponse,
};

static SEARCH: Endpoint = Endpoint {
    name: "search",
    paths: &[
        Route {
            methods: (Method::GET, Method::POST),
            path: &[Segment::Text("/"), Segment::Part(0), Segment::Text("/_search")],
        },
        Route { methods: (Method::GET, Method::POST), path: &[Segment::Text("/_search")] },
    ],
    parts: &[Part { name: "index", kind: PartKind::List }],
    body: BodyForm::Json,
    repeatable: true,
    answers: &[],
};

/// `GET` or `POST /{index}/_search`. Made by [`Elasticsearch::search`].
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct Search<T> {
    call: Call,
    document: PhantomData<fn() -> T>,
}

impl Elasticsearch {
    /// Searches indices: a name, a pattern, or a list of them. `T` is the type
    /// of the documents; [`serde_json::Value`] takes any.
    pub fn search<T>(&self, index: impl IntoParam) -> Search<T> {
        Search { call: Call::new(self, &SEARCH).part(0, index), document: PhantomData }
    }

    /// Searches all indices, or the point in time that the body names.
    pub fn search_all<T>(&self) -> Search<T> {
        Search { call: Call::new(self, &SEARCH), document: PhantomData }
    }
}

impl<T> Search<T> {
    /// The query, in Elasticsearch's query DSL.
    pub fn query<Q: Serialize + ?Sized>(mut self, query: &Q) -> Self {
        self.call.property("query", query);
        self
    }

    /// How many hits to give. Default 10.
    pub fn size(mut self, size: u64) -> Self {
        self.call.property("size", &size);
        self
    }

    /// How many hits to pass over. Default 0.
    pub fn from(mut self, from: u64) -> Self {
        self.call.property("from", &from);
        self
    }

    /// The order of the hits. Default: by score.
    pub fn sort<S: Serialize + ?Sized>(mut self, sort: &S) -> Self {
        self.call.property("sort", sort);
        self
    }

    /// The sort values of the last hit of the page before.
    pub fn search_after<S: Serialize + ?Sized>(mut self, values: &S) -> Self {
        self.call.property("search_after", values);
        self
    }

    /// Which fields of the source to give.
    pub fn source<S: Serialize + ?Sized>(mut self, fields: &S) -> Self {
        self.call.property("_source", fields);
        self
    }

    /// Aggregations, by name.
    pub fn aggs<A: Serialize + ?Sized>(mut self, aggregations: &A) -> Self {
        self.call.property("aggs", aggregations);
        self
    }

    /// The point in time to search in.
    pub fn pit<P: Serialize + ?Sized>(mut self, pit: &P) -> Self {
        self.call.property("pit", pit);
        self
    }

    /// `true`, `false`, or the number up to which hits are counted exactly. Default 10,000.
    pub fn track_total_hits<H: Serialize + ?Sized>(mut self, hits: &H) -> Self {
        self.call.property("track_total_hits", hits);
        self
    }

    /// The whole body, in place of the properties.
    pub fn body<B: Serialize + ?Sized>(mut self, body: &B) -> Self {
        self.call.json(body);
        self
    }

    /// Keeps the search context for this long and gives a scroll id.
    pub fn scroll(mut self, keep_alive: impl IntoParam) -> Self {
        self.call.query("scroll", keep_alive);
        self
    }

    /// The value that decides on the shards to search.
    pub fn routing(mut self, routing: impl IntoParam) -> Self {
        self.call.query("routing", routing);
        self
    }
}

sendable!(Search<T>, SearchResponse<T>, Answer::json);
