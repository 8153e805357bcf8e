//! Credentials: who wins, and how a provider is asked.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use crate::exchange;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use es_transport::{
    Body, BoxError, Credentials, Error, RequestAuth, RequestOptions,
    layer::auth::{AuthLayer, Provided},
};
use exchange::exchange;
use http::{Request, Response};
use tower::{Layer, ServiceExt, service_fn};

fn plain() -> Request<Body> {
    Request::post("/").body(Body::from("{}")).unwrap()
}

fn with(auth: RequestAuth) -> Request<Body> {
    let mut request = plain();
    let options = RequestOptions::new().auth(auth);
    Arc::new(options).attach(&mut request);
    request
}

fn bearer(token: &str) -> Credentials {
    Credentials::bearer(token).unwrap()
}

fn respond(status: u16) -> Response<Body> {
    Response::builder()
        .status(status)
        .body(Body::empty())
        .unwrap()
}

/// The final status, and the `Authorization` of every request.
async fn call(
    layer: &AuthLayer,
    request: Request<Body>,
    statuses: &[u16],
) -> (Result<u16, Error>, Vec<String>) {
    let responses = statuses.iter().copied().map(respond).collect();
    let (result, seen) = exchange(layer, request, responses).await;
    let sent = |request: &Request<Body>| {
        let value = request.headers().get("authorization");
        assert!(value.is_none_or(http::HeaderValue::is_sensitive));
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    (
        result.map(|response| response.status().as_u16()),
        seen.iter().map(sent).collect(),
    )
}

/// `token-1`, `token-2` and so on, and how often it was asked.
fn counting(expires_in: Option<Duration>) -> (AuthLayer, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let layer = AuthLayer::provider(move || {
        let n = counter.fetch_add(1, Ordering::Relaxed) + 1;
        async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let provided = Provided::from(Credentials::bearer(format!("token-{n}"))?);
            Ok::<_, Error>(match expires_in {
                Some(duration) => provided.expires_in(duration),
                None => provided,
            })
        }
    });
    (layer, asked)
}

#[tokio::test]
async fn fixed_credentials_are_sent_and_none_are_not() {
    let fixed = AuthLayer::new(Credentials::basic("elastic", "changeme").unwrap());
    assert_eq!(
        call(&fixed, plain(), &[200]).await.1,
        ["Basic ZWxhc3RpYzpjaGFuZ2VtZQ=="]
    );
    assert_eq!(call(&AuthLayer::none(), plain(), &[200]).await.1, [""]);
}

