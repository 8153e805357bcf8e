//! One run through the endpoints, by their builders or by their names.

use std::{collections::BTreeSet, fmt::Display};

use es_client::{Elasticsearch, Error, Response, Result};
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    recorder::Recorder,
    refusal::{Lacking, Refusal},
    tap::Tap,
};
use crate::{agreement, server};

/// How the endpoints of a run are called.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Way {
    /// By their builders, into their typed responses.
    Typed,
    /// By `call`, with the response read into the same types.
    Named,
}

/// A run: every call is put together in both ways, which must give the same
/// request, and sent in one.
pub(super) struct Run {
    way: Way,
    client: Elasticsearch,
    tap: Tap,
    lacking: Lacking,
    recorder: Option<Recorder>,
    responded: BTreeSet<&'static str>,
    refused: BTreeSet<&'static str>,
}

impl Run {
    pub(super) fn new(way: Way) -> Self {
        let tap = Tap::default();
        let client = tap.client(server::client().transport().clone());
        let (responded, refused) = Default::default();
        let recorder = (way == Way::Named).then(Recorder::asked_for).flatten();
        let lacking = Lacking::of_this_server();
        Self {
            way,
            client,
            tap,
            lacking,
            recorder,
            responded,
            refused,
        }
    }

    /// A client whose builders are passed to [`ask`](Self::ask).
    pub(super) fn client(&self) -> Elasticsearch {
        self.client.clone()
    }

    /// A name of this run's own.
    pub(super) fn name(&self, name: impl Display) -> String {
        match self.way {
            Way::Typed => format!("typed-{name}"),
            Way::Named => format!("named-{name}"),
        }
    }

    /// Calls an endpoint. `label` is its name, and after `#` what this call shows
    /// of it. `None` where this server is listed as lacking it, and does.
    pub(super) async fn ask<C, T>(
        &mut self,
        label: &'static str,
        params: Value,
        body: Value,
        call: C,
    ) -> Option<T>
    where
        C: IntoFuture<Output = Result<T>>,
        T: DeserializeOwned,
    {
        let response = self
            .send(label, params, body, call, Response::json::<T>)
            .await?;
        let body = self.tap.respond();
        agreement::check(endpoint(label), &body);
        if let Some(recorder) = &self.recorder {
            recorder.keep(label, &body);
        }
        Some(response)
    }

    /// Calls an endpoint whose response is its status alone.
    pub(super) async fn exists<C>(&mut self, label: &'static str, params: Value, call: C) -> bool
    where
        C: IntoFuture<Output = Result<bool>>,
    {
        let by_status = |response: &Response| Ok(response.status() != StatusCode::NOT_FOUND);
        let response = self.send(label, params, Value::Null, call, by_status).await;
        response.unwrap_or_else(|| panic!("every server has {label}"))
    }

    async fn send<C, T>(
        &mut self,
        label: &'static str,
        params: Value,
        body: Value,
        call: C,
        read: impl FnOnce(&Response) -> Result<T>,
    ) -> Option<T>
    where
        C: IntoFuture<Output = Result<T>>,
    {
        let name = endpoint(label);
        let named = self.client.call(name, params, body);
        let (held, response) = match self.way {
            Way::Typed => (self.tap.hold(named).await, call.await),
            Way::Named => (
                self.tap.hold(call).await,
                named.await.and_then(|it| read(&it)),
            ),
        };
        assert_eq!(held, self.tap.sent(), "{label} is sent otherwise by name");
        self.judge(label, response)
    }

    fn judge<T>(&mut self, label: &'static str, response: Result<T>) -> Option<T> {
        let name = endpoint(label);
        match (response, self.lacking.contains(name)) {
            (Ok(response), false) => {
                self.responded.insert(name);
                Some(response)
            }
            (Ok(_), true) => panic!("{name} is listed as lacking, but got a response"),
            (Err(error), true) => {
                let refusal = Refusal::of(&error).unwrap_or_else(|| not_expected(label, &error));
                if self.refused.insert(name) {
                    server::say(&format!("{name}: {refusal}"));
                }
                None
            }
            (Err(error), false) => not_expected(label, &error),
        }
    }

    pub(super) fn has_succeeded(&self, name: &str) -> bool {
        self.responded.contains(name)
    }

    /// The endpoints that were called, successfully or not.
    pub(super) fn called(&self) -> BTreeSet<&'static str> {
        self.responded.union(&self.refused).copied().collect()
    }
}

fn endpoint(label: &'static str) -> &'static str {
    label.split('#').next().unwrap_or(label)
}

fn not_expected(label: &str, error: &Error) -> ! {
    let body = error
        .body()
        .map(|body| String::from_utf8_lossy(body).into_owned());
    panic!("{label}: {error:?} {body:?}")
}
