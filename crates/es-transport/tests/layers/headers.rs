//! Default headers: who wins, and what cannot be a header.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use crate::exchange;

use std::sync::Arc;

use es_transport::{
    Body, Credentials, RequestAuth, RequestOptions, layer::default_headers::DefaultHeadersLayer,
};
use exchange::exchange;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use proptest::prelude::*;

async fn sent(layer: &DefaultHeadersLayer, request: Request<Body>) -> HeaderMap {
    let (response, mut seen) = exchange(layer, request, vec![Response::default()]).await;
    response.unwrap();
    std::mem::take(seen[0].headers_mut())
}

fn plain() -> Request<Body> {
    Request::new(Body::empty())
}

fn with(options: RequestOptions) -> Request<Body> {
    let mut request = plain();
    Arc::new(options).attach(&mut request);
    request
}

#[tokio::test]
async fn agent_and_meta_are_sent_by_default_and_nothing_else() {
    let headers = sent(&DefaultHeadersLayer::new(), plain()).await;
    let agent = headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with(concat!(
        "es-transport/",
        env!("CARGO_PKG_VERSION"),
        " (Rust; "
    )));
    let meta = headers["x-elastic-client-meta"].to_str().unwrap();
    assert!(
        meta.starts_with(concat!("es=", env!("CARGO_PKG_VERSION"), ",rs=1.")),
        "{meta}"
    );
    assert_eq!(headers.len(), 2);
}

#[tokio::test]
async fn what_is_set_is_sent() {
    let layer = DefaultHeadersLayer::new()
        .user_agent("shop/1.0")
        .unwrap()
        .client_meta(false)
        .opaque_id("job-7")
        .unwrap()
        .header("X-Tenant", "blue")
        .unwrap();
    let headers = sent(&layer, plain()).await;
    assert_eq!(headers["user-agent"], "shop/1.0");
    assert_eq!(headers["x-opaque-id"], "job-7");
    assert_eq!(headers["x-tenant"], "blue");
    assert_eq!(headers.len(), 3);
    let headers = sent(&layer.client_version("9.2.0-rc.1"), plain()).await;
    assert!(
        headers["x-elastic-client-meta"]
            .to_str()
            .unwrap()
            .starts_with("es=9.2.0p,")
    );
}

#[tokio::test]
async fn the_request_wins_then_its_options_then_the_defaults() {
    let layer = DefaultHeadersLayer::empty()
        .header("a", "default")
        .and_then(|layer| layer.header("b", "default"))
        .and_then(|layer| layer.header("c", "default"))
        .and_then(|layer| layer.opaque_id("default"))
        .unwrap();
    let mut options = RequestOptions::default();
    options
        .headers
        .insert("a", HeaderValue::from_static("option"));
    options
        .headers
        .insert("b", HeaderValue::from_static("option"));
    options
        .headers
        .append("b", HeaderValue::from_static("again"));
    options.opaque_id = Some(HeaderValue::from_static("option"));
    let mut request = with(options);
    request
        .headers_mut()
        .insert("a", HeaderValue::from_static("request"));
    request
        .headers_mut()
        .append("a", HeaderValue::from_static("twice"));
    let headers = sent(&layer, request).await;
    let values = |name| headers.get_all(name).iter().collect::<Vec<_>>();
    assert_eq!(values("a"), ["request", "twice"]);
    assert_eq!(values("b"), ["option", "again"]);
    assert_eq!(values("c"), ["default"]);
    assert_eq!(values("x-opaque-id"), ["option"]);
}

#[tokio::test]
async fn credentials_among_the_options_are_left_to_the_auth_layer() {
    let layer = DefaultHeadersLayer::empty()
        .header("authorization", "Custom abc")
        .unwrap();
    assert_eq!(sent(&layer, plain()).await["authorization"], "Custom abc");
    let credentials = Credentials::bearer("token").unwrap();
    for auth in [RequestAuth::None, RequestAuth::Credentials(credentials)] {
        let mut options = RequestOptions::new().auth(auth);
        options
            .headers
            .insert("authorization", HeaderValue::from_static("Other abc"));
        assert!(
            !sent(&layer, with(options))
                .await
                .contains_key("authorization")
        );
    }
}

#[tokio::test]
async fn the_layers_below_need_not_grow_the_map() {
    let without_body = &["accept", "accept-encoding", "authorization", "host"][..];
    let of_body = &["content-type", "content-encoding", "content-length"][..];
    for (method, names) in [
        (Method::HEAD, without_body.to_vec()),
        (Method::GET, without_body.to_vec()),
        (Method::POST, [without_body, of_body].concat()),
    ] {
        let mut request = plain();
        *request.method_mut() = method;
        let mut headers = sent(&DefaultHeadersLayer::new(), request).await;
        let room = headers.capacity();
        for name in names {
            headers.insert(name, HeaderValue::from_static("x"));
        }
        assert_eq!(headers.capacity(), room);
    }
}

#[test]
fn what_no_header_can_carry_is_an_error_that_names_the_setting_and_no_secret() {
    for bad in [
        "se\rcret",
        "se\ncret",
        "se\0cret",
        "gehürtet-secret",
        "",
        "  ",
    ] {
        let new = DefaultHeadersLayer::new;
        for (setting, result) in [
            ("user_agent", new().user_agent(bad)),
            ("opaque_id", new().opaque_id(bad)),
            ("headers", new().header("x-key", bad)),
        ] {
            let error = result.unwrap_err();
            assert_eq!(error.setting(), Some(setting));
            assert!(!format!("{error} {error:?}").contains("cret"), "{error:?}");
        }
    }
    let error = DefaultHeadersLayer::new()
        .header("no name", "x")
        .unwrap_err();
    assert_eq!(error.setting(), Some("headers"));
}

#[tokio::test]
async fn values_of_the_users_own_headers_are_shown_nowhere() {
    let layer = DefaultHeadersLayer::new()
        .header("x-key", "very-secret")
        .unwrap();
    assert!(!format!("{layer:?}").contains("secret"));
    assert!(!format!("{:?}", sent(&layer, plain()).await).contains("very-secret"));
}

proptest! {
    #[test]
    fn any_setting_is_an_error_or_a_header(name in ".*", value in ".*") {
        for result in [
            DefaultHeadersLayer::new().user_agent(&value),
            DefaultHeadersLayer::new().opaque_id(&value),
            DefaultHeadersLayer::new().header(&name, &value),
        ] {
            if result.is_ok() {
                prop_assert!(value.bytes().all(|b| (b' '..=b'~').contains(&b)));
            }
        }
    }
}
