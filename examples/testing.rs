//! A test of your own code against the embedded cluster, with a fault.
//!
//!     cargo run --example testing     # in a project of yours: cargo test

use es_client::{Elasticsearch, SearchResponse, dsl::Query};
use es_testkit::{Cluster, Fault};
use examples::{Product, Result};

/// The code under test: a repository of products.
struct Products(Elasticsearch);

impl Products {
    async fn by_brand(&self, brand: &str) -> es_client::Result<Vec<Product>> {
        let query = Query::term("brand.keyword", brand);
        let page: SearchResponse<Product> =
            self.0.search("products").query(query).size(100).await?;
        page.into_documents().collect()
    }
}

/// In a project of yours, this is `#[tokio::test]`.
#[tokio::main]
async fn main() -> Result {
    let cluster = Cluster::builder().nodes(2).start().await?;
    let client = Elasticsearch::builder().nodes(cluster.urls()).build()?;
    let sample = (0..6).map(Product::numbered);
    assert!(
        client
            .helpers()
            .bulk("products", sample)
            .await?
            .is_complete()
    );
    let products = Products(client);

    assert_eq!(products.by_brand("Velora").await?.len(), 2);

    // Both nodes are overloaded once: the client waits and retries.
    for node in cluster.nodes() {
        node.inject(Fault::status(429).once().on_path("_search"));
    }
    assert_eq!(products.by_brand("Velora").await?.len(), 2);

    // One node is gone: the other one serves.
    cluster.node(0).kill().await;
    assert_eq!(products.by_brand("Velora").await?.len(), 2);

    let searches = cluster.nodes().into_iter().flat_map(|node| node.requests());
    let searches = searches
        .filter(|request| request.target.contains("_search"))
        .count();
    println!("3 calls, {searches} searches arrived.");
    Ok(())
}
