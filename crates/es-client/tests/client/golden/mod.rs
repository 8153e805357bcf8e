//! What every endpoint sends, against a table that another program made:
//! `requests.py` reads the facts of the API by itself, and says which samples it
//! uses. The requests are made twice: by the builders with every setter they
//! have (`builders`, which es-codegen writes), and by name for every path.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may")]

/// Makes calls, each of which is kept with its endpoint and case.
macro_rules! calls {
    ($calls:ident $($name:literal $case:literal $call:expr;)*) => {
        $($calls.made.push(($name, $case, $call.send()));)*
    };
}

mod builders;

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use es_client::{CallFuture, Elasticsearch, Response, endpoint::Endpoint};
use es_transport::Body;
use http::Request;
use http_body_util::{BodyExt, Full};
use serde::Deserialize;
use serde_json::Value;

/// What the files of [`builders`] use.
mod prelude {
    pub(super) use std::time::Duration;

    pub(super) use es_client::params;
    pub(super) use serde_json::{Value, json};

    pub(super) use super::Calls;
}

/// A line of the table.
#[derive(Deserialize)]
struct Case {
    name: String,
    case: String,
    /// Parts and query parameters, for calls by name.
    params: BTreeMap<String, Value>,
    /// The body, for calls by name.
    given: Value,
    #[serde(flatten)]
    sent: Sent,
}

/// What reaches the transport.
#[derive(Debug, Deserialize, PartialEq)]
struct Sent {
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// The calls of [`builders`], by endpoint and case.
struct Calls {
    client: Elasticsearch,
    made: Vec<(&'static str, &'static str, CallFuture<Response>)>,
}

fn table() -> Vec<Case> {
    let lines = include_str!("requests.ndjson").lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

type Seen = Arc<Mutex<Option<Sent>>>;

/// A client whose last request is kept.
fn client() -> (Elasticsearch, Seen) {
    let seen = Seen::default();
    let kept = Arc::clone(&seen);
    let service = tower::service_fn(move |request: Request<Body>| {
        let kept = Arc::clone(&kept);
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                (name.to_string(), value.to_str().unwrap().to_owned())
            };
            *kept.lock().unwrap() = Some(Sent {
                method: parts.method.to_string(),
                target: parts.uri.to_string(),
                headers: parts.headers.iter().map(header).collect(),
                body: String::from_utf8(body.to_vec()).unwrap(),
            });
            Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from_static(b"{}"))))
        }
    });
    (Elasticsearch::from_service(service), seen)
}

#[tokio::test]
async fn every_builder_sends_its_request() {
    let (client, seen) = client();
    let mut calls = Calls {
        client,
        made: Vec::new(),
    };
    builders::all(&mut calls);
    let table = table();
    let expected: BTreeMap<_, _> = table
        .iter()
        .map(|case| ((&*case.name, &*case.case), &case.sent))
        .collect();
    let mut missing: BTreeSet<_> = expected
        .keys()
        .filter(|(_, case)| *case == "full")
        .map(|(name, _)| *name)
        .collect();
    for (name, case, call) in calls.made {
        call.await.unwrap();
        let sent = seen.lock().unwrap().take();
        assert_eq!(
            sent.as_ref(),
            expected.get(&(name, case)).copied(),
            "{name}, case {case}"
        );
        missing.remove(name);
    }
    assert!(missing.is_empty(), "no builder for {missing:?}");
}

#[tokio::test]
async fn every_endpoint_sends_the_same_by_its_name() {
    let (client, seen) = client();
    let mut missing: BTreeSet<_> = Endpoint::all().iter().map(|it| it.name).collect();
    for Case {
        name,
        case,
        params,
        given,
        sent,
    } in table()
    {
        let needs_body = Endpoint::find(&name).unwrap().body_required && given.is_null();
        let call = client.call(&name, &params, &given);
        if needs_body {
            let error = call.await.unwrap_err().to_string();
            assert!(
                error.ends_with(&format!("`{name}` needs a body")),
                "{error}"
            );
            continue;
        }
        call.await.unwrap();
        let mut got = seen.lock().unwrap().take().unwrap();
        // Parameters of an object have no order, properties of a value neither.
        let sorted = |target: &str| {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let mut query: Vec<_> = query.split('&').map(str::to_owned).collect();
            query.sort();
            (path.to_owned(), query)
        };
        assert_eq!(
            sorted(&got.target),
            sorted(&sent.target),
            "{name}, case {case}"
        );
        if let Ok(body) = serde_json::from_str::<Value>(&sent.body) {
            assert_eq!(
                serde_json::from_str::<Value>(&got.body).unwrap(),
                body,
                "{name}"
            );
            got.body.clone_from(&sent.body);
        }
        got.target.clone_from(&sent.target);
        assert_eq!(got, sent, "{name}, case {case}");
        missing.remove(&*name);
    }
    assert!(missing.is_empty(), "the table lacks {missing:?}");
}
