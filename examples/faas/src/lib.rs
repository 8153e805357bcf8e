//! Shared by the functions: the client, which lives as long as the process and
//! is thereby shared by all calls that one instance serves, and the two things
//! that they do with it.

use std::{env, sync::LazyLock, time::Duration};

use es_client::{Elasticsearch, SearchResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Where orders are kept.
pub const INDEX: &str = "orders";

/// Any error, as the platforms take it.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// In global scope: made at the first call, kept for all others, so that a warm
/// instance uses its connections again. To make it does no I/O, which keeps a
/// cold start short. After a freeze its idle connections are thrown away.
static CLIENT: LazyLock<Result<Elasticsearch, es_client::Error>> = LazyLock::new(connect);

fn connect() -> Result<Elasticsearch, es_client::Error> {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let mut builder = Elasticsearch::builder()
        // Less than the time that the platform gives the function, so that it
        // can still say what went wrong.
        .total_timeout(Duration::from_secs(8));
    if let Some(cloud_id) = set("ES_CLOUD_ID") {
        builder = builder.cloud_id(cloud_id);
    }
    if let Some(urls) = set("ES_URL") {
        builder = builder.nodes(urls.split(',').map(str::trim));
    }
    if let Some(fingerprint) = set("ES_FINGERPRINT") {
        builder = builder.ssl_assert_fingerprint(fingerprint);
    }
    if let Some(key) = set("ES_API_KEY") {
        builder = builder.api_key(key);
    }
    builder.build()
}

/// The client of this instance.
///
/// # Errors
/// A setting in the environment cannot be used.
pub fn client() -> Result<&'static Elasticsearch, Error> {
    CLIENT.as_ref().map_err(|error| error.to_string().into())
}

/// The document that the functions write and read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Name of the article.
    pub item: String,
    /// The number.
    pub quantity: u32,
}

/// Keeps an order. The event's own id becomes the document's: platforms deliver
/// an event more than once, and the order is still there once only.
///
/// # Errors
/// The order cannot be written.
pub async fn keep(event_id: &str, order: &Order) -> Result<(), Error> {
    client()?.index(INDEX).id(event_id).document(order).await?;
    Ok(())
}

/// Finds the orders of an item.
///
/// # Errors
/// The orders cannot be searched.
pub async fn find(item: &str) -> Result<Vec<Order>, Error> {
    let query = json!({"match": {"item": item}});
    let found: SearchResponse<Order> = client()?.search(INDEX).query(&query).size(100).await?;
    Ok(found.into_documents().collect::<Result<_, _>>()?)
}
