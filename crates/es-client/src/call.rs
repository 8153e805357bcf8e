//! One call: the facts of its endpoint, what the caller gave, and the way to
//! the transport. The same code serves every endpoint.

use std::{
    borrow::Cow,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use es_transport::{Body, OperationName, ResponseBody, attempt::AnsweredBy, transport::SendFuture};
use http::{HeaderValue, Request, StatusCode, header, response::Parts, uri::PathAndQuery};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    client::Elasticsearch,
    endpoint::{BodyForm, Endpoint, Route, Segment},
    error::{Error, Result},
    json_body::JsonBody,
    params::IntoParam,
    path::{push_part, push_query},
    response::{Meta, Response, StreamingResponse},
};

/// A call that is being put together. The first thing that is wrong with it is
/// kept and reported when it is sent.
pub(crate) struct Call {
    client: Elasticsearch,
    endpoint: &'static Endpoint,
    parts: Vec<(usize, Cow<'static, str>)>,
    query: String,
    properties: JsonBody,
    body: Option<Body>,
    error: Option<Error>,
}

impl Call {
    pub(crate) fn new(client: &Elasticsearch, endpoint: &'static Endpoint) -> Self {
        Self {
            client: client.clone(),
            endpoint,
            parts: Vec::new(),
            query: String::new(),
            properties: JsonBody::default(),
            body: None,
            error: None,
        }
    }

    /// Gives the path part with this number.
    pub(crate) fn part(mut self, number: usize, value: impl IntoParam) -> Self {
        self.parts.push((number, value.into_param()));
        self
    }

    /// Gives a query parameter.
    pub(crate) fn query(&mut self, name: &'static str, value: impl IntoParam) {
        push_query(&mut self.query, name, &value.into_param());
    }

    /// Gives a property of a JSON body.
    pub(crate) fn property<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) {
        if let Err(error) = self.properties.set(name, value) {
            self.fail(error);
        }
    }

    /// Gives the whole body, as JSON.
    pub(crate) fn json<T: Serialize + ?Sized>(&mut self, value: &T) {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.body = Some(bytes.into()),
            Err(error) => self.fail(Error::encode("body", error)),
        }
    }

    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    /// Sends it; the answer is decoded by `decode`.
    pub(crate) fn send<T>(self, decode: fn(Answer) -> Result<T>) -> CallFuture<T> {
        let accepted = Accepted {
            answers: self.endpoint.answers,
            ignored: self.client.ignored_statuses().cloned(),
        };
        let state = match self.into_request(false) {
            Ok((client, request)) => State::Sending(client.transport().send(request)),
            Err(error) => State::Failed(Some(error)),
        };
        CallFuture { state, accepted, decode }
    }

    /// Sends it; the answer is handed out as a stream.
    pub(crate) async fn stream(self) -> Result<StreamingResponse> {
        let ignored = self.client.ignored_statuses().cloned();
        let accepted = Accepted { answers: self.endpoint.answers, ignored };
        let (client, request) = self.into_request(true)?;
        let (parts, body) = client.transport().send(request).await?.into_parts();
        let status = parts.status;
        let meta = meta(parts, &body);
        if accepted.contains(status) {
            Ok(StreamingResponse::new(meta, body))
        } else {
            Err(Error::api(meta, body.bytes().await?))
        }
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
        OperationName(endpoint.name).attach(&mut request);
        self.client.attach_options(&mut request, endpoint.repeatable, stream)?;
        Ok((self.client, request))
    }

    fn given(&self, number: usize) -> Option<&str> {
        self.parts.iter().find(|(known, _)| *known == number).map(|(_, value)| &**value)
    }

    /// The first route that has just the parts that were given.
    fn route(&self) -> Result<&'static Route> {
        let fits = |route: &&Route| {
            let mut used = 0;
            let all_given = route.path.iter().all(|segment| match segment {
                Segment::Text(_) => true,
                Segment::Part(number) => {
                    used += 1;
                    self.given(*number).is_some()
                }
            });
            all_given && used == self.parts.len()
        };
        self.endpoint.paths.iter().find(fits).ok_or_else(|| {
            Error::invalid(format!("`{}` has no path with the given parts", self.endpoint.name))
        })
    }

    fn target(&self, route: &'static Route) -> Result<PathAndQuery> {
        if let ([Segment::Text(path)], "") = (route.path, &*self.query) {
            return Ok(PathAndQuery::from_static(path));
        }
        let parts: usize = self.parts.iter().map(|(_, value)| value.len()).sum();
        let mut target = String::with_capacity(64 + parts + self.query.len());
        for segment in route.path {
            match segment {
                Segment::Text(text) => target.push_str(text),
                Segment::Part(number) => {
                    let value = self.given(*number).unwrap_or_default();
                    let part = self.endpoint.parts.get(*number);
                    let part = part.ok_or_else(|| Error::invalid("an unknown path part"))?;
                    push_part(&mut target, part.name, value, part.kind)?;
                }
            }
        }
        if !self.query.is_empty() {
            target.push('?');
            target.push_str(&self.query);
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

/// The statuses whose answers are no errors.
struct Accepted {
    answers: &'static [u16],
    ignored: Option<Arc<[StatusCode]>>,
}

impl Accepted {
    fn contains(&self, status: StatusCode) -> bool {
        status.is_success()
            || self.answers.contains(&status.as_u16())
            || self.ignored.as_ref().is_some_and(|ignored| ignored.contains(&status))
    }
}

/// An answer with an accepted status, before it is decoded.
pub(crate) struct Answer {
    pub(crate) parts: Parts,
    pub(crate) node: Option<Arc<str>>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Decodes JSON.
    pub(crate) fn json<T: DeserializeOwned>(self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let meta = Meta::new(self.parts, self.node);
            Error::decode(std::any::type_name::<T>(), error, meta, self.body)
        })
    }

    /// HEAD: 404 says no, any other accepted status says yes.
    #[expect(clippy::unnecessary_wraps, reason = "the signature of every decoder")]
    pub(crate) fn exists(self) -> Result<bool> {
        Ok(self.parts.status != StatusCode::NOT_FOUND)
    }

    /// As it came.
    #[expect(clippy::unnecessary_wraps, reason = "the signature of every decoder")]
    pub(crate) fn raw(self) -> Result<Response> {
        Ok(Response::new(Meta::new(self.parts, self.node), self.body))
    }
}

