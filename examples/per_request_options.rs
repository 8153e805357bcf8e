//! Options of single requests: credentials, timeouts, headers, statuses that are no error.
//!
//!     cargo run --example per_request_options

use std::time::Duration;

use es_client::SearchResponse;
use examples::{Product, Result, shop};
use http::StatusCode;

#[tokio::main]
async fn main() -> Result {
    let (cluster, client) = shop().await?;

    // For one request.
    let page: SearchResponse<Product> = client
        .options()
        .request_timeout(Duration::from_secs(2))
        .total_timeout(Duration::from_secs(5))
        .max_retries(1)
        .opaque_id("checkout-4711")
        .search("products")
        .size(1)
        .await?;
    println!(
        "{} products, within 5 s and one retry",
        page.total().unwrap_or(0)
    );

    // For many: the client shares everything with the first one, except for the options.
    let tenant = client
        .options()
        .api_key(cluster.api_key_encoded())
        .into_client();
    println!(
        "authenticated by {}",
        tenant.security().authenticate().await?.authentication_type
    );

    // A status that is expected here is not an error of the raw response.
    let response = client
        .options()
        .ignore_status([StatusCode::NOT_FOUND])
        .indices()
        .delete("no-such-index")
        .send()
        .await?;
    println!("delete of a missing index: {}", response.status());

    // A write is retried after a lost response only if it is idempotent; here, we say so.
    let counted = client.options().idempotent(true);
    counted
        .index("log")
        .document(serde_json::json!({"event": "login"}))
        .await?;
    Ok(())
}
