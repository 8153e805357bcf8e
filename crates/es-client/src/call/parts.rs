//! From what the caller set to a request.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use es_transport::{Body, TryCloneBody, curl::Curl};
use http::{Extensions, HeaderValue, Request, header, uri::PathAndQuery};
use serde::Serialize;
use tokio::time::Instant;

use super::{
    details,
    future::{CallFuture, StreamFuture},
    outcome::{Accepted, AcceptedResponse, is_ignored, meta},
    split::SplitCall,
};
use crate::{
    client::Elasticsearch,
    endpoint::{BodyForm, Endpoint, Route},
    error::{Error, Result},
    json_body::JsonBody,
    options::ClientOptions,
    params::ToParam,
    path::{push_pair, push_part},
    response::StreamingResponse,
};

/// The parts of a request under construction. The first thing that is wrong is
/// kept, and reported when the call is sent.
#[derive(Clone)]
pub struct RequestParts {
    client: Elasticsearch,
    endpoint: &'static Endpoint,
    parts: Vec<(usize, Text)>,
    query: Vec<(Text, Text)>,
    properties: JsonBody,
    body: Option<CallBody>,
    extensions: Extensions,
    problem: Option<Problem>,
}

type Text = Cow<'static, str>;

/// The first thing that is wrong with a call.
#[derive(Clone)]
enum Problem {
    Invalid(Text),
    Encode { what: Text, message: String },
}

/// A body that was set as a whole. A stream cannot be cloned: the clone of its
/// call reports that when it is sent.
struct CallBody(Option<Body>);

impl Clone for CallBody {
    fn clone(&self) -> Self {
        Self(self.0.as_ref().and_then(Body::try_clone))
    }
}

impl RequestParts {
    pub(crate) fn new(client: &Elasticsearch, endpoint: &'static Endpoint) -> Self {
        Self {
            client: client.clone(),
            endpoint,
            parts: Vec::new(),
            query: Vec::new(),
            properties: JsonBody::default(),
            body: None,
            extensions: Extensions::new(),
            problem: None,
        }
    }

    /// Returns the parts, and leaves none behind.
    pub(crate) fn take(&mut self) -> Self {
        let empty = Self::new(&self.client, self.endpoint);
        std::mem::replace(self, empty)
    }

    /// Sets a path part that is required.
    pub(crate) fn required_part(&mut self, number: usize, value: impl ToParam) {
        self.part(number, value);
        let is_set = self.parts.iter().any(|(known, _)| *known == number);
        if !is_set {
            let name = self.endpoint.parts.get(number).map_or("", |part| part.name);
            self.invalid(format!("the path part `{name}` is `None`"));
        }
    }

    /// Sets a query parameter that is required.
    pub(crate) fn required_query(&mut self, name: &'static str, value: impl ToParam) {
        self.query(name, value);
        if !self.query.iter().any(|(known, _)| known == name) {
            self.invalid(format!("the parameter `{name}` is `None`"));
        }
    }

    /// Sets the path part with this number.
    pub(crate) fn part(&mut self, number: usize, value: impl ToParam) {
        if let Some(value) = value.to_param().into_text() {
            self.parts.retain(|(known, _)| *known != number);
            self.parts.push((number, value));
        }
    }

    /// Sets a query parameter of the endpoint.
    pub(crate) fn query(&mut self, name: &'static str, value: impl ToParam) {
        self.any_query(Cow::Borrowed(name), value);
    }

    /// Sets any query parameter.
    pub(crate) fn any_query(&mut self, name: Text, value: impl ToParam) {
        if let Some(value) = value.to_param().into_text() {
            self.set_query(name, value);
        }
    }

