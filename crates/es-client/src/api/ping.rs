use http::Method;

use super::sendable;
use crate::{
    call::{Answer, Call},
    client::Elasticsearch,
    endpoint::{BodyForm, Endpoint, Route, Segment},
};

static PING: Endpoint = Endpoint {
    name: "ping",
    paths: &[Route { methods: (Method::HEAD, Method::HEAD), path: &[Segment::Text("/")] }],
    parts: &[],
    body: BodyForm::None,
    repeatable: true,
    answers: &[404],
};

/// `HEAD /`. Made by [`Elasticsearch::ping`].
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct Ping {
    call: Call,
}

impl Elasticsearch {
    /// Whether the cluster answers. No answer at all is an error, not `false`.
    pub fn ping(&self) -> Ping {
        Ping { call: Call::new(self, &PING) }
    }
}

sendable!(Ping, bool, Answer::exists);
