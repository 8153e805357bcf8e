//! Credentials are overwritten when the last of those who share them is gone:
//! nothing of them is left in the memory of this process, which is searched.
//!
//! No request goes over a connection here. Bytes that were sent may be left in
//! the buffers of hyper, rustls and the system, which nobody can wipe.

mod memory;

use std::sync::{Arc, Mutex};

use es_transport::{
    Body, Credentials, Error, Node, RequestAuth, RequestOptions, ResponseBody, Transport,
    TransportBuilder,
    connect::Pem,
    layer::{AuthLayer, DefaultHeadersLayer},
};
use http::{Request, Response, StatusCode};
use memory::{Needles, secret};
use tower::{Layer, ServiceExt, service_fn};
use zeroize::Zeroizing;

/// One after the other: what one test reads must not be what another finds.
static ONE: Mutex<()> = Mutex::new(());

/// Makes something of a secret: it is found while that exists, and not after.
#[track_caller]
fn leaves_nothing<T>(number: u32, make: impl FnOnce(&str) -> T) {
    let _one = ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let text = secret(number);
    let needles = Needles::of(&text);
    let made = make(&text);
    drop(text);
    assert!(needles.count() > 0, "the search finds what is there");
    drop(made);
    assert_eq!(needles.count(), 0, "a copy of {number} is left");
}

/// Joined at once: text that grows leaves copies behind.
fn url(secret: &str, rest: &str) -> Zeroizing<String> {
    Zeroizing::new(["https://elastic:", secret, rest].concat())
}

#[test]
fn credentials_of_every_kind() {
    leaves_nothing(1, |secret| Credentials::basic("elastic", secret).unwrap());
    leaves_nothing(2, |secret| Credentials::bearer(secret).unwrap());
    leaves_nothing(3, |secret| Credentials::api_key(secret).unwrap());
    leaves_nothing(4, |secret| Credentials::api_key_pair("id", secret).unwrap());
    leaves_nothing(5, |secret| Credentials::raw(secret).unwrap());
    // Clones share one copy.
    leaves_nothing(6, |secret| {
        let credentials = Credentials::basic("elastic", secret).unwrap();
        (0..100).map(|_| credentials.clone()).collect::<Vec<_>>()
    });
}

#[test]
fn the_user_info_of_a_nodes_url() {
    leaves_nothing(10, |secret| {
        let url = url(secret, "@localhost:9200");
        url.parse::<Node>().unwrap()
    });
    leaves_nothing(11, |secret| {
        // What is no URL leaves nothing behind either.
        let url = url(secret, "%ff@localhost:9200");
        let error = url.parse::<Node>().unwrap_err();
        (error, Credentials::bearer(secret).unwrap())
    });
}

#[test]
fn settings_and_what_was_built_of_them() {
    type Given = fn(TransportBuilder, &str) -> TransportBuilder;
    let given: [Given; 6] = [
        |builder, secret| builder.basic_auth("elastic", secret),
        |builder, secret| builder.bearer_auth(secret),
        |builder, secret| builder.api_key(("id", secret)),
        |builder, secret| builder.api_key(secret.to_owned()),
        |builder, secret| builder.header("x-api-token", secret),
        |builder, secret| builder.node(url(secret, "@localhost").as_str()),
    ];
    for (number, give) in (20..).zip(given) {
        leaves_nothing(number, |secret| {
            let builder = give(Transport::builder().node("https://localhost:9200"), secret);
            builder.build().unwrap()
        });
    }
    leaves_nothing(30, |secret| {
        DefaultHeadersLayer::new()
            .header("x-token", secret)
            .unwrap()
    });
    leaves_nothing(31, |secret| Pem::from(secret.as_bytes().to_vec()));
}

/// A transport over a service that keeps no request.
fn over_a_mock(builder: TransportBuilder, status: StatusCode) -> Transport {
    let service = service_fn(move |request: Request<Body>| async move {
        assert!(request.headers().contains_key("authorization"));
        let mut response = Response::new(ResponseBody::default());
        *response.status_mut() = status;
        Ok::<_, Error>(response)
    });
    builder
        .node("http://localhost:9200")
        .http_service(service)
        .build()
        .unwrap()
}

fn send(transport: &Transport, options: RequestOptions) {
    let mut request = Request::get("/").body(Body::empty()).unwrap();
    Arc::new(options).attach(&mut request);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _ = runtime.block_on(transport.send(request));
}

#[test]
fn requests_through_the_whole_stack_and_their_retries() {
    for (number, status) in [
        (40, StatusCode::UNAUTHORIZED),
        (41, StatusCode::BAD_GATEWAY),
    ] {
        leaves_nothing(number, |secret| {
            let transport = over_a_mock(Transport::builder().basic_auth("elastic", secret), status);
            send(&transport, RequestOptions::default());
            transport
        });
    }
    leaves_nothing(42, |secret| {
        let transport = over_a_mock(Transport::builder(), StatusCode::UNAUTHORIZED);
        let auth = RequestAuth::Credentials(Credentials::bearer(secret).unwrap());
        let options = RequestOptions::new().auth(auth);
        send(&transport, options.clone());
        (transport, options)
    });
}

#[test]
fn what_a_provider_gave_and_what_it_gave_before() {
    leaves_nothing(50, |token| {
        let token = Zeroizing::new(token.to_owned());
        let provider = move || {
            let credentials = Credentials::bearer(token.as_str());
            async move { credentials }
        };
        let builder = Transport::builder().credentials_provider(provider);
        let transport = over_a_mock(builder, StatusCode::UNAUTHORIZED);
        // Refused, and asked for anew, each time.
        send(&transport, RequestOptions::default());
        send(&transport, RequestOptions::default());
        transport
    });
    // While the provider itself holds no secret, only the last response is kept.
    let number = std::sync::atomic::AtomicU32::new(60);
    let provider = move || {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move { Credentials::bearer(secret(number).as_str()) }
    };
    let _one = ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let service = service_fn(|request: Request<Body>| async move {
        drop(request);
        let mut response = Response::new(ResponseBody::default());
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        Ok::<_, Error>(response)
    });
    let stack = AuthLayer::provider(provider).layer(service);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for _ in 0..3 {
        let request = Request::get("/").body(Body::empty()).unwrap();
        assert_eq!(
            runtime
                .block_on(stack.clone().oneshot(request))
                .unwrap()
                .status(),
            401
        );
    }
    let needles: Vec<_> = (60..66)
        .map(|number| Needles::of(&secret(number)))
        .collect();
    let left = needles.iter().filter(|needles| needles.count() > 0).count();
    assert!(left <= 1, "{left} of the responses are left");
    drop(stack);
    drop(runtime);
    assert!(needles.iter().all(|needles| needles.count() == 0));
}
