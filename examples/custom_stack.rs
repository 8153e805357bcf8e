//! A stack composed by hand: the public layers, a layer of tower-http and one of
//! our own in the middle, over the connections that the built-in stack uses.
//!
//!     cargo run --example custom_stack

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use es_client::Elasticsearch;
use es_testkit::{Cluster, Fault};
use es_transport::{
    Body, Credentials, Node,
    connect::{Connections, Connector, Pem, TlsSettings},
    layer::{
        auth::AuthLayer, collect::CollectLayer, default_headers::DefaultHeadersLayer,
        media_type::MediaTypeLayer, retry::RetryLayer, select_node::SelectNodeLayer,
        timeout::AttemptTimeoutLayer, trace::TraceLayer,
    },
    node::{Candidates, NodePool, RequestContext},
};
use examples::Result;
use http::{HeaderValue, Request};
use tower::{Layer, Service, ServiceBuilder};
use tower_http::set_header::SetRequestHeaderLayer;

#[tokio::main]
async fn main() -> Result {
    let cluster = Cluster::builder().nodes(3).tls(true).start().await?;
    cluster.node(0).inject(Fault::status(503).once());

    let nodes = cluster
        .urls()
        .iter()
        .map(|url| url.parse())
        .collect::<es_transport::Result<Vec<Node>>>()?;
    let pool = NodePool::new(nodes)?;
    let tls = TlsSettings::new().ca_certs(Pem::bytes(cluster.ca_pem().to_owned()));
    let connector = Connector::builder().tls(tls).build()?;
    let attempts = CountLayer::default();

    let stack = ServiceBuilder::new()
        .layer(TraceLayer::new())
        .layer(RetryLayer::default())
        // Below retry: counts attempts, not calls.
        .layer(attempts.clone())
        .layer(SetRequestHeaderLayer::overriding(
            http::HeaderName::from_static("x-opaque-id"),
            HeaderValue::from_static("custom-stack"),
        ))
        .layer(DefaultHeadersLayer::new())
        .layer(MediaTypeLayer::default())
        .layer(AuthLayer::new(Credentials::basic("elastic", cluster.password())?))
        .layer(SelectNodeLayer::new(pool, |nodes: &Candidates<'_>, _: &RequestContext<'_>| {
            nodes.least_in_flight()
        }))
        .layer(AttemptTimeoutLayer::new(Duration::from_secs(10)))
        .layer(CollectLayer::new())
        .service(Connections::with_connector(connector));

    let client = Elasticsearch::from_service(stack);
    for _ in 0..10 {
        client.info().await?;
    }
    println!("10 calls took {} attempts", attempts.count());
    let opaque_id = cluster.node(0).requests();
    let opaque_id = opaque_id.iter().find_map(|request| request.headers.get("x-opaque-id"));
    println!("the first node saw x-opaque-id {opaque_id:?}");
    Ok(())
}

/// Our own layer: it counts what passes.
#[derive(Clone, Debug, Default)]
struct CountLayer(Arc<AtomicUsize>);

impl CountLayer {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl<S> Layer<S> for CountLayer {
    type Service = Count<S>;

    fn layer(&self, inner: S) -> Count<S> {
        Count { inner, passed: Arc::clone(&self.0) }
    }
}

#[derive(Clone, Debug)]
struct Count<S> {
    inner: S,
    passed: Arc<AtomicUsize>,
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for Count<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        self.passed.fetch_add(1, Ordering::Relaxed);
        self.inner.call(request)
    }
}
