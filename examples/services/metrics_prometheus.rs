//! Metrics of requests in the format of Prometheus, by the feature `metrics`.
//!
//!     cargo run -p examples-services --example metrics_prometheus

use es_client::SearchResponse;
use examples::{Product, Result, cluster};
use metrics_exporter_prometheus::PrometheusBuilder;

#[tokio::main]
async fn main() -> Result {
    // In a service: serve `prometheus.render()` at /metrics, or let the exporter listen.
    let prometheus = PrometheusBuilder::new().install_recorder()?;
    let (_cluster, client) = cluster().await?;

    client
        .index("products")
        .id("1")
        .document(Product::numbered(1))
        .await?;
    for _ in 0..5 {
        let _: SearchResponse<Product> = client.search("products").await?;
    }
    // A request that fails is counted with its kind.
    if let Err(error) = client.search::<Product>("missing").await {
        println!("{error}\n");
    }

    print!("{}", prometheus.render());
    Ok(())
}
