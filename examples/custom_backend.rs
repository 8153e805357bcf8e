//! hyper-util's pooling client instead of the built-in connections. The built-in stack
//! above it stays: nodes, retries, product check, media types, spans.
//!
//!     cargo run --example custom_backend

use es_client::Elasticsearch;
use es_testkit::{Cluster, Fault};
use es_transport::Body;
use examples::Result;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

#[tokio::main]
async fn main() -> Result {
    let cluster = Cluster::builder().nodes(2).start().await?;

    // Any `tower::Service<http::Request<Body>>` will do; requests have absolute URIs.
    let backend = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .http_service(backend)
        .build()?;

    // One node fails: its error is recognised, and the request goes on to the other one.
    cluster.node(0).inject(Fault::status(503).once());
    for _ in 0..4 {
        let info = client.info().await?;
        println!("{} runs {}", info.name, info.version.number);
    }

    // Settings that this backend would ignore are refused by name.
    let backend = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let refused = Elasticsearch::builder()
        .nodes(cluster.urls())
        .connections_per_node(8)
        .http_service(backend)
        .build();
    println!("{}", refused.err().ok_or("the setting was ignored")?);
    Ok(())
}
