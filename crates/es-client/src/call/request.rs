//! From what the caller gave to a request.

use std::{borrow::Cow, fmt, time::Duration};

use bytes::Bytes;
use es_transport::{Body, OperationName, curl::Curl};
use http::{HeaderValue, Request, header, uri::PathAndQuery};
use serde::Serialize;
use tokio::time::Instant;

use super::{
    answer::{Accepted, Answer, is_ignored, meta},
    future::{CallFuture, StreamFuture},
};
use crate::{
    client::Elasticsearch,
    endpoint::{BodyForm, Endpoint, Route},
    error::{Error, Result},
    json_body::JsonBody,
    params::IntoParam,
    path::{push_pair, push_part},
    response::StreamingResponse,
};

/// A call that is being put together. The first thing that is wrong with it is
/// kept and reported when it is sent.
pub(crate) struct Call {
    client: Elasticsearch,
    endpoint: &'static Endpoint,
    parts: Vec<(usize, Text)>,
    query: Vec<(Text, Text)>,
    properties: JsonBody,
    body: Option<Body>,
    error: Option<Error>,
}

type Text = Cow<'static, str>;

impl Call {
    pub(crate) fn new(client: &Elasticsearch, endpoint: &'static Endpoint) -> Self {
        Self {
            client: client.clone(),
            endpoint,
            parts: Vec::new(),
            query: Vec::new(),
            properties: JsonBody::default(),
            body: None,
            error: None,
        }
    }

    /// Gives a path part that is required.
    pub(crate) fn with_part(mut self, number: usize, value: impl IntoParam) -> Self {
        self.part(number, value);
        self
    }

    /// Gives a query parameter that is required.
    pub(crate) fn with_query(mut self, name: &'static str, value: impl IntoParam) -> Self {
        self.query(name, value);
        self
    }

    /// Gives the path part with this number.
    pub(crate) fn part(&mut self, number: usize, value: impl IntoParam) {
        self.set_part(number, value.into_param());
    }

    /// Gives a query parameter.
    pub(crate) fn query(&mut self, name: impl Into<Text>, value: impl IntoParam) {
        self.set_query(name.into(), value.into_param());
    }

    /// Gives a property of a JSON body.
    pub(crate) fn property(&mut self, name: &'static str, value: impl Serialize) {
        if let Err(error) = self.properties.set(name, &value) {
            self.fail(error);
        }
    }

    /// Gives a property of a JSON body that is a time.
    pub(crate) fn duration(&mut self, name: &'static str, value: Duration) {
        self.property(name, value.into_param());
    }

