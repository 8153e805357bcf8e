//! Aggregations: buckets, metrics in buckets, and metrics of the whole.
//!
//!     cargo run --example aggregations

use es_client::{SearchResponse, dsl::Aggregation};
use examples::{Result, shop};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result {
    let (_cluster, client) = shop().await?;

    let brands = Aggregation::terms("brand.keyword")
        .size(10)
        .aggregation("price", Aggregation::avg("price"))
        .aggregation("stock", Aggregation::sum("stock"));
    let page: SearchResponse<Value> = client
        .search("products")
        .size(0)
        .aggregations(json!({
            "brands": brands,
            "prices": Aggregation::stats("price"),
        }))
        .await?;

    println!(
        "{:<12} {:>8} {:>12} {:>8}",
        "brand", "products", "avg. price", "stock"
    );
    for bucket in &page.aggs().terms("brands")? {
        let price = bucket.aggs().avg("price")?.unwrap_or_default();
        let stock = bucket.aggs().sum("stock")?.unwrap_or_default();
        println!(
            "{:<12} {:>8} {price:>10.2} € {stock:>8}",
            bucket.key(),
            bucket.doc_count
        );
    }
    let prices = page.aggs().stats("prices")?;
    let [min, max] = [prices.min, prices.max].map(Option::unwrap_or_default);
    println!(
        "\n{} prices between {min:.2} € and {max:.2} €",
        prices.count
    );
    Ok(())
}