    fn set_query(&mut self, name: Text, value: Text) {
        match self.query.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.query.push((name, value)),
        }
    }

    /// Sets a property of a JSON body.
    pub(crate) fn property(&mut self, name: &str, value: impl ToParam) {
        let written = self.properties.write(name, |bytes| value.write_json(bytes));
        self.check(name, written);
    }

    /// Sets a property of a JSON body that is a list; one value makes a list of one.
    pub(crate) fn list(&mut self, name: &str, value: impl ToParam) {
        let written = self.properties.write(name, |bytes| {
            let start = bytes.len();
            let is_set = value.write_json(bytes)?;
            if is_set && bytes.get(start) != Some(&b'[') {
                bytes.insert(start, b'[');
                bytes.push(b']');
            }
            Ok(is_set)
        });
        self.check(name, written);
    }

    /// Sets a property of a JSON body to whatever serializes.
    pub(crate) fn object(&mut self, name: &str, value: impl Serialize) {
        let written = self.properties.set(name, &value);
        self.check(name, written);
    }

    /// Adds an entry to a property of a JSON body that is an object.
    pub(crate) fn entry(&mut self, name: &str, key: &str, value: impl ToParam) {
        let written = self
            .properties
            .add(name, key, |bytes| value.write_json(bytes));
        self.check(name, written);
    }

    /// Sets the whole body, as JSON.
    pub(crate) fn json(&mut self, value: &(impl Serialize + ?Sized)) {
        match serde_json::to_vec(value) {
            Ok(bytes) if bytes == b"null" => {}
            Ok(bytes) => self.raw(bytes.into()),
            Err(error) => self.check("body", Err(error)),
        }
    }

    /// Sets the whole body, as lines of JSON.
    pub(crate) fn lines<T: Serialize>(&mut self, lines: impl IntoIterator<Item = T>) {
        let mut bytes = Vec::new();
        for line in lines {
            let start = bytes.len();
            if let Err(error) = serde_json::to_writer(&mut bytes, &line) {
                return self.check("body", Err(error));
            }
            // Only raw JSON can have line feeds, and never within a string.
            for byte in bytes
                .iter_mut()
                .skip(start)
                .filter(|byte| matches!(byte, b'\n' | b'\r'))
            {
                *byte = b' ';
            }
            bytes.push(b'\n');
        }
        self.raw(bytes.into());
    }

    /// Sets the whole body, as it stands.
    pub(crate) fn raw(&mut self, body: Body) {
        self.body = Some(CallBody(Some(body)));
    }

    /// Sets options of this call.
    pub(crate) fn options(&mut self, change: impl FnOnce(ClientOptions) -> ClientOptions) {
        self.client = change(self.client.options()).into_client();
    }

    /// Adds an extension of the request.
    pub(crate) fn extension<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        self.extensions.insert(value);
    }

    /// Keeps what is wrong with the call.
    pub(super) fn invalid(&mut self, message: impl Into<Text>) {
        self.problem.get_or_insert(Problem::Invalid(message.into()));
    }

    fn check(&mut self, what: &str, written: serde_json::Result<()>) {
        if let Err(error) = written {
            let what = what.to_owned().into();
            self.problem.get_or_insert(Problem::Encode {
                what,
                message: error.to_string(),
            });
        }
    }

    /// Whether a body was set.
    pub(super) fn has_body(&self) -> bool {
        self.body.is_some() || !self.properties.is_empty()
    }

    /// Sends the call; the response is decoded by `decode`.
    pub(crate) fn send<T>(self, decode: fn(AcceptedResponse) -> Result<T>) -> CallFuture<T> {
        let ignored = self.client.ignored_statuses().cloned();
        let accepted = Accepted {
            endpoint: Some(self.endpoint),
            ignored,
        };
        if self.client.transport().knows_shards() {
            return self.send_by_shards(accepted, decode);
        }
        match self.into_request(false) {
            Ok((client, request)) => {
                CallFuture::new(client.transport().send(request), accepted, decode)
            }
            Err(error) => CallFuture::failed(error, decode),
        }
    }

    /// Sends a call that may be split by the nodes of its documents.
    #[cold]
    fn send_by_shards<T>(
        self,
        accepted: Accepted,
        decode: fn(AcceptedResponse) -> Result<T>,
    ) -> CallFuture<T> {
        let split = SplitCall::of(self.endpoint.name, self.value_of(0), &self.query);
        match (self.into_request(false), split) {
            (Ok((client, request)), None) => {
                CallFuture::new(client.transport().send(request), accepted, decode)
            }
            (Ok((client, request)), Some(split)) => {
                let receiving = split.send(client.transport().clone(), request);
                CallFuture::receiving(Box::pin(receiving), accepted, decode)
            }
            (Err(error), _) => CallFuture::failed(error, decode),
        }
    }

    /// Sends the call; the response is returned as a stream.
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

    /// Shows the call as a line for curl.
    pub(crate) fn curl(&self) -> Result<String> {
        let (_, mut request) = self.clone().into_request(false)?;
        if !request.body().is_empty() {
            let json = HeaderValue::from_static("application/json");
            request
                .headers_mut()
                .entry(header::CONTENT_TYPE)
                .or_insert(json);
        }
        Ok(Curl::new(&request).to_string())
    }

    fn into_request(mut self, stream: bool) -> Result<(Elasticsearch, Request<Body>)> {
        match self.problem.take() {
            None => {}
            Some(Problem::Invalid(message)) => return Err(Error::invalid(message)),
            Some(Problem::Encode { what, message }) => {
                return Err(Error::encode(what, serde::ser::Error::custom(message)));
            }
        }
        let endpoint = self.endpoint;
        let route = self.route()?;
        let target = self.target(route)?;
        let body = match self.body.take() {
            Some(CallBody(None)) => {
                return Err(Error::invalid(
                    "the body is a stream, which a clone does not have",
                ));
            }
            Some(CallBody(Some(body))) => body,
            None if self.properties.is_empty() => Body::default(),
            None => self.properties.finish().into(),
        };
        let method = if body.is_empty() {
            &route.methods.0
        } else {
            &route.methods.1
        };
        let mut request = Request::new(body);
        *request.method_mut() = method.clone();
        *request.uri_mut() = target.into();
        *request.extensions_mut() = self.extensions;
        if endpoint.body == BodyForm::Ndjson {
            let ndjson = HeaderValue::from_static("application/x-ndjson");
            request.headers_mut().insert(header::CONTENT_TYPE, ndjson);
        }
        if let Some(accept) = endpoint.accept {
            request
                .headers_mut()
                .insert(header::ACCEPT, HeaderValue::from_static(accept));
        }
        self.client.attach_name(&mut request, endpoint.name);
        let ignored = self.client.ignored_statuses().map(|statuses| &**statuses);
        let with_query = self.client.traces_query_text();
        details::attach(&mut request, endpoint, &self.parts, ignored, with_query);
        self.client
            .attach_options(&mut request, endpoint.idempotency, stream)?;
        Ok((self.client, request))
    }

    fn value_of(&self, number: usize) -> Option<&str> {
        self.parts
            .iter()
            .find(|(known, _)| *known == number)
            .map(|(_, value)| &**value)
    }

    /// Returns the first route that has exactly the parts that are set.
    fn route(&self) -> Result<&'static Route> {
        let fits = |route: &&Route| {
            route.parts.len() == self.parts.len()
                && route
                    .parts
                    .iter()
                    .all(|number| self.value_of(*number).is_some())
        };
        self.endpoint.routes.iter().find(fits).ok_or_else(|| {
            Error::invalid(format!(
                "`{}` has no path with the given parts",
                self.endpoint.name
            ))
        })
    }

    fn target(&self, route: &'static Route) -> Result<PathAndQuery> {
        if let ([path], [], []) = (route.text, route.parts, &*self.query) {
            return Ok(PathAndQuery::from_static(path));
        }
        let parts: usize = self.parts.iter().map(|(_, value)| value.len()).sum();
        let query: usize = self
            .query
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2)
            .sum();
        let mut target = String::with_capacity(64 + parts + query);
        let mut numbers = route.parts.iter();
        for text in route.text {
            target.push_str(text);
            let Some(number) = numbers.next() else {
                continue;
            };
            let part = self.endpoint.parts.get(*number);
            let part = part.ok_or_else(|| Error::invalid("an unknown path part"))?;
            let value = self.value_of(*number).unwrap_or_default();
            push_part(&mut target, part.name, value, part.kind)?;
        }
        for (at, (name, value)) in self.query.iter().enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            push_pair(&mut target, name, value);
        }
        PathAndQuery::from_maybe_shared(Bytes::from(target))
            .map_err(|_| Error::invalid("the path is too long"))
    }
}

impl fmt::Debug for RequestParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("endpoint", &self.endpoint.name)
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}
