//! Compatibility mode and the product check, against whatever server it is.

use es_client::{Elasticsearch, Error};
use es_transport::{CompatibilityMode, layer::product_check::Verification};
use serde_json::json;

use crate::server::{builder, client, is_opensearch, is_secure, lacks, major, urls, var};

/// A read without a body and a search with one.
async fn ask(mode: CompatibilityMode) -> Result<(), Error> {
    let client = builder().compatibility_mode(mode).build().unwrap();
    client.info().await?;
    client.search_all::<serde_json::Value>().query(json!({"match_all": {}})).size(1).await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn a_major_that_the_server_takes_is_taken() {
    ask(CompatibilityMode::Off).await.unwrap();
    ask(CompatibilityMode::Negotiated).await.unwrap();
    if lacks(is_opensearch(), "compatibility mode") {
        return;
    }
    ask(CompatibilityMode::Fixed(major())).await.unwrap();
    // 7.17 knows no vendor type before its own.
    if major() > 7 {
        ask(CompatibilityMode::Fixed(major() - 1)).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn a_major_that_the_server_refuses_is_an_error_that_names_the_setting() {
    if lacks(!is_opensearch() && major() == 7, "it takes every major's vendor type") {
        return;
    }
    let refused = if is_opensearch() { 9 } else { major() + 1 };
    let error = ask(CompatibilityMode::Fixed(refused)).await.unwrap_err();
    let transport = error.as_transport().unwrap_or_else(|| panic!("{error:?}"));
    assert!(transport.is_media_type(), "{error:?}");
    assert!(transport.to_string().contains("compatibility_mode"), "{transport}");
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn the_product_is_checked() {
    let unchecked = client().info().await.unwrap();
    assert_eq!(unchecked.version.number, var("ES_VERSION"));
    let plain =
        || Elasticsearch::builder().nodes(urls()).compatibility_mode(CompatibilityMode::Off);
    if is_opensearch() {
        let error = plain().build().unwrap().info().await.unwrap_err();
        assert!(error.as_transport().unwrap().is_unsupported_product(), "{error:?}");
        plain().product_check(Verification::Warn).build().unwrap().info().await.unwrap();
    } else if !is_secure() {
        plain().build().unwrap().info().await.unwrap();
    }
}