    /// Gives the whole body, as JSON.
    pub(crate) fn json(&mut self, value: &(impl Serialize + ?Sized)) {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.raw(bytes.into()),
            Err(error) => self.fail(Error::encode("body", error)),
        }
    }

    /// Gives the whole body, as lines of JSON.
    pub(crate) fn lines<T: Serialize>(&mut self, lines: impl IntoIterator<Item = T>) {
        let mut bytes = Vec::new();
        for line in lines {
            match serde_json::to_writer(&mut bytes, &line) {
                Ok(()) => bytes.push(b'\n'),
                Err(error) => return self.fail(Error::encode("body", error)),
            }
        }
        self.raw(bytes.into());
    }

    /// Gives the whole body, as it stands.
    pub(crate) fn raw(&mut self, body: Body) {
        self.body = Some(body);
    }

    fn set_part(&mut self, number: usize, value: Text) {
        self.parts.retain(|(known, _)| *known != number);
        self.parts.push((number, value));
    }

    fn set_query(&mut self, name: Text, value: Text) {
        match self.query.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.query.push((name, value)),
        }
    }

    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    /// Sends it; the answer is decoded by `decode`.
    pub(crate) fn send<T>(self, decode: fn(Answer) -> Result<T>) -> CallFuture<T> {
        let ignored = self.client.ignored_statuses().cloned();
        let accepted = Accepted { endpoint: Some(self.endpoint), ignored };
        let sending =
            self.into_request(false).map(|(client, request)| client.transport().send(request));
        CallFuture::new(sending, accepted, decode)
    }

    /// Sends it; the answer is handed out as a stream.
    pub(crate) fn stream(self) -> StreamFuture {
        StreamFuture::new(self.streamed())
    }

    async fn streamed(self) -> Result<StreamingResponse> {
        let ignored = self.client.ignored_statuses().cloned();
        let (client, request) = self.into_request(true)?;
        let started = Instant::now();
        let (parts, body) = client.transport().send(request).await?.into_parts();
        let status = parts.status;
        let meta = meta(parts, &body, started.elapsed());
        if status.is_success() || is_ignored(ignored.as_deref(), status) {
            Ok(StreamingResponse::new(meta, body))
        } else {
            Err(Error::api(meta, body.bytes().await?))
        }
    }

    /// Shows it as a line for curl.
    pub(crate) fn into_curl(self) -> Result<String> {
        let (_, mut request) = self.into_request(false)?;
        if !request.body().is_empty() {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().entry(header::CONTENT_TYPE).or_insert(json);
        }
        Ok(Curl::new(&request).to_string())
    }

    fn into_request(mut self, stream: bool) -> Result<(Elasticsearch, Request<Body>)> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let endpoint = self.endpoint;
        let route = self.route()?;
        let target = self.target(route)?;
        if !self.properties.is_empty() && self.body.is_none() {
            self.body = Some(self.properties.finish().into());
        }
        let body = self.body.unwrap_or_default();
        let method = if body.is_empty() { &route.methods.0 } else { &route.methods.1 };
        let mut request = Request::new(body);
        *request.method_mut() = method.clone();
        *request.uri_mut() = target.into();
        if endpoint.body == BodyForm::Ndjson {
            let ndjson = HeaderValue::from_static("application/x-ndjson");
            request.headers_mut().insert(header::CONTENT_TYPE, ndjson);
        }
        if let Some(accept) = endpoint.accept {
            request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(accept));
        }
        OperationName(endpoint.name).attach(&mut request);
        self.client.attach_options(&mut request, endpoint.repeat, stream)?;
        Ok((self.client, request))
    }

    fn given(&self, number: usize) -> Option<&str> {
        self.parts.iter().find(|(known, _)| *known == number).map(|(_, value)| &**value)
    }

    /// The first route that has just the parts that were given.
    fn route(&self) -> Result<&'static Route> {
        let fits = |route: &&Route| {
            route.parts.len() == self.parts.len()
                && route.parts.iter().all(|number| self.given(*number).is_some())
        };
        self.endpoint.routes.iter().find(fits).ok_or_else(|| {
            Error::invalid(format!("`{}` has no path with the given parts", self.endpoint.name))
        })
    }

    fn target(&self, route: &'static Route) -> Result<PathAndQuery> {
        if let ([path], [], []) = (route.text, route.parts, &*self.query) {
            return Ok(PathAndQuery::from_static(path));
        }
        let parts: usize = self.parts.iter().map(|(_, value)| value.len()).sum();
        let query: usize =
            self.query.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        let mut target = String::with_capacity(64 + parts + query);
        let mut numbers = route.parts.iter();
        for text in route.text {
            target.push_str(text);
            let Some(number) = numbers.next() else { continue };
            let part = self.endpoint.parts.get(*number);
            let part = part.ok_or_else(|| Error::invalid("an unknown path part"))?;
            push_part(&mut target, part.name, self.given(*number).unwrap_or_default(), part.kind)?;
        }
        for (at, (name, value)) in self.query.iter().enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            push_pair(&mut target, name, value);
        }
        PathAndQuery::from_maybe_shared(Bytes::from(target))
            .map_err(|_| Error::invalid("the path is too long"))
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("endpoint", &self.endpoint.name)
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}
