use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::{
    lambda_api::LambdaApi,
    support::{Platform, check},
};

const POST: &str = include_str!("../../events/aws_post.json");
const GET: &str = include_str!("../../events/aws_get.json");

#[tokio::test]
async fn aws_lambda() {
    let api = LambdaApi::start().await;
    let settings = [
        ("AWS_LAMBDA_RUNTIME_API", api.address.clone()),
        ("AWS_LAMBDA_FUNCTION_NAME", "orders".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/orders".to_owned()),
        (
            "AWS_LAMBDA_LOG_STREAM_NAME",
            "2026/01/01/[$LATEST]0".to_owned(),
        ),
    ];
    let platform = Platform::start(env!("CARGO_BIN_EXE_aws_lambda"), &settings).await;
    let invocations = AtomicU32::new(0);
    let invoke = async |event: String| {
        let number = invocations.fetch_add(1, Ordering::Relaxed);
        api.invoke(&format!("8476a536-e9f4-11e8-9739-{number:012}"), event)
            .await
    };
    let keep = async |id: Option<&'static str>| {
        let mut event: Value = serde_json::from_str(POST).unwrap();
        if let Some(id) = id {
            event["requestContext"]["requestId"] = id.into();
        }
        assert_eq!(invoke(event.to_string()).await.unwrap()["statusCode"], 201);
    };
    let find = async || {
        let response = invoke(GET.to_owned()).await.unwrap();
        assert_eq!(response["headers"]["content-type"], "application/json");
        serde_json::from_str(response["body"].as_str().unwrap()).unwrap()
    };
    check(&platform, "JKJaXmPLvHcESHA=", keep, find).await;

    // What cannot be kept is an error of the function, not of its process.
    let mut event: Value = serde_json::from_str(POST).unwrap();
    (event["body"], event["isBase64Encoded"]) = (json!("{}"), false.into());
    let error = invoke(event.to_string()).await.unwrap_err();
    assert!(
        error["errorMessage"].as_str().unwrap().contains("item"),
        "{error}"
    );
    assert_eq!(invoke(GET.to_owned()).await.unwrap()["statusCode"], 200);
}
