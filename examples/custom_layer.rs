//! Two layers of our own in the built-in stack: tower's rate limiter and one that signs
//! each request with the host and the bytes that are really sent.
//!
//!     cargo run --example custom_layer

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use es_client::Elasticsearch;
use es_testkit::Cluster;
use es_transport::{Body, StackService};
use examples::Result;
use http::{HeaderValue, Request};
use serde_json::json;
use tokio::time::Instant;
use tower::{Layer, Service, ServiceBuilder};

#[tokio::main]
async fn main() -> Result {
    let cluster = Cluster::builder().nodes(2).start().await?;

    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        // At most 5 requests in 200 ms. A buffer lets all callers share the one limiter.
        .layer_request(
            ServiceBuilder::new()
                .buffer(64)
                .rate_limit(5, Duration::from_millis(200)),
        )
        // Below node selection, where host, headers and bytes are final.
        .layer_node(SignLayer::new("secret of this example"))
        .build()?;

    let started = Instant::now();
    for number in 0..10 {
        client
            .index("events")
            .id(number.to_string())
            .document(json!({"number": number}))
            .await?;
    }
    println!("10 requests took {:?}", started.elapsed());

    let request = cluster.node(0).requests().pop().ok_or("no request")?;
    println!(
        "the last one was signed: {:?}",
        request.headers.get("x-signature")
    );

    // Everything else of the built-in stack is still there.
    let pool = client.transport().pool().ok_or("no pool")?;
    println!("{} of {} nodes are live", pool.live(), pool.len());
    Ok(())
}

/// Signs requests with a key.
#[derive(Clone)]
struct SignLayer {
    key: Arc<str>,
}

impl SignLayer {
    fn new(key: &str) -> Self {
        Self { key: key.into() }
    }
}

impl Layer<StackService> for SignLayer {
    type Service = Sign;

    fn layer(&self, inner: StackService) -> Sign {
        Sign {
            inner,
            key: Arc::clone(&self.key),
        }
    }
}

/// The service of [`SignLayer`].
#[derive(Clone)]
struct Sign {
    inner: StackService,
    key: Arc<str>,
}

impl Service<Request<Body>> for Sign {
    type Response = <StackService as Service<Request<Body>>>::Response;
    type Error = <StackService as Service<Request<Body>>>::Error;
    type Future = <StackService as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let signature = signature(&self.key, &request);
        request
            .headers_mut()
            .insert("x-signature", HeaderValue::from(signature));
        self.inner.call(request)
    }
}

/// Returns a checksum instead of a real signature.
fn signature(key: &str, request: &Request<Body>) -> u64 {
    let host = request.uri().host().unwrap_or_default();
    let pieces = request.body().pieces().unwrap_or_default();

    let bytes = [key, host, request.uri().path()]
        .into_iter()
        .flat_map(str::bytes);
    let bytes = bytes.chain(pieces.iter().flatten().copied());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
