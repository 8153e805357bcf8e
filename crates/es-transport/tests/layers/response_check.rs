//! The product check and redirects.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use crate::exchange;

use es_transport::{
    Body, Error,
    layer::response_check::{ProductCheck, ProductCheckLayer, RedirectCheckLayer},
};
use exchange::exchange;
use http::{Request, Response};
use tower::{Layer, ServiceExt};
use tower_test::mock;

fn respond(status: u16, product: Option<&str>) -> Response<Body> {
    let mut builder = Response::builder().status(status);
    if let Some(product) = product {
        builder = builder.header("X-elastic-product", product);
    }
    builder.body(Body::empty()).unwrap()
}

async fn call(layer: &ProductCheckLayer, response: Response<Body>) -> Result<u16, Error> {
    let (result, _) = exchange(layer, Request::new(Body::empty()), vec![response]).await;
    result.map(|response| response.status().as_u16())
}

#[tokio::test]
async fn a_success_without_the_header_is_an_error_that_says_what_to_set() {
    let layer = ProductCheckLayer::new();
    for product in [None, Some("OpenSearch"), Some("elasticsearch")] {
        let error = call(&layer, respond(200, product)).await.unwrap_err();
        assert!(error.is_unsupported_product());
        assert!(error.to_string().contains("`product_check`"), "{error}");
    }
    // A failed check is not remembered: the cluster may be reached next time.
    assert_eq!(
        call(&layer, respond(200, Some("Elasticsearch")))
            .await
            .unwrap(),
        200
    );
}

#[tokio::test]
async fn once_seen_nobody_looks_again() {
    let layer = ProductCheckLayer::new();
    call(&layer, respond(201, Some("Elasticsearch")))
        .await
        .unwrap();
    assert_eq!(call(&layer, respond(200, None)).await.unwrap(), 200);
}

#[tokio::test]
async fn other_statuses_are_not_judged_and_prove_nothing() {
    let layer = ProductCheckLayer::new();
    for status in [401, 403, 413, 404, 429, 500, 503, 302] {
        assert_eq!(call(&layer, respond(status, None)).await.unwrap(), status);
        assert_eq!(
            call(&layer, respond(status, Some("Elasticsearch")))
                .await
                .unwrap(),
            status
        );
    }
    assert!(call(&layer, respond(200, None)).await.is_err());
}

#[tokio::test]
async fn a_404_to_head_needs_the_header() {
    let missing = |layer: ProductCheckLayer, product| async move {
        let request = Request::head("/products/_doc/1")
            .body(Body::empty())
            .unwrap();
        let (result, _) = exchange(&layer, request, vec![respond(404, product)]).await;
        result.map(|response| response.status().as_u16())
    };
    let layer = ProductCheckLayer::new();
    // Also after another response has passed the check.
    call(&layer, respond(200, Some("Elasticsearch")))
        .await
        .unwrap();
    assert_eq!(
        missing(layer.clone(), Some("Elasticsearch")).await.unwrap(),
        404
    );
    let error = missing(layer.clone(), None).await.unwrap_err();
    assert!(error.is_unsupported_product(), "{error}");
    let off = ProductCheckLayer::new().mode(ProductCheck::Off);
    assert_eq!(missing(off, None).await.unwrap(), 404);
}

#[tokio::test]
async fn warn_and_off_forward_the_response() {
    for verification in [ProductCheck::Warn, ProductCheck::Off] {
        let layer = ProductCheckLayer::new().mode(verification);
        for _ in 0..2 {
            assert_eq!(call(&layer, respond(200, None)).await.unwrap(), 200);
        }
    }
}

#[tokio::test]
async fn readiness_and_errors_are_those_of_the_inner_service() {
    let (inner, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
    handle.allow(0);
    let mut service = tower_test::mock::Spawn::new(ProductCheckLayer::new().layer(inner));
    assert!(service.poll_ready::<Request<Body>>().is_pending());
    handle.allow(1);
    assert!(service.poll_ready::<Request<Body>>().is_ready());
    let call = service.call(Request::new(Body::empty()));
    let server = async { handle.next_request().await.unwrap().1.send_error("broken") };
    let (result, ()) = tokio::join!(call, server);
    let error = result.unwrap_err();
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "broken"
    );
}

async fn redirect(status: u16, location: Option<&str>) -> Result<u16, Error> {
    let mut builder = Response::builder().status(status);
    if let Some(location) = location {
        builder = builder.header("location", location);
    }
    let response = builder.body(Body::empty()).unwrap();
    let (inner, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
    let service = RedirectCheckLayer::new().layer(inner);
    let server = async {
        handle
            .next_request()
            .await
            .unwrap()
            .1
            .send_response(response)
    };
    let (result, ()) = tokio::join!(service.oneshot(Request::new(Body::empty())), server);
    result.map(|response| response.status().as_u16())
}

#[tokio::test]
async fn a_redirect_names_its_host_but_no_secret() {
    for (location, shown) in [
        (
            "https://user:secret@login.example:8443/in?token=secret",
            "https://login.example:8443/in",
        ),
        ("/in?token=secret", "/in"),
        ("//u:secret@other.example/x", "//other.example/x"),
        ("ht tp://secret", "a location that is no URL"),
    ] {
        for status in [300, 301, 302, 303, 307, 308] {
            let error = redirect(status, Some(location)).await.unwrap_err();
            assert!(error.is_redirect() && !error.is_not_sent());
            let text = error.to_string();
            assert!(
                text.ends_with(&format!("status {status} to {shown}")),
                "{text}"
            );
            assert!(!format!("{error:?}{text}").contains("secret"), "{error:?}");
        }
    }
    assert!(
        redirect(302, None)
            .await
            .unwrap_err()
            .to_string()
            .contains("without a location")
    );
}

#[tokio::test]
async fn what_is_no_redirect_passes_also_with_a_location() {
    for status in [200, 201, 304, 404] {
        assert_eq!(redirect(status, Some("/idx/_doc/1")).await.unwrap(), status);
    }
}
