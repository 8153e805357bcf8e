//! Memory of the bulk helper: the same for any length of the input.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use es_client::Elasticsearch;
use es_transport::Body;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::json;

use crate::{alone, live};

/// A cluster that takes everything, and its time; it responds as a genuine one
/// does, and notes the most memory that is in use meanwhile.
fn client(most: &Arc<AtomicUsize>) -> Elasticsearch {
    let most = Arc::clone(most);
    Elasticsearch::from_service(tower::service_fn(move |request: Request<Body>| {
        let most = Arc::clone(&most);
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            tokio::time::sleep(Duration::from_millis(10)).await;
            let operations = body.iter().filter(|byte| **byte == b'\n').count() / 2;
            let item = r#"{"index":{"_index":"i","_id":"0123456789abcdefghij","_version":1,"result":"created","_shards":{"total":2,"successful":1,"failed":0},"_seq_no":1,"_primary_term":1,"status":201}}"#;
            let response = format!(
                r#"{{"errors":false,"took":1,"items":[{}]}}"#,
                vec![item; operations].join(",")
            );
            most.fetch_max(live(), Ordering::Relaxed);
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(response))))
        }
    }))
}

/// The most memory over that before, for so many documents of 300 bytes.
async fn peak(documents: u64) -> usize {
    let most = Arc::new(AtomicUsize::new(0));
    let client = client(&most);
    let before = live();
    let text = "x".repeat(280);
    let input = (0..documents).map(move |n| json!({ "n": n, "text": text }));
    let report = client.helpers().bulk("i", input).await.unwrap();
    assert_eq!(report.succeeded, documents);
    most.load(Ordering::Relaxed) - before
}

#[test]
fn the_peak_does_not_grow_with_the_input() {
    // The documents have 60 MB, and four requests in flight about 7.
    let peak = alone(peak(200_000));
    assert!(peak < 16 << 20, "{peak} bytes");
}
