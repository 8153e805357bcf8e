//! Numbers, as a recorder gets them.

#![cfg(feature = "metrics")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{sync::Mutex, time::Duration};

use es_transport::{
    Body, BoxError, Error, OperationName,
    extensions::OperationDetails,
    layer::{MetricsLayer, RetryLayer},
};
use http::{Request, Response};
use metrics_util::{
    CompositeKey,
    debugging::{DebugValue, DebuggingRecorder, Snapshotter},
};
use tower::{ServiceBuilder, ServiceExt, service_fn};

/// Sends a search whose node responds with these outcomes, one after the other.
async fn send(outcomes: Vec<Result<u16, Error>>) -> Result<Response<Body>, Error> {
    let outcomes = Mutex::new(outcomes.into_iter());
    let node = service_fn(|_: Request<Body>| {
        let outcome = outcomes.lock().unwrap().next().unwrap();
        async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, BoxError>(
                Response::builder()
                    .status(outcome?)
                    .body(Body::empty())
                    .unwrap(),
            )
        }
    });
    let request = Request::post("/_search").extension(OperationName("search"));
    let stack = ServiceBuilder::new()
        .layer(MetricsLayer::new())
        .layer(RetryLayer::default())
        .service(node);
    stack.oneshot(request.body(Body::empty()).unwrap()).await
}

fn recorded(snapshotter: &Snapshotter) -> Vec<(String, DebugValue)> {
    let shown = |key: &CompositeKey| {
        let mut labels: Vec<_> = key
            .key()
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        labels.sort();
        format!("{} {}", key.key().name(), labels.join(" "))
    };
    let snapshot = snapshotter.snapshot().into_vec();
    let mut all: Vec<_> = snapshot
        .into_iter()
        .map(|(key, _, _, value)| (shown(&key), value))
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[tokio::test(start_paused = true)]
async fn a_response_after_a_retry() {
    let recorder = DebuggingRecorder::new();
    let guard = metrics::set_default_local_recorder(&recorder);
    send(vec![Ok(429), Ok(200)]).await.unwrap();
    drop(guard);
    let [duration, retries] = recorded(&recorder.snapshotter()).try_into().unwrap();
    let labels =
        "db.operation.name=search db.response.status_code=200 db.system.name=elasticsearch";
    assert_eq!(duration.0, format!("db.client.operation.duration {labels}"));
    let DebugValue::Histogram(durations) = duration.1 else {
        unreachable!("{duration:?}")
    };
    assert!(
        durations.len() == 1 && *durations.first().unwrap() > 2.0.into(),
        "{durations:?}"
    );
    let labels = "db.operation.name=search db.system.name=elasticsearch";
    assert_eq!(
        retries,
        (
            format!("elasticsearch.client.retries {labels}"),
            DebugValue::Counter(1)
        )
    );
}

#[test]
fn metrics_are_described() {
    let recorder = DebuggingRecorder::new();
    metrics::with_local_recorder(&recorder, || {
        let _layer = MetricsLayer::new();
        metrics::histogram!("db.client.operation.duration").record(1.0);
        metrics::counter!("elasticsearch.client.retries").increment(1);
    });
    let described = recorder.snapshotter().snapshot().into_vec().into_iter();
    let described: Vec<_> = described.map(|(_, unit, text, _)| (unit, text)).collect();
    assert_eq!(described.len(), 2);
    assert!(
        described
            .iter()
            .all(|(unit, text)| unit.is_some() && text.is_some())
    );
}

#[tokio::test(start_paused = true)]
async fn an_expected_status_has_no_error_type() {
    let recorder = DebuggingRecorder::new();
    let guard = metrics::set_default_local_recorder(&recorder);
    let node = service_fn(async |_: Request<Body>| {
        Ok::<_, BoxError>(Response::builder().status(404).body(Body::empty()).unwrap())
    });
    let mut details = OperationDetails::default();
    details.expected_statuses = vec![404].into();
    let mut request = Request::get("/idx/_doc/1").body(Body::empty()).unwrap();
    details.attach(&mut request);
    ServiceBuilder::new()
        .layer(MetricsLayer::new())
        .service(node)
        .oneshot(request)
        .await
        .unwrap();
    drop(guard);
    let [(duration, _)] = recorded(&recorder.snapshotter()).try_into().unwrap();
    assert!(duration.contains("status_code=404") && !duration.contains("error.type"));
}

#[tokio::test(start_paused = true)]
async fn errors_and_callers_who_go_away_have_a_type() {
    let recorder = DebuggingRecorder::new();
    let guard = metrics::set_default_local_recorder(&recorder);
    send(vec![Ok(404)]).await.unwrap();
    // A failed handshake sent nothing, so that it is retried.
    let refused = (0..100)
        .map(|_| Err(Error::tls_message("unknown issuer")))
        .collect();
    send(refused).await.unwrap_err();
    let gone = tokio::time::timeout(Duration::from_millis(1), send(vec![Ok(200)])).await;
    assert!(gone.is_err());
    drop(guard);
    let types: Vec<_> = recorded(&recorder.snapshotter())
        .iter()
        .filter_map(|(key, _)| Some(key.split_once("error.type=")?.1.to_owned()))
        .collect();
    assert_eq!(types, ["404", "cancelled", "tls"]);
}