fn node_of(parts: &Parts, body: &ResponseBody) -> Option<Arc<str>> {
    body.node().cloned().or_else(|| parts.extensions.get::<AnsweredBy>().map(|by| by.node.clone()))
}

fn meta(parts: Parts, body: &ResponseBody) -> Meta {
    let node = node_of(&parts, body);
    Meta::new(parts, node)
}

/// The future of a call. It does nothing until it is awaited.
#[must_use = "a call is sent when it is awaited"]
pub struct CallFuture<T> {
    state: State,
    accepted: Accepted,
    decode: fn(Answer) -> Result<T>,
}

enum State {
    Failed(Option<Error>),
    Sending(SendFuture),
    /// A stack of the caller's own may hand out answers that are not collected.
    Reading {
        head: Option<(Parts, Option<Arc<str>>)>,
        body: Pin<Box<dyn Future<Output = es_transport::Result<Bytes>> + Send>>,
    },
}

impl<T> Future for CallFuture<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Failed(error) => {
                    let again = || Error::invalid("the call was already answered");
                    return Poll::Ready(Err(error.take().unwrap_or_else(again)));
                }
                State::Sending(sending) => {
                    let (parts, body) = ready!(Pin::new(sending).poll(cx))?.into_parts();
                    let node = node_of(&parts, &body);
                    match body.try_into_bytes() {
                        Ok(body) => return Poll::Ready(this.finish(Answer { parts, node, body })),
                        Err(stream) => {
                            let head = Some((parts, node));
                            this.state = State::Reading { head, body: Box::pin(stream.bytes()) };
                        }
                    }
                }
                State::Reading { head, body } => {
                    let body = ready!(body.as_mut().poll(cx))?;
                    let Some((parts, node)) = head.take() else {
                        this.state = State::Failed(None);
                        continue;
                    };
                    return Poll::Ready(this.finish(Answer { parts, node, body }));
                }
            }
        }
    }
}

impl<T> CallFuture<T> {
    fn finish(&mut self, answer: Answer) -> Result<T> {
        if self.accepted.contains(answer.parts.status) {
            (self.decode)(answer)
        } else {
            Err(Error::api(Meta::new(answer.parts, answer.node), answer.body))
        }
    }
}

impl<T> fmt::Debug for CallFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture").finish_non_exhaustive()
    }
}
