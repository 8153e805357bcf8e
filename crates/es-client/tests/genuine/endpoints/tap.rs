//! Stands between client and transport: sees each request and response, and can
//! hold requests back.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use es_client::Elasticsearch;
use es_transport::{Body, BoxError, RequestOptions, Transport};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::Value;

/// The request of a call, in a form that does not depend on the order of its
/// parameters and properties.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sent {
    method: Method,
    path: String,
    query: BTreeSet<String>,
    headers: HeaderMap,
    lines: Vec<Value>,
    /// Whether it may be retried.
    idempotent: Option<bool>,
}

#[derive(Debug, Default)]
struct State {
    holds: bool,
    sent: Option<Sent>,
    response: Bytes,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Tap(Arc<Mutex<State>>);

impl Tap {
    /// A client whose requests go through the tap.
    pub(super) fn client(&self, transport: Transport) -> Elasticsearch {
        let tap = self.clone();
        Elasticsearch::from_service(tower::service_fn(move |request| {
            let (tap, transport) = (tap.clone(), transport.clone());
            async move { tap.pass(&transport, request).await }
        }))
    }

    async fn pass(
        &self,
        transport: &Transport,
        request: Request<Body>,
    ) -> Result<Response<Full<Bytes>>, BoxError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let sent = Sent::new(&parts, &body);
        let holds = {
            let mut state = self.0.lock().unwrap();
            state.sent = Some(sent);
            state.holds
        };
        if holds {
            return Err("held back".into());
        }
        let request = Request::from_parts(parts, Body::from(body));
        let (parts, body) = transport.send(request).await?.into_parts();
        let response = body.bytes().await?;
        self.0.lock().unwrap().response = response.clone();
        Ok(Response::from_parts(parts, Full::new(response)))
    }

    /// Returns the request of a call, which is not sent.
    pub(super) async fn hold<T>(&self, call: impl IntoFuture<Output = T>) -> Sent {
        self.0.lock().unwrap().holds = true;
        call.await;
        self.0.lock().unwrap().holds = false;
        self.sent()
    }

    /// The last request.
    pub(super) fn sent(&self) -> Sent {
        self.0
            .lock()
            .unwrap()
            .sent
            .take()
            .unwrap_or_else(|| panic!("nothing was sent"))
    }

    /// The body of the last response.
    pub(super) fn respond(&self) -> Bytes {
        self.0.lock().unwrap().response.clone()
    }
}

impl Sent {
    fn new(parts: &http::request::Parts, body: &[u8]) -> Self {
        let lines = body
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        let query = parts
            .uri
            .query()
            .unwrap_or_default()
            .split('&')
            .map(str::to_owned);
        Self {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: query.collect(),
            headers: parts.headers.clone(),
            lines: lines
                .map(|line| serde_json::from_slice(line).unwrap())
                .collect(),
            idempotent: RequestOptions::find(&parts.extensions).and_then(|o| o.idempotent),
        }
    }
}
