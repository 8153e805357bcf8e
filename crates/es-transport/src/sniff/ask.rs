//! One look: ask a node, read its answer; if it fails, ask another.

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tower::{Service, ServiceExt};

use super::{options::Filter, reply};
use crate::{
    attempt::Resend,
    body::{self, Body, ResponseBody},
    error::{BoxError, Error, Result},
    node::{Node, NodeSlot},
};

const PATH: &str = "/_nodes/http";
/// How many nodes are asked until the look has failed.
const ATTEMPTS: u32 = 3;
/// The most bytes of an answer: some kilobytes a node.
const MAX_ANSWER: usize = 64 << 20;

/// One look through a service whose type is erased.
pub(super) type Ask =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Vec<Node>>> + Send>> + Send + Sync>;

pub(super) fn through<S, RB>(service: S, filter: Option<Filter>) -> Ask
where
    S: Service<Request<Body>, Response = Response<RB>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    Box::new(move || Box::pin(look(service.clone(), filter.clone())))
}

async fn look<S, RB>(service: S, filter: Option<Filter>) -> Result<Vec<Node>>
where
    S: Service<Request<Body>, Response = Response<RB>> + Clone,
    S::Error: Into<BoxError>,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    let mut tried: Vec<Arc<str>> = Vec::new();
    let mut attempt = 1;
    loop {
        let slot = NodeSlot::default();
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = http::Uri::from_static(PATH);
        request.extensions_mut().insert(slot.clone());
        if attempt > 1 {
            let tried = Arc::from(&*tried);
            request.extensions_mut().insert(Resend { attempt, tried });
        }
        let answer = ask(service.clone(), request).await;
        let asked = slot.node();
        let found = match (answer, &asked) {
            (Ok(answer), Some(asked)) => usable(&answer, asked, filter.as_ref()),
            (Ok(_), None) => return Err(Error::sniff("the stack does not select nodes")),
            (Err(error), _) => Err(error),
        };
        match found {
            Err(error) if attempt < ATTEMPTS && !error.is_closed() => {
                tracing::debug!(error = %error, "a node did not tell the cluster's nodes");
            }
            found => return found,
        }
        tried.extend(asked.map(|node| Arc::clone(node.shared_url())));
        attempt += 1;
    }
}

async fn ask<S, RB>(service: S, request: Request<Body>) -> Result<Bytes>
where
    S: Service<Request<Body>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    let answer = service.oneshot(request).await.map_err(Error::from_service)?;
    let answer = answer.map(ResponseBody::new);
    let status = answer.status();
    if !status.is_success() {
        return Err(Error::sniff(format!("the node answered with status {}", status.as_u16())));
    }
    body::collect(answer.into_body(), MAX_ANSWER).await
}

fn usable(answer: &[u8], asked: &Node, filter: Option<&Filter>) -> Result<Vec<Node>> {
    let mut nodes = reply::nodes(answer, asked)?;
    if let Some(filter) = filter {
        nodes = nodes.into_iter().filter_map(|node| filter(node)).collect();
    }
    let found = nodes.len();
    nodes.retain(|node| node.is_https() || !asked.is_https());
    if nodes.len() < found {
        tracing::warn!("sniffed nodes without TLS are left out: the asked one has it");
    }
    if nodes.is_empty() {
        return Err(Error::sniff("no node of the answer can be used"));
    }
    Ok(nodes)
}
