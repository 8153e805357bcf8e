//! Exports the result of a query as CSV.
//!
//!     cargo run --example export_csv

use es_client::dsl::Query;
use examples::{Product, Result, shop};
use futures_util::TryStreamExt;

#[tokio::main]
async fn main() -> Result {
    let (_cluster, client) = shop().await?;
    let mut csv = csv::Writer::from_writer(Vec::new());

    let mut hits = client
        .helpers()
        .read_all::<Product>("products")
        .query(&Query::range("stock").lt(2))
        .stream();
    while let Some(hit) = hits.try_next().await? {
        if let Some(product) = hit.into_source()? {
            // Columns are the fields of the struct.
            csv.serialize(product)?;
        }
    }

    let text = String::from_utf8(csv.into_inner()?)?;
    println!(
        "{} products are almost sold out, the first five:",
        text.lines().count() - 1
    );
    for line in text.lines().take(6) {
        println!("    {line}");
    }
    Ok(())
}
