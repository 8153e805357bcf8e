//! Requests that go to the nodes of their shards, and calls that are split by them.

use std::{collections::BTreeMap, time::Duration};

use es_client::{
    Elasticsearch,
    helpers::bulk::Operation,
    http::{Method, StatusCode},
};
use es_transport::node::RoundRobin;
use serde_json::{Value, json};

use crate::{
    server::{builder, client, is_opensearch, lacks, major, urls},
    table,
};

const DOCUMENTS: usize = 300;

/// A client that knows the shards of the index, by a document of it.
async fn aware(index: &str, id: &str) -> Elasticsearch {
    let client = builder()
        .shard_aware(true)
        .node_selector(RoundRobin::default())
        .build()
        .unwrap();
    let known = async {
        while client
            .transport()
            .read_nodes(index, Some(id), None)
            .is_empty()
        {
            client.count(index).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), known)
        .await
        .unwrap();
    client
}

async fn create(client: &Elasticsearch, index: &str, body: &Value) {
    let options = client.options().ignore_status([StatusCode::NOT_FOUND]);
    options.indices().delete(index).send().await.unwrap();
    client.indices().create(index).body(body).await.unwrap();
    let health = format!("/_cluster/health/{index}?wait_for_status=green&timeout=60s");
    client
        .options()
        .request(Method::GET, &health, ())
        .await
        .unwrap();
}