#[tokio::test]
async fn a_header_of_the_request_wins_over_its_options_and_those_over_the_layer() {
    let (provider, asked) = counting(None);
    for layer in [AuthLayer::new(bearer("layer")), AuthLayer::none(), provider] {
        let option = || RequestAuth::Credentials(bearer("option"));
        assert_eq!(
            call(&layer, with(option()), &[200]).await.1,
            ["Bearer option"]
        );
        assert_eq!(call(&layer, with(RequestAuth::None), &[200]).await.1, [""]);
        for mut request in [plain(), with(option()), with(RequestAuth::None)] {
            request
                .headers_mut()
                .insert("authorization", "Own x".parse().unwrap());
            let (result, sent) = call_own(&layer, request).await;
            assert_eq!((result.unwrap(), sent.as_str()), (401, "Own x"));
        }
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

/// As [`call`], without a look at the sensitivity, with status 401.
async fn call_own(layer: &AuthLayer, request: Request<Body>) -> (Result<u16, Error>, String) {
    let (result, seen) = exchange(layer, request, vec![respond(401)]).await;
    let sent = seen[0].headers()["authorization"]
        .to_str()
        .unwrap()
        .to_owned();
    (result.map(|response| response.status().as_u16()), sent)
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_asked_once_and_again_after_the_expiry() {
    let (layer, asked) = counting(Some(Duration::from_secs(60)));
    for _ in 0..3 {
        assert_eq!(call(&layer, plain(), &[200]).await.1, ["Bearer token-1"]);
    }
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(call(&layer, plain(), &[200]).await.1, ["Bearer token-2"]);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn requests_that_come_together_ask_one_question() {
    let (layer, asked) = counting(None);
    let calls = (0..20).map(|_| call(&layer, plain(), &[200]));
    for (result, sent) in futures_util::future::join_all(calls).await {
        assert_eq!(
            (result.unwrap(), sent),
            (200, vec!["Bearer token-1".to_owned()])
        );
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_401_the_provider_is_asked_and_the_request_sent_once_more() {
    let (layer, asked) = counting(None);
    call(&layer, plain(), &[200]).await.0.unwrap();
    let (result, sent) = call(&layer, plain(), &[401, 200]).await;
    assert_eq!(result.unwrap(), 200);
    assert_eq!(sent, ["Bearer token-1", "Bearer token-2"]);
    // A second 401 is the response.
    let (result, sent) = call(&layer, plain(), &[401, 401]).await;
    assert_eq!(result.unwrap(), 401);
    assert_eq!(sent, ["Bearer token-2", "Bearer token-3"]);
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn requests_refused_together_share_the_fresh_credentials() {
    let (layer, asked) = counting(None);
    call(&layer, plain(), &[200]).await.0.unwrap();
    let calls = (0..10).map(|_| call(&layer, plain(), &[401, 200]));
    for (result, sent) in futures_util::future::join_all(calls).await {
        assert_eq!(result.unwrap(), 200);
        assert_eq!(sent, ["Bearer token-1", "Bearer token-2"]);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn what_is_not_refreshed_or_not_repeatable_is_not_retried() {
    let same = AuthLayer::provider(|| async { Ok::<_, Error>(bearer("same")) });
    for _ in 0..2 {
        let (result, sent) = call(&same, plain(), &[401]).await;
        assert_eq!((result.unwrap(), sent.len()), (401, 1));
    }
    let (layer, _) = counting(None);
    call(&layer, plain(), &[200]).await.0.unwrap();
    let stream = Request::post("/")
        .body(Body::stream(Body::from("{}")))
        .unwrap();
    assert_eq!(call(&layer, stream, &[401]).await.0.unwrap(), 401);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shared_by_those_who_waited_and_asked_again_by_the_next() {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let layer = AuthLayer::provider(move || {
        let n = counter.fetch_add(1, Ordering::Relaxed);
        async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if n == 0 {
                Err(BoxError::from("vault is sealed"))
            } else {
                Ok(bearer("token"))
            }
        }
    });
    let calls = (0..10).map(|_| call(&layer, plain(), &[]));
    for (result, _) in futures_util::future::join_all(calls).await {
        let error = result.unwrap_err();
        assert!(error.is_credentials() && error.is_not_sent());
        assert_eq!(
            std::error::Error::source(&error).unwrap().to_string(),
            "vault is sealed"
        );
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert_eq!(call(&layer, plain(), &[200]).await.1, ["Bearer token"]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_does_not_keep_the_others_waiting() {
    let (layer, asked) = counting(None);
    let service = layer.layer(service_fn(|_: Request<Body>| async {
        Ok::<_, BoxError>(respond(200))
    }));
    let impatient =
        tokio::time::timeout(Duration::from_millis(5), service.clone().oneshot(plain()));
    let (gave_up, patient) = tokio::join!(impatient, service.oneshot(plain()));
    assert!(gave_up.is_err());
    assert_eq!(patient.unwrap().status(), 200);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn no_debug_and_no_error_shows_a_secret() {
    let layer = AuthLayer::new(Credentials::basic("elastic", "hunter2").unwrap());
    let shown = format!("{layer:?} {:?}", layer.layer(()));
    assert!(
        !shown.contains("hunter2") && !shown.contains("aHVudGVy"),
        "{shown}"
    );
    let (_, seen) = exchange(&layer, plain(), vec![respond(200)]).await;
    let shown = format!("{seen:?}");
    assert!(
        shown.contains("authorization") && !shown.contains("Basic"),
        "{shown}"
    );
    let provider = AuthLayer::provider(|| async { Credentials::bearer("hunter2\r\n") });
    let error = call(&provider, plain(), &[]).await.0.unwrap_err();
    assert!(error.is_credentials());
    assert!(
        !format!("{error} {error:?} {provider:?}").contains("hunter2"),
        "{error:?}"
    );
}
