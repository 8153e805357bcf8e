//! AWS Lambda behind an HTTP API of API Gateway (payload format 2.0):
//! `POST /orders` keeps an order, `GET /orders?item=…` finds some.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use faas::{Error, find, keep};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};

/// The used part of an event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpEvent {
    request_context: Context,
    #[serde(default)]
    query_string_parameters: HashMap<String, String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    http: Http,
    request_id: String,
}

#[derive(Deserialize)]
struct Http {
    method: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<HttpEvent>) -> Result<Value, Error> {
    let event = event.payload;
    Ok(match &*event.request_context.http.method {
        "POST" => {
            let order = match event.is_base64_encoded {
                true => serde_json::from_slice(&STANDARD.decode(&event.body)?)?,
                false => serde_json::from_str(&event.body)?,
            };
            keep(&event.request_context.request_id, &order).await?;
            respond(201, &json!({"id": event.request_context.request_id}))
        }
        "GET" => {
            let item = event
                .query_string_parameters
                .get("item")
                .map_or("", String::as_str);
            respond(200, &serde_json::to_value(find(item).await?)?)
        }
        _ => respond(405, &json!({"error": "POST or GET"})),
    })
}

fn respond(status: u16, body: &Value) -> Value {
    json!({
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": body.to_string(),
    })
}