/// The URLs of the nodes, by their IDs.
fn urls_by_id(client: &Elasticsearch) -> BTreeMap<String, String> {
    let nodes = client.transport().pool().unwrap().nodes();
    let id_and_url = nodes.iter().filter_map(|status| {
        let id = status.node().facts().id.as_deref()?;
        Some((id.to_owned(), status.node().url().to_owned()))
    });
    id_and_url.collect()
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn documents_are_read_and_written_at_their_shards() {
    const INDEX: &str = "shards-documents";
    let plain = client();
    let replicas = urls().len().min(2) - 1;
    let settings = json!({"settings": {
        "number_of_shards": 3, "number_of_replicas": replicas
    }});
    create(&plain, INDEX, &settings).await;
    let documents = (0..DOCUMENTS).map(|n| {
        let operation = Operation::index(json!({"n": n, "even": n % 2 == 0})).id(n.to_string());
        operation.routing(format!("r{}", n % 50))
    });
    let report = plain.helpers().bulk(INDEX, documents).await.unwrap();
    assert!(report.is_complete(), "{report}");
    plain.indices().refresh(INDEX).await.unwrap();

    let client = aware(INDEX, "1").await;
    let urls = urls_by_id(&client);
    for n in 0..50 {
        let (id, routing) = (n.to_string(), format!("r{n}"));
        let response = client
            .get::<Value>(INDEX, &id)
            .routing(&routing)
            .send()
            .await
            .unwrap();
        assert_eq!(response.json::<Value>().unwrap()["_source"]["n"], n);
        let holders = client
            .transport()
            .read_nodes(INDEX, Some(&id), Some(&routing));
        assert_eq!(holders.len(), replicas + 1);
        let holders: Vec<_> = holders.iter().map(|node| &*urls[&**node]).collect();
        let node = response.meta().node().unwrap();
        assert!(holders.contains(&node), "{node} of {holders:?}");

        let write = client.index(INDEX).id(&id).routing(&routing);
        let written = write
            .document(json!({"n": n, "even": n % 2 == 0}))
            .send()
            .await
            .unwrap();
        let primary = client
            .transport()
            .write_node(INDEX, Some(&id), Some(&routing))
            .unwrap();
        assert_eq!(written.meta().node(), Some(&*urls[&*primary]));
    }

    let docs: Value = (0..DOCUMENTS)
        .map(|n| json!({"_id": n.to_string(), "routing": format!("r{}", n % 50)}))
        .chain([
            json!({"_id": "missing"}),
            json!({"_index": "shards-elsewhere", "_id": "1"}),
        ])
        .collect();
    let mget = |client: &Elasticsearch| {
        let call = client.mget::<Value>().index(INDEX).docs(&docs);
        call.source(true).send()
    };
    let (split, whole) = (mget(&client).await.unwrap(), mget(&plain).await.unwrap());
    assert_eq!(
        split.json::<Value>().unwrap(),
        whole.json::<Value>().unwrap()
    );

    let lines: Vec<_> = (0..DOCUMENTS)
        .flat_map(|n| {
            let routing = format!("r{}", n % 50);
            let query = json!({"query": {"term": {"n": n}}, "sort": ["n"]});
            [json!({"index": INDEX, "routing": routing}), query]
        })
        .chain([
            json!({"index": INDEX}),
            json!({"size": 0, "track_total_hits": true}),
        ])
        .chain([json!({"index": "shards-elsewhere"}), json!({"size": 0})])
        .collect();
    let msearch = async |client: &Elasticsearch| {
        let response = client
            .msearch::<Value>()
            .operations(&lines)
            .send()
            .await
            .unwrap();
        let mut response = response.json::<Value>().unwrap();
        let responses = response["responses"].as_array_mut().unwrap();
        for response in responses.iter_mut() {
            response["took"] = json!(0);
        }
        std::mem::take(responses)
    };
    let (split, whole) = (msearch(&client).await, msearch(&plain).await);
    assert_eq!(split.len(), DOCUMENTS + 2);
    assert_eq!(split, whole);
    plain.indices().delete(INDEX).await.unwrap();
    table::says("shards: reads, writes, split calls", "yes");
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn a_document_of_a_time_series_is_read_at_its_shard() {
    const INDEX: &str = "shards-series";
    let without = is_opensearch() || major() < 8;
    if lacks(without, "time series") {
        return;
    }
    let plain = client();
    let body = json!({
        "settings": {
            "mode": "time_series",
            "routing_path": ["host"],
            "time_series": {"start_time": "2026-01-01T00:00:00Z", "end_time": "2027-01-01T00:00:00Z"},
            "number_of_shards": 3,
            "number_of_replicas": 0,
        },
        "mappings": {"properties": {"host": {"type": "keyword", "time_series_dimension": true}}},
    });
    create(&plain, INDEX, &body).await;
    let documents = (0..60).map(|n| {
        let document =
            json!({"@timestamp": format!("2026-06-01T00:00:{n:02}Z"), "host": format!("h{n}")});
        [json!({"create": {}}), document]
    });
    let bulk = plain.bulk().index(INDEX).operations(documents.flatten());
    let written = bulk.send().await.unwrap().json::<Value>().unwrap();
    assert_eq!(written["errors"], false, "{written}");

    let first = written["items"][0]["create"]["_id"].as_str().unwrap();
    let client = aware(INDEX, first).await;
    let urls = urls_by_id(&client);
    for item in written["items"].as_array().unwrap() {
        let id = item["create"]["_id"].as_str().unwrap();
        let response = client.get::<Value>(INDEX, id).send().await.unwrap();
        let nodes = client.transport().read_nodes(INDEX, Some(id), None);
        let [node] = &*nodes else {
            panic!("{nodes:?}");
        };
        assert_eq!(response.meta().node(), Some(&*urls[&**node]));
        // The server's own word on where the document lies.
        let found = plain
            .search::<Value>(INDEX)
            .query(json!({"ids": {"values": [id]}}));
        let path = "hits.hits._shard,hits.hits._node";
        let found = es_client::Call::filter_path(found.explain(true), path);
        plain.indices().refresh(INDEX).await.unwrap();
        let found = found.send().await.unwrap().json::<Value>().unwrap();
        assert_eq!(found["hits"]["hits"][0]["_node"], **node);
    }
    plain.indices().delete(INDEX).await.unwrap();
}
