use http::Method;

use super::sendable;
use crate::{
    call::{Answer, Call},
    client::Elasticsearch,
    endpoint::{BodyForm, Endpoint, Route, Segment},
    types::Info,
};

static INFO: Endpoint = Endpoint {
    name: "info",
    paths: &[Route { methods: (Method::GET, Method::GET), path: &[Segment::Text("/")] }],
    parts: &[],
    body: BodyForm::None,
    repeatable: true,
    answers: &[],
};

/// `GET /`: name, cluster and version. Made by [`Elasticsearch::info`].
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct InfoCall {
    call: Call,
}

impl Elasticsearch {
    /// Name, cluster and version of the node that answers.
    pub fn info(&self) -> InfoCall {
        InfoCall { call: Call::new(self, &INFO) }
    }
}

sendable!(InfoCall, Info, Answer::json);
