//! Calls that are split by the nodes of their documents.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{future::IntoFuture as _, time::Duration};

use es_client::{
    http::{Response, header::CONTENT_TYPE},
    prelude::*,
};
use es_testkit::{Cluster, Fault, Recorded};
use serde_json::{Value, json};

const DOCUMENTS: usize = 120;

/// Returns three nodes, and a client that knows the shards of `products`.
async fn nodes(replicas: u32) -> (Cluster, Elasticsearch) {
    let builder = Cluster::builder().nodes(3).tls(false).security(false);
    let cluster = builder.start().await.unwrap();
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .shard_aware(true)
        .build()
        .unwrap();
    let settings = json!({"settings": {"number_of_shards": 6, "number_of_replicas": replicas}});
    let create = client.indices().create("products");
    create.body(&settings).await.unwrap();
    let lines = (0..DOCUMENTS).flat_map(|n| {
        let routing = format!("r{}", n % 10);
        [
            json!({"index": {"_id": n.to_string(), "routing": routing}}),
            json!({"n": n, "routing": routing}),
        ]
    });
    let bulk = client.bulk().index("products").operations(lines);
    assert_eq!(bulk.refresh(true).await.unwrap().errors, Some(false));
    let is_known = || {
        let transport = client.transport();
        !transport.read_nodes("products", Some("1"), None).is_empty()
    };
    let known = async {
        while !is_known() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let limit = Duration::from_secs(10);
    tokio::time::timeout(limit, known).await.unwrap();
    for node in cluster.nodes() {
        node.clear_records();
    }
    (cluster, client)
}

fn documents(numbers: impl IntoIterator<Item = usize>) -> Value {
    let document = |n: usize| json!({"_id": n.to_string(), "routing": format!("r{}", n % 10)});
    numbers.into_iter().map(document).collect()
}

/// The number of requests for a path at each node.
fn requests(cluster: &Cluster, path: &str) -> Vec<usize> {
    let nodes = cluster.nodes();
    let requests = nodes.iter().map(|node| node.requests());
    let at_path =
        |requests: Vec<Recorded>| requests.iter().filter(|sent| sent.path() == path).count();
    requests.map(at_path).collect()
}

fn forwarded(cluster: &Cluster) -> usize {
    let nodes = cluster.nodes();
    nodes
        .iter()
        .map(|node| node.shard_operations().forwarded)
        .sum()
}

#[tokio::test]
async fn documents_of_all_nodes_are_in_the_order_of_the_call() {
    for replicas in [0, 1] {
        let (cluster, client) = nodes(replicas).await;
        let before = forwarded(&cluster);
        let order: Vec<usize> = (0..DOCUMENTS).map(|n| n * 37 % DOCUMENTS).collect();
        let mut docs = documents(order.iter().copied());
        docs[3] = json!({"_id": "missing", "routing": "r1"});
        docs[4] = json!({"_id": "1", "_index": "elsewhere"});
        let call = client.mget::<Value>().index("products").docs(&docs);
        let found = call.clone().typed().await.unwrap();
        assert!(found.meta().node().is_some());
        let found = found.into_inner().docs;
        assert_eq!(found.len(), DOCUMENTS);
        for (place, (n, document)) in order.iter().zip(&found).enumerate() {
            match place {
                3 => assert_eq!((&*document.id, document.found), ("missing", Some(false))),
                4 => assert!(document.error.is_some()),
                _ => assert_eq!(document.source().unwrap().unwrap()["n"], *n),
            }
        }
        assert_eq!(forwarded(&cluster), before, "{replicas} replicas");
        let sent: usize = requests(&cluster, "/products/_mget").iter().sum();
        assert_eq!(sent, 3);
        for node in cluster.nodes() {
            node.clear_records();
        }
        // Another preference is kept, and the entries of a filtered response may be fewer.
        call.clone().preference("_only_local").await.unwrap();
        call.filter_path("docs._source.n").await.unwrap();
        let sent: usize = requests(&cluster, "/products/_mget").iter().sum();
        assert_eq!(sent, 2);
    }
}

#[tokio::test]
async fn a_few_documents_are_one_request() {
    let (cluster, client) = nodes(0).await;
    let before = forwarded(&cluster);
    // All of one shard: at its node, nothing is forwarded.
    let same = (0..DOCUMENTS).filter(|n| n % 10 == 7);
    let call = client
        .mget::<Value>()
        .index("products")
        .docs(documents(same));
    assert_eq!(call.await.unwrap().documents().count(), DOCUMENTS / 10);
    assert_eq!(forwarded(&cluster), before);
    let ids = client
        .mget::<Value>()
        .index("products")
        .routing("r3")
        .ids(["3", "13", "4"]);
    let found = ids.await.unwrap().docs;
    let found: Vec<_> = found.iter().map(|document| document.found).collect();
    assert_eq!(found, [Some(true), Some(true), Some(false)]);
    assert_eq!(forwarded(&cluster), before);
    let sent: usize = requests(&cluster, "/products/_mget").iter().sum();
    assert_eq!(sent, 2);

    let none = client.mget::<Value>().index("products").docs(json!([]));
    assert_eq!(none.await.unwrap_err().status().unwrap(), 400);
    // Several routing values are for several shards.
    let lines = (0..60).flat_map(|n| {
        [
            json!({"routing": "r1,r2"}),
            json!({"query": {"term": {"n": n}}}),
        ]
    });
    let searches = client
        .msearch::<Value>()
        .index("products")
        .operations(lines);
    assert_eq!(searches.await.unwrap().responses.len(), 60);
    let sent: usize = requests(&cluster, "/products/_msearch").iter().sum();
    assert_eq!(sent, 1);
}

#[tokio::test]
async fn searches_go_to_the_nodes_of_their_routing() {
    let (cluster, client) = nodes(1).await;
    let search = |n: usize| {
        let routing = format!("r{}", n % 10);
        let query = json!({"term": {"n": n}});
        [
            json!({"index": "products", "routing": routing}),
            json!({"query": query}),
        ]
    };
    // The last two have no node: one is for all shards, and one fails.
    let all = [
        json!({"index": "products"}),
        json!({"query": {"term": {"n": 5}}}),
    ];
    let fails = [json!({"index": "elsewhere"}), json!({})];
    let lines = (0..DOCUMENTS).flat_map(search).chain(all).chain(fails);
    let responses = client
        .msearch::<Value>()
        .operations(lines)
        .await
        .unwrap()
        .responses;
    assert_eq!(responses.len(), DOCUMENTS + 2);
    for (n, response) in responses[..=DOCUMENTS].iter().enumerate() {
        let hits = response.as_result().unwrap().hits();
        let sources: Vec<_> = hits
            .iter()
            .map(|hit| hit.source().unwrap().unwrap()["n"].clone())
            .collect();
        assert_eq!(sources, [n.min(n % DOCUMENTS + 5 * (n / DOCUMENTS))]);
    }
    assert!(responses[DOCUMENTS + 1].as_result().is_err());
    // One for each two nodes that hold the same shards; the last two searches go with the most.
    let sent: usize = requests(&cluster, "/_msearch").iter().sum();
    assert_eq!(sent, 3);
}

#[tokio::test]
async fn searches_for_the_same_nodes_are_one_request() {
    const SEARCHES: usize = 20;
    // Each node holds all shards, or two nodes hold that of a routing value.
    for (replicas, routing) in [(2, None), (1, Some("r3"))] {
        let (cluster, client) = nodes(replicas).await;
        let lines = (0..SEARCHES).flat_map(|n| {
            let header = match routing {
                Some(routing) => json!({"index": "products", "routing": routing}),
                None => json!({"index": "products"}),
            };
            [header, json!({"query": {"term": {"n": 10 * n + 3}}})]
        });
        let searches = client.msearch::<Value>().operations(lines);
        let responses = searches.await.unwrap().responses;
        let found = |n: usize| responses[n].as_result().unwrap().hits().len();
        assert_eq!((responses.len(), found(0), found(5)), (SEARCHES, 1, 1));
        let nodes = cluster.nodes();
        let requests = nodes.iter().flat_map(|node| node.requests());
        let sent: Vec<_> = requests.filter(|sent| sent.path() == "/_msearch").collect();
        let [only] = &*sent else {
            panic!("{} requests", sent.len());
        };
        let body = std::str::from_utf8(&only.body).unwrap();
        let local = body.matches(r#""preference":"_local""#).count();
        assert_eq!(local, SEARCHES, "{routing:?}");
    }
}

#[tokio::test]
async fn a_part_that_fails_is_the_error_of_the_call() {
    let (cluster, client) = nodes(0).await;
    let call = client
        .mget::<Value>()
        .index("products")
        .docs(documents(0..DOCUMENTS));
    cluster.node(1).inject(Fault::status(403).once());
    let error = call.clone().await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(403));
    cluster.node(1).inject(Fault::status(503).once());
    // Refused by one node: another one forwards it.
    let found = call.await.unwrap();
    assert_eq!(found.documents().count(), DOCUMENTS);
}

#[tokio::test]
async fn a_refusal_is_not_waited_for() {
    let (cluster, client) = nodes(0).await;
    cluster.node(0).inject(Fault::hang());
    cluster.node(1).inject(Fault::status(403).once());
    let call = client
        .mget::<Value>()
        .index("products")
        .docs(documents(0..DOCUMENTS));
    let call = call.request_timeout(Duration::from_secs(60));
    let error = tokio::time::timeout(Duration::from_secs(20), call.into_future());
    let error = error.await.unwrap().unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(403));
}

