//! One sniff: a request to a node, and to another one if it fails.

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tower::{Service, ServiceExt};

use super::{options::Filter, reply};
use crate::{
    attempt::RetryReason,
    body::{self, Body, ResponseBody},
    error::{BoxError, Error, FailureClass, Result},
    extensions::{RetryContext, SelectedNode},
    node::Node,
};

const PATH: &str = "/_nodes/http";
/// Number of nodes that are tried until the sniff has failed.
const ATTEMPTS: u32 = 3;
/// Maximum size of a response in bytes: it has some kilobytes a node.
const MAX_RESPONSE: usize = 64 << 20;

/// Fetches the cluster's nodes through a service whose type is erased.
pub(super) type FetchNodes =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Vec<Node>>> + Send>> + Send + Sync>;

pub(super) fn through<S, RB>(service: S, filter: Option<Filter>) -> FetchNodes
where
    S: Service<Request<Body>, Response = Response<RB>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    Box::new(move || Box::pin(fetch_nodes(service.clone(), filter.clone())))
}

async fn fetch_nodes<S, RB>(service: S, filter: Option<Filter>) -> Result<Vec<Node>>
where
    S: Service<Request<Body>, Response = Response<RB>> + Clone,
    S::Error: Into<BoxError>,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    let mut tried: Vec<Arc<str>> = Vec::new();
    let mut attempt = 1;
    let mut reason = None;
    loop {
        let selected = SelectedNode::default();
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = http::Uri::from_static(PATH);
        request.extensions_mut().insert(selected.clone());
        if let Some(reason) = reason {
            let tried = Arc::from(&*tried);
            request.extensions_mut().insert(RetryContext {
                attempt,
                tried,
                reason,
            });
        }
        let response = send(service.clone(), request).await;
        let source = selected.node();
        let found = match (response, &source) {
            (Ok(response), Some(source)) => usable(&response, source, filter.as_ref()),
            (Ok(_), None) => return Err(Error::sniff("the stack does not select nodes")),
            (Err(error), _) => Err(error),
        };
        match found {
            Err(error) if attempt < ATTEMPTS && !error.is_closed() => {
                tracing::debug!(error = %error, "a node did not return the cluster's nodes");
                reason = Some(reason_of(&error));
            }
            found => return found,
        }
        tried.extend(source.map(|node| Arc::clone(node.shared_url())));
        attempt += 1;
    }
}

fn reason_of(error: &Error) -> RetryReason {
    match error.class() {
        FailureClass::NotSent => RetryReason::NotSent,
        _ if error.is_timeout() => RetryReason::Timeout,
        _ => RetryReason::Idempotent,
    }
}

async fn send<S, RB>(service: S, request: Request<Body>) -> Result<Bytes>
where
    S: Service<Request<Body>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    let response = service
        .oneshot(request)
        .await
        .map_err(Error::from_service)?;
    let response = response.map(ResponseBody::new);
    let status = response.status();
    if !status.is_success() {
        return Err(Error::sniff(format!(
            "the node returned status {}",
            status.as_u16()
        )));
    }
    body::collect(response.into_body(), MAX_RESPONSE).await
}

fn usable(response: &[u8], source: &Node, filter: Option<&Filter>) -> Result<Vec<Node>> {
    let mut nodes = reply::nodes(response, source)?;
    if let Some(filter) = filter {
        nodes = nodes.into_iter().filter_map(|node| filter(node)).collect();
    }
    let found = nodes.len();
    nodes.retain(|node| node.is_https() || !source.is_https());
    if nodes.len() < found {
        tracing::warn!("sniffed nodes without TLS are ignored: the one that reported them has it");
    }
    if nodes.is_empty() {
        return Err(Error::sniff("no node of the response can be used"));
    }
    Ok(nodes)
}
