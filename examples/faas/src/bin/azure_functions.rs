//! Azure Functions as a custom handler: an HTTP server on
//! `FUNCTIONS_CUSTOMHANDLER_PORT`, to which the Functions host passes events.
//!
//! The function `orders` keeps the order of a queue's message, `find` responds to
//! an HTTP request with the orders of an item. `azure/` has their settings.

use std::{collections::HashMap, env};

use axum::{
    Json, Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use faas::{Error, Order};
use serde::Deserialize;
use serde_json::{Value, json};

/// A message of a queue, as the host passes it. Text comes as JSON within JSON.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueEvent {
    data: QueueData,
    metadata: QueueMetadata,
}

#[derive(Deserialize)]
struct QueueData {
    order: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueMetadata {
    /// The message's id, the same each time that it is delivered.
    id: String,
}

/// An HTTP request, as the host passes it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HttpEvent {
    data: HttpData,
}

#[derive(Deserialize)]
struct HttpData {
    req: HttpRequest,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HttpRequest {
    #[serde(default)]
    query: HashMap<String, String>,
}

/// The host puts the message back into the queue.
struct Failure(Error);

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        eprintln!("{}", self.0);
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let port: u16 =
        env::var("FUNCTIONS_CUSTOMHANDLER_PORT").map_or(Ok(8080), |port| port.parse())?;
    let routes = Router::new()
        .route("/orders", post(orders))
        .route("/find", post(find));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(axum::serve(listener, routes).await?)
}

async fn orders(Json(event): Json<QueueEvent>) -> Result<Json<Value>, Failure> {
    let order: Order = serde_json::from_str(&event.data.order)?;
    faas::keep(&event.metadata.id, &order).await?;
    Ok(Json(
        json!({"Outputs": {}, "Logs": ["kept"], "ReturnValue": null}),
    ))
}

async fn find(Json(event): Json<HttpEvent>) -> Result<Json<Value>, Failure> {
    let item = event.data.req.query.get("item").map_or("", String::as_str);
    let orders = faas::find(item).await?;
    let response = json!({
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": serde_json::to_string(&orders)?,
    });
    Ok(Json(
        json!({"Outputs": {"res": response}, "Logs": [], "ReturnValue": null}),
    ))
}
