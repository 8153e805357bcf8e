//! The headers of a plain request are copied from a map that was prepared; they
//! must be those that the layers would write one by one.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use es_testkit::{Cluster, Fault};
use es_transport::{
    Body, CompatibilityMode, Credentials, RequestAuth, RequestOptions, Result, Transport,
    TransportBuilder, layer::product_check::Verification,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};

use crate::{
    cluster_support::{builder, with},
    nodes,
};

/// A header of the caller's own: a request with one is no plain one.
const OWN: HeaderName = HeaderName::from_static("x-own");

async fn provided() -> Result<Credentials> {
    Credentials::bearer("provided")
}

fn transports(cluster: &Cluster) -> Vec<(&'static str, Transport)> {
    type Change = fn(TransportBuilder) -> TransportBuilder;
    let changes: [(&str, Change); 12] = [
        ("nothing", |builder| builder),
        ("basic", |builder| builder.basic_auth("elastic", "changeme")),
        ("a provider", |builder| builder.credentials_provider(provided)),
        ("an opaque id", |builder| builder.opaque_id("nightly").header("x-tenant", "blue")),
        ("compression", |builder| builder.http_compress(true).api_key("key")),
        ("8", |builder| builder.compatibility_mode(CompatibilityMode::Fixed(8))),
        ("off", |builder| builder.compatibility_mode(CompatibilityMode::Off)),
        ("negotiated", |builder| builder.compatibility_mode(CompatibilityMode::Negotiated)),
        ("serverless", |builder| builder.compatibility_mode(CompatibilityMode::Serverless)),
        ("an accept", |builder| builder.header("accept", "application/cbor")),
        ("an accept, negotiated", |builder| {
            let builder = builder.header("accept", "application/cbor");
            builder.compatibility_mode(CompatibilityMode::Negotiated)
        }),
        ("a host", |builder| builder.header("host", "elsewhere")),
    ];
    let transport = |change: Change| {
        let builder = builder(cluster.urls()).product_check(Verification::Off).max_retries(0);
        change(builder).build().unwrap()
    };
    changes.into_iter().map(|(name, change)| (name, transport(change))).collect()
}

fn options() -> Vec<RequestOptions> {
    let mut headers = HeaderMap::new();
    headers.insert("x-tenant", HeaderValue::from_static("green"));
    let bearer = Credentials::bearer("own").unwrap();
    vec![
        RequestOptions::default(),
        RequestOptions { headers, ..RequestOptions::default() },
        RequestOptions {
            opaque_id: Some(HeaderValue::from_static("own")),
            ..RequestOptions::default()
        },
        RequestOptions {
            media_type: Some(HeaderValue::from_static("text/plain")),
            ..RequestOptions::default()
        },
        RequestOptions { auth: Some(RequestAuth::None), ..RequestOptions::default() },
        RequestOptions {
            auth: Some(RequestAuth::Credentials(bearer)),
            ..RequestOptions::default()
        },
    ]
}

/// What arrives, in an order of its own.
async fn arrived(
    cluster: &Cluster,
    transport: &Transport,
    request: Request<Body>,
) -> Vec<(String, String)> {
    transport.send(request).await.unwrap();
    let seen = cluster.node(0).requests().pop().unwrap();
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    let headers = seen.headers.iter().filter(|(name, _)| **name != OWN);
    let mut headers: Vec<_> =
        headers.map(|(name, value)| (name.to_string(), text(value))).collect();
    headers.sort();
    headers
}

#[tokio::test]
async fn are_those_that_the_layers_write() {
    let cluster = nodes(1).await;
    for (name, transport) in transports(&cluster) {
        for method in [Method::GET, Method::HEAD, Method::DELETE, Method::POST] {
            for body in ["", "{}"] {
                for options in options() {
                    let request = |own: bool| {
                        let mut request = Request::new(body.into());
                        *request.method_mut() = method.clone();
                        *request.uri_mut() = "/_search".parse().unwrap();
                        if own {
                            request.headers_mut().insert(OWN, HeaderValue::from_static("1"));
                        }
                        with(request, options.clone())
                    };
                    let prepared = arrived(&cluster, &transport, request(false)).await;
                    let written = arrived(&cluster, &transport, request(true)).await;
                    assert_eq!(prepared, written, "{name}, {method} {body:?}, {options:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn the_host_comes_first_and_is_the_nodes() {
    let cluster = nodes(2).await;
    let transport = builder(cluster.urls()).build().unwrap();
    for _ in 0..2 {
        transport.send(Request::new(().into())).await.unwrap();
    }
    for number in 0..2 {
        let seen = cluster.node(number).requests().pop().unwrap();
        let (first, host) = seen.headers.iter().next().unwrap();
        assert_eq!(first, header::HOST);
        assert_eq!(cluster.url(number).strip_prefix("http://"), host.to_str().ok());
    }
}

#[tokio::test]
async fn a_refusal_of_their_media_types_is_told_from_other_errors() {
    let cluster = crate::start(Cluster::builder().version("8.19.0")).await;
    let transport = builder(cluster.urls()).build().unwrap();
    for body in ["", "{}"] {
        let mut request = Request::new(body.into());
        *request.uri_mut() = "/_search".parse().unwrap();
        let error = transport.send(request).await.unwrap_err();
        assert!(error.is_media_type(), "{body:?}: {error}");
    }
}

#[tokio::test]
async fn a_refusal_of_what_the_caller_accepts_is_the_callers() {
    let cluster = nodes(1).await;
    cluster.node(0).inject(Fault::status(406).once());
    let transport = builder(cluster.urls()).header("accept", "application/cbor").build().unwrap();
    assert_eq!(transport.send(Request::new(().into())).await.unwrap().status(), 406);
}

/// A host that is merely kept a place for is the connections' business.
#[tokio::test]
async fn a_service_in_place_of_the_connections_gets_no_empty_host() {
    let seen = Arc::new(Mutex::new(None));
    let service = {
        let seen = Arc::clone(&seen);
        tower::service_fn(move |request: Request<Body>| {
            *seen.lock().unwrap() = Some(request.headers().contains_key(header::HOST));
            std::future::ready(Ok::<_, Infallible>(Response::new(Body::empty())))
        })
    };
    let transport = builder(["http://node:9200"]).http_service(service);
    let transport = transport.product_check(Verification::Off).build().unwrap();
    transport.send(Request::new(().into())).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), Some(false));
}
