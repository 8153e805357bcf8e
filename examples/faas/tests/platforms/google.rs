use http::{Method, StatusCode};

use crate::support::{Platform, call, check, free_port, listens};

const EVENT: &str = include_str!("../../events/google_pubsub.json");

#[tokio::test]
async fn google_cloud() {
    let port = free_port().await;
    let settings = [
        ("PORT", port.to_string()),
        ("K_SERVICE", "orders".to_owned()),
    ];
    let platform = Platform::start(env!("CARGO_BIN_EXE_google_cloud"), &settings).await;
    listens(port).await;
    let keep = async |id: Option<&'static str>| {
        let headers = [
            ("ce-id", id.unwrap_or("2070443601311540")),
            ("ce-specversion", "1.0"),
            (
                "ce-source",
                "//pubsub.googleapis.com/projects/shop/topics/orders",
            ),
            ("ce-type", "google.cloud.pubsub.topic.v1.messagePublished"),
            ("ce-time", "2026-02-26T19:13:55.749Z"),
        ];
        let (status, body) = call(port, Method::POST, "/", &headers, EVENT.to_owned()).await;
        assert_eq!(
            status,
            StatusCode::NO_CONTENT,
            "{}",
            String::from_utf8_lossy(&body)
        );
    };
    let find = async || {
        let (status, body) =
            call(port, Method::GET, "/orders?item=shoes", &[], String::new()).await;
        assert_eq!(status, StatusCode::OK);
        serde_json::from_slice(&body).unwrap()
    };
    check(&platform, "2070443601311540", keep, find).await;

    // What is no event is refused, and delivered again.
    let (status, _) = call(port, Method::POST, "/", &[], EVENT.to_owned()).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
}
