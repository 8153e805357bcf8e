//! The whole stack composed by hand, in the order of the built-in one, with a layer of
//! tower-http and one of our own in the middle. Nothing is dropped: pool, sniffing and
//! closing work as they do for a transport that was built from settings.
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
    Body, Credentials, Node, NodePool, Transport,
    connect::{Connections, Connector, Pem, TlsSettings},
    layer::{
        AttemptTimeoutLayer, AuthLayer, CollectLayer, CompressionLayer, DecompressionLayer,
        DefaultHeadersLayer, MediaTypeLayer, ProductCheckLayer, RedirectCheckLayer, RetryLayer,
        SelectNodeLayer, TotalTimeoutLayer, TraceAttemptLayer, TraceLayer,
    },
    node::LeastInFlight,
    sniff::{SniffOptions, Sniffer},
    transport::TransportParts,
};
use examples::Result;
use http::{HeaderName, HeaderValue, Request};
use tower::{Layer, Service, ServiceBuilder};
use tower_http::set_header::SetRequestHeaderLayer;

#[tokio::main]
async fn main() -> Result {
    let cluster = Cluster::builder().nodes(3).tls(true).start().await?;
    cluster.node(0).inject(Fault::status(503).once());

    // Where requests go, and how connections are opened and verified.
    let nodes = cluster
        .urls()
        .iter()
        .map(|url| url.parse())
        .collect::<es_transport::Result<Vec<Node>>>()?;
    let pool = NodePool::new(nodes)?;
    let tls = TlsSettings::new().ca_certs(Pem::bytes(cluster.ca_pem().to_owned()));
    let connections = Connections::with_connector(Connector::builder().tls(tls).build()?);

    // One attempt, from its headers to the connection.
    let compression = CompressionLayer::new();
    let product = ProductCheckLayer::new();
    let attempts = CountLayer::default();
    let attempt = ServiceBuilder::new()
        .layer(DefaultHeadersLayer::new())
        .layer(MediaTypeLayer::default())
        .layer(AuthLayer::new(Credentials::basic(
            "elastic",
            cluster.password(),
        )?))
        // Below retry: it counts attempts, not calls.
        .layer(attempts.clone())
        .layer(SelectNodeLayer::new(pool.clone(), LeastInFlight))
        .layer(product.clone())
        .layer(RedirectCheckLayer::new())
        .layer(DecompressionLayer::new())
        .layer(TraceAttemptLayer::new())
        .layer(AttemptTimeoutLayer::new(Duration::from_secs(10)))
        .layer(CollectLayer::new())
        .service(connections.clone());

    // The sniffer sends its own requests as attempts.
    let sniffer = Sniffer::new(pool.clone(), attempt.clone(), SniffOptions::default());

    // One request, with all its attempts.
    let stack = ServiceBuilder::new()
        .layer(TraceLayer::new())
        .layer(TotalTimeoutLayer::new(Duration::from_secs(60)))
        .layer(compression)
        .layer(SetRequestHeaderLayer::overriding(
            HeaderName::from_static("x-opaque-id"),
            HeaderValue::from_static("custom-stack"),
        ))
        .layer(RetryLayer::default())
        .layer(sniffer.layer())
        .service(attempt);

    let parts = TransportParts::new(pool)
        .sniffer(sniffer)
        .compression(&compression)
        .product_check(&product)
        .total_timeout(Duration::from_secs(60))
        .on_close(move || connections.close());
    let transport = Transport::from_parts(stack, parts);
    let client = Elasticsearch::from(transport.clone());

    for _ in 0..10 {
        client.info().await?;
    }
    println!("10 calls took {} attempts", attempts.count());
    let requests = cluster.node(0).requests();
    let opaque_id = requests
        .iter()
        .find_map(|request| request.headers.get("x-opaque-id"));
    println!("the first node saw x-opaque-id {opaque_id:?}");

    transport.sniff().await?;
    println!(
        "the cluster has {} nodes",
        transport.pool().map_or(0, |pool| pool.len())
    );
    transport.close();
    println!("closed: {}", client.info().await.is_err());
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
        Count {
            inner,
            passed: Arc::clone(&self.0),
        }
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
