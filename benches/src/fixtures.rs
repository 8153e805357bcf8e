//! Fixtures for benches of a stack of your own; `benches/template.rs` shows their use.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use es_transport::{Body, Node, NodePool};
use http::{HeaderValue, Request, Response};
use tower::Service;

use crate::operation::BoxError;

/// A backend that responds at once, as Elasticsearch does to a `HEAD` request.
#[derive(Debug, Clone)]
pub struct Backend;

impl<B> Service<Request<B>> for Backend {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let mut response = Response::new(Body::empty());
        let product = HeaderValue::from_static("Elasticsearch");
        response.headers_mut().insert("x-elastic-product", product);
        ready(Ok(response))
    }
}

/// Creates a pool of `nodes` nodes.
///
/// # Errors
/// Never: the URLs are valid.
pub fn pool(nodes: usize) -> Result<Arc<NodePool>, BoxError> {
    let nodes = (0..nodes)
        .map(|number| format!("https://node-{number}.example.com:9200").parse())
        .collect::<Result<Vec<Node>, _>>()?;
    Ok(NodePool::new(nodes)?)
}
