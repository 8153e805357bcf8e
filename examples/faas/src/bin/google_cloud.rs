//! Google Cloud Run and Cloud Functions: an HTTP server on `PORT`.
//!
//! `POST /` takes a CloudEvent of a Pub/Sub topic, as Eventarc delivers it, and
//! keeps the order that is its message; `GET /orders?item=…` finds some.

use std::env;

use axum::{
    Json, Router,
    extract::Query,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use faas::{Error, Order, find, keep};
use serde::Deserialize;

/// The used part of `google.cloud.pubsub.topic.v1.messagePublished`.
#[derive(Deserialize)]
struct MessagePublished {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    /// The message, in base64.
    data: String,
}

#[derive(Deserialize)]
struct Wanted {
    item: String,
}

/// Says why in the log and in the response; the event is delivered again.
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
    let port: u16 = env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let routes = Router::new()
        .route("/", post(event))
        .route("/orders", get(orders));
    let listener = tokio::net::TcpListener::bind(("0.0.0.0", port)).await?;
    Ok(axum::serve(listener, routes).await?)
}

async fn event(
    headers: HeaderMap,
    Json(event): Json<MessagePublished>,
) -> Result<StatusCode, Failure> {
    let id = headers
        .get("ce-id")
        .ok_or("the request is no CloudEvent: `ce-id` is missing")?;
    let order: Order = serde_json::from_slice(&STANDARD.decode(event.message.data)?)?;
    keep(id.to_str()?, &order).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn orders(Query(wanted): Query<Wanted>) -> Result<Json<Vec<Order>>, Failure> {
    Ok(Json(find(&wanted.item).await?))
}
