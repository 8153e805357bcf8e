//! A web service: a typed repository, an API key per tenant, a deadline per request.
//!
//!     cargo run -p examples-services --example axum_service

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, Request, StatusCode},
    routing::get,
};
use es_client::{Elasticsearch, SearchResponse, dsl};
use examples::{Product, Result, shop};
use http_body_util::BodyExt;
use serde::Deserialize;
use tower::ServiceExt;

/// One client per tenant. They share connections and the state of nodes.
struct Shop {
    tenants: HashMap<String, Elasticsearch>,
}

#[derive(Deserialize)]
struct Search {
    q: String,
}

async fn search(
    State(shop): State<Arc<Shop>>,
    headers: HeaderMap,
    Query(Search { q }): Query<Search>,
) -> std::result::Result<Json<Vec<Product>>, StatusCode> {
    let tenant = headers.get("x-tenant").and_then(|name| name.to_str().ok());
    let client = tenant
        .and_then(|name| shop.tenants.get(name))
        .ok_or(StatusCode::UNAUTHORIZED)?;
    let page: SearchResponse<Product> = client
        .search("products")
        .query(dsl::Query::match_("title", &*q))
        .size(2)
        .await
        .map_err(|error| match error {
            error if error.is_timeout() => StatusCode::GATEWAY_TIMEOUT,
            error if error.is_bad_request() => StatusCode::BAD_REQUEST,
            _ => StatusCode::BAD_GATEWAY,
        })?;
    let products = page.into_documents().collect::<es_client::Result<_>>();
    Ok(Json(products.map_err(|_| StatusCode::BAD_GATEWAY)?))
}

#[tokio::main]
async fn main() -> Result {
    let (_cluster, admin) = shop().await?;
    let mut tenants = HashMap::new();
    for tenant in ["north", "south"] {
        let key = admin.security().create_api_key().name(tenant).await?;
        let options = admin.options().api_key((key.id, key.api_key));
        // The user waits at most two seconds, retries included.
        let client = options.total_timeout(Duration::from_secs(2)).into_client();
        tenants.insert(tenant.to_owned(), client);
    }
    let app = Router::new()
        .route("/search", get(search))
        .with_state(Arc::new(Shop { tenants }));

    // In a service: axum::serve(listener, app).
    for tenant in ["north", "nobody"] {
        let request = Request::get("/search?q=jacket")
            .header("x-tenant", tenant)
            .body(Body::empty())?;
        let response = app.clone().oneshot(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        println!("{tenant}: {status} {}", String::from_utf8_lossy(&body));
    }
    Ok(())
}
