//! Searches that are sent together, when the request or its callers fail.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use es_client::Elasticsearch;
use es_transport::Body;
use futures_util::future::join_all;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

use crate::helpers::responding;

type Requests = Arc<Mutex<Vec<Vec<u64>>>>;

/// A client whose server takes a second, finds the number of each search, and refuses
/// bodies that are longer than `most`.
fn client(most: usize) -> (Elasticsearch, Requests) {
    let requests = Requests::default();
    let seen = Arc::clone(&requests);
    let service = tower::service_fn(move |request: Request<Body>| {
        let seen = Arc::clone(&seen);
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            tokio::time::sleep(Duration::from_secs(1)).await;
            let lines: Vec<_> = body.trim_ascii_end().split(|b| *b == b'\n').collect();
            let numbers = lines.chunks(2).map(|search| {
                let search: Value = serde_json::from_slice(search[1]).unwrap();
                search["n"].as_u64().unwrap()
            });
            let numbers: Vec<_> = numbers.collect();
            let found = |n: &u64| {
                json!({"hits": {"hits": [{"_index": "i", "_id": n.to_string()}]},
                    "_shards": {"total": 1, "successful": 1, "failed": 0}, "status": 200})
            };
            let found: Vec<_> = numbers.iter().map(found).collect();
            seen.lock().unwrap().push(numbers);
            let (status, text) = if body.len() > most {
                (413, String::new())
            } else {
                (200, json!({ "responses": found }).to_string())
            };
            let response = Response::builder().status(status);
            let response = response.header("x-elastic-product", "Elasticsearch");
            Ok::<_, io::Error>(response.body(Full::new(Bytes::from(text))).unwrap())
        }
    });
    let builder = Elasticsearch::builder().nodes(["http://a:9200"]);
    (builder.http_service(service).build().unwrap(), requests)
}

#[tokio::test(start_paused = true)]
async fn searches_that_are_too_large_together_are_halved() {
    let (client, requests) = client(500);
    let searches = client.helpers().msearch("i");
    let found = join_all((0..20_u64).map(|n| {
        // One is too large alone.
        let text = "x".repeat(if n == 7 { 600 } else { 50 });
        let body = json!({"n": n, "text": text});
        searches.search::<Value>(&body).into_future()
    }));
    for (n, found) in (0_u64..).zip(found.await) {
        match found {
            Ok(found) => assert_eq!(found.hits()[0].id, n.to_string()),
            Err(error) => assert!(n == 7 && error.status().unwrap() == 413, "{n}: {error}"),
        }
    }
    assert!(requests.lock().unwrap().len() < 15);
}

#[tokio::test(start_paused = true)]
async fn searches_whose_responses_are_too_large_together_are_halved() {
    let (client, requests) = client(usize::MAX);
    let client = client.options().max_response_size(600).into_client();
    let searches = client.helpers().msearch("i");
    let found = join_all((0..20_u64).map(|n| {
        let body = json!({ "n": n });
        searches.search::<Value>(&body).into_future()
    }));
    for (n, found) in (0_u64..).zip(found.await) {
        assert_eq!(found.unwrap().hits()[0].id, n.to_string());
    }
    let sizes: Vec<_> = requests.lock().unwrap().iter().map(Vec::len).collect();
    assert_eq!(sizes, [20, 10, 5, 5, 10, 5, 5]);
}

#[tokio::test(start_paused = true)]
async fn searches_without_a_caller_are_not_sent() {
    let (client, requests) = client(usize::MAX);
    let searches = client.helpers().msearch("i").max_in_flight(1);
    let search = |n: u64| {
        let future = searches.search::<Value>(&json!({ "n": n })).into_future();
        tokio::time::timeout(Duration::from_millis(n), future)
    };
    // While the first request is in flight, some of the others are given up.
    let first = tokio::spawn(search(10_000));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let all = tokio::join!(search(100), search(20_000), search(200), search(30_000));
    assert!(all.0.is_err() && all.2.is_err());
    assert_eq!(all.1.unwrap().unwrap().hits()[0].id, "20000");
    assert_eq!(all.3.unwrap().unwrap().hits()[0].id, "30000");
    assert!(first.await.unwrap().is_ok());
    assert_eq!(
        *requests.lock().unwrap(),
        [vec![10_000], vec![20_000, 30_000]]
    );
}

#[tokio::test]
async fn fewer_responses_than_searches_are_an_error_of_all() {
    let found = json!({"hits": {"hits": []}, "_shards": {"total": 1}, "status": 200});
    for responses in [vec![], vec![found.clone()], vec![found; 3]] {
        let (client, _) = responding([(200, json!({ "responses": responses }))]);
        let searches = client.helpers().msearch("i");
        let search = || searches.search::<Value>(&json!({})).into_future();
        let (one, other) = tokio::join!(search(), search());
        assert!(one.unwrap_err().is_decode() && other.unwrap_err().is_decode());
    }
}

/// A server would search all indices.
#[tokio::test]
async fn search_of_an_empty_index_is_refused() {
    let (client, seen) = responding([]);
    let searches = client.helpers().msearch("i");
    let none: Vec<String> = Vec::new();
    let errors = [
        searches.search::<Value>(&json!({})).index("").await,
        searches.search::<Value>(&json!({})).index(none).await,
    ];
    assert!(
        errors
            .into_iter()
            .all(|found| found.unwrap_err().is_invalid())
    );
    assert!(seen.lock().unwrap().is_empty());
}
