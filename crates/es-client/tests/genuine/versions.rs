//! Compatibility mode and the product check, against whatever server it is.

use es_client::{Elasticsearch, Error};
use es_transport::{CompatibilityMode, layer::response_check::ProductCheck};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    server::{builder, client, is_opensearch, is_secure, major, urls, var},
    table,
};

/// A read without a body and a search with one; gives the type of its response.
async fn ask(client: &Elasticsearch) -> Result<String, Error> {
    client.info().await?;
    let search = client
        .search_all::<Value>()
        .query(json!({"match_all": {}}))
        .size(1);
    let response = search.send().await?;
    Ok(response.meta().headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned())
}

async fn ask_in(mode: CompatibilityMode) -> Result<String, Error> {
    ask(&builder().compatibility_mode(mode).build().unwrap()).await
}

/// The error that the user reads: it says what was asked for and what can be done.
fn is_told_what_to_do(error: &Error, asked: u8) {
    let transport = error.as_transport().unwrap_or_else(|| panic!("{error:?}"));
    assert!(transport.is_media_type(), "{error:?}");
    let message = transport.to_string();
    let asked = format!("the server does not take `compatible-with={asked}`");
    assert!(
        message.contains(&asked) && message.contains("set `compatibility_mode` to"),
        "{message}"
    );
}

fn vendor(major: u8) -> String {
    format!("application/vnd.elasticsearch+json;compatible-with={major}")
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn each_major_is_taken_or_refused_as_the_server_does() {
    let plain = "application/json; charset=UTF-8";
    let off = ask_in(CompatibilityMode::Off).await.unwrap();
    assert!(off.starts_with("application/json"), "{off}");
    let own = if is_opensearch() { 9 } else { major() };
    for (asked, way) in [(own - 1, "below"), (own, "its own"), (own + 1, "above")] {
        let response = ask_in(CompatibilityMode::Fixed(asked)).await;
        match (is_opensearch(), own, way) {
            // The first request with a body is refused.
            (true, ..) => is_told_what_to_do(&response.unwrap_err(), asked),
            // It knows the type, and ignores the version.
            (false, 7, _) => assert_eq!(response.unwrap(), plain),
            (false, _, "above") => is_told_what_to_do(&response.unwrap_err(), asked),
            (false, ..) => assert_eq!(response.unwrap(), vendor(asked)),
        }
    }
    let negotiated = ask_in(CompatibilityMode::Negotiated).await.unwrap();
    let cell = match (is_opensearch(), own) {
        (true, _) => "none accepted; `Off`, `Negotiated`".to_owned(),
        (false, 7) => "any accepted, plain JSON returned".to_owned(),
        (false, _) => {
            assert_eq!(negotiated, vendor(own));
            format!("{}, {own}; {} refused; `Negotiated`", own - 1, own + 1)
        }
    };
    table::says("compatibility mode", cell);
}

/// Runs the next test in a process of its own, since the environment belongs to all of it.
#[tokio::test]
#[ignore = "needs a cluster"]
async fn the_environment_switches_compatibility_mode() {
    for value in ["true", "false"] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([
                "--ignored",
                "--exact",
                "versions::the_mode_of_the_environment",
            ])
            .env("ELASTIC_CLIENT_APIVERSIONING", value);
        let output = command.output().await.unwrap();
        assert!(
            output.status.success(),
            "{value}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn the_mode_of_the_environment() {
    let off = std::env::var("ELASTIC_CLIENT_APIVERSIONING").is_ok_and(|value| value == "false");
    // What a user's client is who sets nothing.
    let product = if is_opensearch() {
        ProductCheck::Off
    } else {
        ProductCheck::Enforce
    };
    let mut user = Elasticsearch::builder()
        .nodes(urls())
        .product_check(product);
    if is_secure() {
        user = user
            .ca_certs(var("ES_CA"))
            .basic_auth(var("ES_USER"), var("ES_PASSWORD"));
    }
    let response = ask(&user.build().unwrap()).await;
    if !off && (is_opensearch() || major() == 8) {
        is_told_what_to_do(&response.unwrap_err(), 9);
    } else {
        assert_eq!(response.unwrap() == vendor(9), !off && major() == 9);
    }
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn the_product_is_checked() {
    let unchecked = client().info().await.unwrap();
    assert_eq!(unchecked.version.number, var("ES_VERSION"));
    if !is_opensearch() {
        builder()
            .product_check(ProductCheck::Enforce)
            .build()
            .unwrap()
            .info()
            .await
            .unwrap();
        return table::says("product check", "passes");
    }
    let plain = || {
        Elasticsearch::builder()
            .nodes(urls())
            .compatibility_mode(CompatibilityMode::Off)
    };
    let error = plain().build().unwrap().info().await.unwrap_err();
    let transport = error.as_transport().unwrap();
    assert!(transport.is_unsupported_product(), "{error:?}");
    assert!(
        transport.to_string().contains("product_check"),
        "{transport}"
    );
    for verification in [ProductCheck::Warn, ProductCheck::Off] {
        plain()
            .product_check(verification)
            .build()
            .unwrap()
            .info()
            .await
            .unwrap();
    }
    table::says("product check", "refused; works with `Warn` and `Off`");
}
