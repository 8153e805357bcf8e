//! ES|QL: a query with a parameter, and its rows as structs.
//!
//!     ELASTICSEARCH_URL=http://localhost:9200 cargo run --example esql
//!
//! needs an index `products` with `brand` (`keyword`) and `price`. The embedded cluster has no ES|QL:
//! without the variable, a backend in the process checks the request and returns a fixed response.

use es_client::Elasticsearch;
use es_transport::{Body, error::BoxError};
use examples::Result;
use http::{Request, Response};
use serde_json::{Value, json};

const RESPONSE: &str = r#"{"columns": [{"name": "products", "type": "long"},
    {"name": "average", "type": "double"}, {"name": "brand", "type": "keyword"}],
    "values": [[48, 75.5, "Longstride"], [51, 74.8, "Northpeak"], [49, 76.1, "Velora"]]}"#;

#[derive(serde::Deserialize)]
struct Brand {
    brand: String,
    products: u32,
    average: f64,
}

#[tokio::main]
async fn main() -> Result {
    let client = if std::env::var_os("ELASTICSEARCH_URL").is_some() {
        Elasticsearch::from_env()?
    } else {
        Elasticsearch::builder()
            .node("http://localhost:9200")
            .http_service(tower::service_fn(respond))
            .build()?
    };
    let query = "FROM products | WHERE price > ?least \
         | STATS products = COUNT(*), average = AVG(price) BY brand | SORT brand | LIMIT 100";

    // A parameter is a value: whatever a user typed, it cannot change the query.
    let brands: Vec<Brand> = client
        .helpers()
        .esql(query)
        .param("least", 50)
        .rows()
        .await?;
    for row in brands {
        println!("{:<12} {:>4} {:.2} €", row.brand, row.products, row.average);
    }
    Ok(())
}

async fn respond(request: Request<Body>) -> std::result::Result<Response<Body>, BoxError> {
    let body = request.body().pieces().unwrap_or_default().concat();
    let body: Value = serde_json::from_slice(&body)?;
    if request.uri().path() != "/_query" || body.get("params") != Some(&json!([{"least": 50}])) {
        return Err(format!("unexpected request: {} {body}", request.uri()).into());
    }
    Ok(Response::builder()
        .header("X-Elastic-Product", "Elasticsearch")
        .body(Body::from(RESPONSE))?)
}
