use http::{Method, StatusCode};
use serde_json::Value;

use crate::support::{Platform, call, check, free_port, listens};

const QUEUE: &str = include_str!("../../events/azure_queue.json");
const HTTP: &str = include_str!("../../events/azure_http.json");

#[tokio::test]
async fn azure_functions() {
    let port = free_port().await;
    let settings = [("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())];
    let platform = Platform::start(env!("CARGO_BIN_EXE_azure_functions"), &settings).await;
    listens(port).await;
    let pass = async |target: &str, event: String| -> Value {
        let (status, body) = call(port, Method::POST, target, &[], event).await;
        assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    };
    let keep = async |id: Option<&'static str>| {
        let mut event: Value = serde_json::from_str(QUEUE).unwrap();
        if let Some(id) = id {
            event["Metadata"]["Id"] = id.into();
        }
        assert_eq!(pass("/orders", event.to_string()).await["Logs"][0], "kept");
    };
    let find = async || {
        let response = pass("/find", HTTP.to_owned()).await;
        let response = &response["Outputs"]["res"];
        assert_eq!(response["statusCode"], 200);
        serde_json::from_str(response["body"].as_str().unwrap()).unwrap()
    };
    check(
        &platform,
        "800ae4b3-bdd2-4c08-badd-f08e5a34b865",
        keep,
        find,
    )
    .await;
}