#[tokio::test]
async fn a_response_that_is_no_json_is_that_of_a_whole_call() {
    let (cluster, client) = nodes(0).await;
    let call = client
        .mget::<Value>()
        .index("products")
        .docs(documents(0..DOCUMENTS));
    let respond = |content_type: &str, body: &'static str| {
        let response = Response::builder().header(CONTENT_TYPE, content_type);
        let response = response.header("x-elastic-product", "Elasticsearch");
        Fault::response(response.body(body.into()).unwrap())
    };
    for node in cluster.nodes() {
        node.inject(respond("application/yaml", "docs: []"));
    }
    assert_eq!(call.clone().send().await.unwrap().bytes(), "docs: []");
    for node in cluster.nodes() {
        node.clear_faults();
    }

    // An error counts whatever its status, and so does a response without the documents.
    let node = cluster.node(2);
    let body = r#"{"error":{"reason":"no backend"}}"#;
    node.inject(respond("application/json", body).once());
    let error = call.clone().await.unwrap_err();
    assert!(error.to_string().contains("no backend"), "{error}");
    node.inject(respond("application/json", r#"{"docs":[]}"#).once());
    let error = call.clone().await.unwrap_err();
    assert!(error.to_string().contains("`docs` has 0 of "), "{error}");
    let body = br#"{"docs":[]}"#;
    assert_eq!(error.body().unwrap(), &body[..]);
}

#[tokio::test]
async fn nothing_is_sent_before_the_call_is_awaited() {
    let (cluster, client) = nodes(0).await;
    let call = client.mget::<Value>().index("other").ids(["1", "2"]);
    let future = call.into_future();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let nodes = cluster.nodes();
    assert_eq!(
        nodes.iter().map(|node| node.request_count()).sum::<usize>(),
        0
    );
    assert!(future.await.is_ok());
}
