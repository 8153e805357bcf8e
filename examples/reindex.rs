//! Copies an index to another cluster, and changes documents on the way.
//!
//!     cargo run --example reindex

use es_client::{dsl::Query, helpers::bulk::Operation};
use examples::{Product, Result, cluster, shop};
use futures_util::{StreamExt, TryStreamExt};

#[tokio::main]
async fn main() -> Result {
    let (_old_cluster, old) = shop().await?;
    let (_new_cluster, new) = cluster().await?;

    // Everything, with IDs and routing.
    let report = old
        .helpers()
        .reindex("products", &new, "products-copy")
        .refresh(true)
        .await?;
    println!("copied:  {report}");

    // A part of it, changed on the way.
    let hits = old
        .helpers()
        .read_all::<Product>("products")
        .query(&Query::term("brand.keyword", "Velora"))
        .stream();
    let discounted = hits.and_then(async |hit| {
        let id = hit.id.clone();
        let product = hit.into_source()?;
        let product = product.map(|product| Product {
            price: product.price * 0.8,
            ..product
        });
        Ok(Operation::index(product).id(id))
    });
    let report = new
        .helpers()
        .bulk("products-sale", discounted.boxed())
        .refresh(true)
        .await?;
    println!("on sale: {report}");

    for index in ["products-copy", "products-sale"] {
        println!(
            "{index}: {} documents",
            new.count(index).await?.count.unwrap_or(0)
        );
    }
    Ok(())
}
