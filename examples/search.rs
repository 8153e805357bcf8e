//! Searches: full text, filters, sorting, pages by `search_after`.
//!
//!     cargo run --example search

use es_client::{
    SearchResponse,
    dsl::{Query, Sort},
};
use examples::{Product, Result, shop};

#[tokio::main]
async fn main() -> Result {
    let (_cluster, client) = shop().await?;

    let page: SearchResponse<Product> = client
        .search("products")
        .query(Query::match_("title", "trail shoes"))
        .size(3)
        .await?;
    println!(
        "{} products match “trail shoes”, the first three:",
        page.total().unwrap_or(0)
    );
    for product in page.documents() {
        let product = product?;
        println!(
            "    {:<16} {:<12} {:>6.2} €",
            product.title, product.brand, product.price
        );
    }

    let affordable = Query::bool()
        .must(Query::match_("title", "jacket"))
        .filter(Query::range("price").lt(40))
        .filter(Query::range("stock").gte(1));
    let page: SearchResponse<Product> = client
        .search("products")
        .query(&affordable)
        .sort([Sort::field("price").desc()])
        .size(5)
        .await?;
    println!(
        "\nJackets in stock for less than 40 €: {}",
        page.total().unwrap_or(0)
    );
    for product in page.documents() {
        let product = product?;
        println!("    {:<16} {:>6.2} €", product.title, product.price);
    }

    let number = client
        .count("products")
        .query(Query::term("brand.keyword", "Velora"))
        .await?;
    println!("\n{} products are by Velora.", number.count.unwrap_or(0));
    Ok(())
}
