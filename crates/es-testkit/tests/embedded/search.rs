//! Search: queries, sorting, paging, aggregations.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step is a failed test"
)]

use crate::support;

use es_testkit::Cluster;
use serde_json::{Value, json};
use support::Client;

async fn start() -> (Cluster, Client) {
    let cluster = Cluster::builder().start().await.unwrap();
    let mut client = Client::connect(&cluster.url(0)).await;
    let shoes = [
        json!({"title": "Trail shoe", "brand": "Alpha", "price": 90, "sold": true, "at": "2024-01-05", "size": [40, 41]}),
        json!({"title": "Road shoe, light shoe", "brand": "Beta", "price": 120.5, "sold": false, "at": "2024-02-05"}),
        json!({"title": "Trail jacket", "brand": "Alpha", "price": 200, "sold": true, "at": "2024-03-05", "maker": {"city": "Oslo"}}),
        json!({"title": "Cap", "brand": "Gamma", "price": 15, "sold": true, "at": "2024-04-05"}),
    ];
    let mut body = String::new();
    for (number, shoe) in shoes.iter().enumerate() {
        body.push_str(&format!(
            "{{\"index\":{{\"_id\":\"{}\"}}}}\n{shoe}\n",
            number + 1
        ));
    }
    let response = client.send("POST", "/shop/_bulk", &[], body).await.json();
    assert_eq!(response["errors"], false);
    (cluster, client)
}

async fn search(client: &mut Client, body: Value) -> Value {
    client.ok("POST", "/shop/_search", body).await
}

fn ids(response: &Value) -> Vec<&str> {
    let hits = response["hits"]["hits"].as_array().unwrap();
    hits.iter()
        .map(|hit| hit["_id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn each_query_finds_its_documents() {
    let (_cluster, mut client) = start().await;
    let cases = [
        (json!({"match_all": {}}), vec!["1", "2", "3", "4"]),
        (json!({"match_none": {}}), vec![]),
        (
            json!({"match": {"title": "TRAIL shoe"}}),
            vec!["1", "2", "3"],
        ),
        (
            json!({"match": {"title": {"query": "trail shoe", "operator": "and"}}}),
            vec!["1"],
        ),
        (json!({"match_phrase": {"title": "light shoe"}}), vec!["2"]),
        (
            json!({"multi_match": {"query": "alpha cap", "fields": ["title", "brand^2"]}}),
            vec!["1", "3", "4"],
        ),
        (json!({"term": {"title": "Trail"}}), vec![]),
        (json!({"term": {"title": "trail"}}), vec!["1", "3"]),
        (
            json!({"term": {"brand.keyword": {"value": "Alpha"}}}),
            vec!["1", "3"],
        ),
        (json!({"term": {"sold": "false"}}), vec!["2"]),
        (json!({"term": {"size": 41}}), vec!["1"]),
        (json!({"terms": {"price": [15, 120]}}), vec!["2", "4"]),
        (
            json!({"range": {"price": {"gte": 90, "lt": 200}}}),
            vec!["1", "2"],
        ),
        (
            json!({"range": {"at": {"gt": "2024-02-05", "lte": "2024-04-05T00:00:00Z"}}}),
            vec!["3", "4"],
        ),
        (json!({"exists": {"field": "maker"}}), vec!["3"]),
        (json!({"exists": {"field": "maker.city"}}), vec!["3"]),
        (json!({"ids": {"values": ["2", "9"]}}), vec!["2"]),
        (json!({"prefix": {"brand.keyword": "Ga"}}), vec!["4"]),
        (json!({"wildcard": {"brand.keyword": "*a*a"}}), vec!["4"]),
        (
            json!({"bool": {"must": [{"match": {"title": "trail"}}], "must_not": {"term": {"price": 200}}}}),
            vec!["1"],
        ),
        (
            json!({"bool": {"should": [{"term": {"price": 15}}, {"term": {"price": 90}}]}}),
            vec!["1", "4"],
        ),
        (
            json!({"bool": {"filter": [{"term": {"sold": true}}], "should": [{"term": {"price": 15}}, {"match": {"title": "cap"}}], "minimum_should_match": 2}}),
            vec!["4"],
        ),
        (
            json!({"constant_score": {"filter": {"term": {"price": 15}}, "boost": 3}}),
            vec!["4"],
        ),
    ];
    for (query, expected) in cases {
        let response = search(&mut client, json!({"query": query, "sort": ["_doc"]})).await;
        assert_eq!(ids(&response), expected, "{query}");
        let count = client
            .ok("POST", "/shop/_count", json!({"query": query}))
            .await;
        assert_eq!(count["count"], expected.len(), "{query}");
    }
    assert_eq!(
        ids(&client
            .ok("GET", "/shop/_search?q=brand:beta", Value::Null)
            .await),
        ["2"]
    );
}

#[tokio::test]
async fn better_matches_come_first() {
    let (_cluster, mut client) = start().await;
    let response = search(&mut client, json!({"query": {"match": {"title": "shoe"}}})).await;
    assert_eq!(ids(&response), ["2", "1"]);
    assert_eq!(
        response["hits"]["max_score"],
        response["hits"]["hits"][0]["_score"]
    );
    let boosted = json!({"query": {"bool": {"should": [
        {"match": {"title": "shoe"}}, {"term": {"price": {"value": 90, "boost": 5}}},
    ]}}});
    assert_eq!(ids(&search(&mut client, boosted).await), ["1", "2"]);
}

#[tokio::test]
async fn sorting_and_paging() {
    let (_cluster, mut client) = start().await;
    let by_price = json!({"sort": [{"price": "desc"}], "size": 2});
    let first = search(&mut client, by_price.clone()).await;
    assert_eq!(ids(&first), ["3", "2"]);
    assert_eq!(first["hits"]["max_score"], Value::Null);
    assert_eq!(
        first["hits"]["total"],
        json!({"value": 4, "relation": "eq"})
    );
    let after = &first["hits"]["hits"][1]["sort"];
    let next = search(
        &mut client,
        json!({"sort": [{"price": "desc"}], "search_after": after}),
    )
    .await;
    assert_eq!(ids(&next), ["1", "4"]);
    let from = client
        .ok(
            "GET",
            "/shop/_search?sort=price:asc&from=1&size=1",
            Value::Null,
        )
        .await;
    assert_eq!(ids(&from), ["1"]);
    let two = json!({"sort": ["brand.keyword", {"price": {"order": "desc"}}]});
    assert_eq!(ids(&search(&mut client, two).await), ["3", "1", "2", "4"]);
    let missing = search(
        &mut client,
        json!({"sort": [{"size": {"missing": "_first", "order": "asc"}}]}),
    )
    .await;
    assert_eq!(ids(&missing).last(), Some(&"1"));
    let dates = search(&mut client, json!({"sort": [{"at": "desc"}], "size": 1})).await;
    assert_eq!(dates["hits"]["hits"][0]["sort"][0], 1_712_275_200_000_i64);
    let untracked = search(&mut client, json!({"track_total_hits": false})).await;
    assert_eq!(untracked["hits"].get("total"), None);
    let capped = search(&mut client, json!({"track_total_hits": 2})).await;
    assert_eq!(
        capped["hits"]["total"],
        json!({"value": 2, "relation": "gte"})
    );
}

#[tokio::test]
async fn sources_are_filtered() {
    let (_cluster, mut client) = start().await;
    let query = json!({"ids": {"values": ["3"]}});
    let body = json!({"query": query, "_source": {"includes": ["maker.*", "price"], "excludes": ["price"]}});
    let hit = search(&mut client, body).await["hits"]["hits"][0].clone();
    assert_eq!(hit["_source"], json!({"maker": {"city": "Oslo"}}));
    let none = search(
        &mut client,
        json!({"_source": false, "version": true, "seq_no_primary_term": true}),
    )
    .await;
    let hit = none["hits"]["hits"][0].clone();
    assert_eq!(hit.get("_source"), None);
    assert_eq!((&hit["_version"], &hit["_seq_no"]), (&json!(1), &json!(0)));
    let got = client
        .ok(
            "GET",
            "/shop/_doc/3?_source_includes=title,price",
            Value::Null,
        )
        .await;
    assert_eq!(
        got["_source"],
        json!({"title": "Trail jacket", "price": 200})
    );
}

#[tokio::test]
async fn aggregations() {
    let (_cluster, mut client) = start().await;
    let aggs = json!({"size": 0, "aggs": {
        "brands": {
            "terms": {"field": "brand.keyword", "size": 2, "order": {"top": "desc"}},
            "aggs": {"top": {"max": {"field": "price"}}, "sold": {"terms": {"field": "sold"}}},
        },
        "prices": {"stats": {"field": "price"}},
        "kinds": {"cardinality": {"field": "brand.keyword"}},
        "values": {"value_count": {"field": "size"}},
        "nothing": {"avg": {"field": "unknown"}},
    }});
    let response = search(&mut client, aggs).await;
    assert_eq!(response["hits"]["hits"], json!([]));
    let results = &response["aggregations"];
    let brands = &results["brands"];
    assert_eq!(brands["sum_other_doc_count"], 1);
    assert_eq!(brands["buckets"][0]["key"], "Alpha");
    assert_eq!(brands["buckets"][0]["doc_count"], 2);
    assert_eq!(brands["buckets"][0]["top"], json!({"value": 200.0}));
    assert_eq!(
        brands["buckets"][0]["sold"]["buckets"],
        json!([{"key": 1, "key_as_string": "true", "doc_count": 2}])
    );
    assert_eq!(brands["buckets"][1]["key"], "Beta");
    assert_eq!(
        results["prices"],
        json!({"count": 4, "min": 15.0, "max": 200.0, "avg": 106.25, "sum": 425.0})
    );
    assert_eq!(results["kinds"], json!({"value": 3}));
    assert_eq!(results["values"], json!({"value": 2}));
    assert_eq!(results["nothing"], json!({"value": null}));
    let typed = json!({"size": 0, "aggs": {"b": {"terms": {"field": "brand.keyword"}}}});
    let response = client
        .ok("POST", "/shop/_search?typed_keys=true", typed)
        .await;
    assert_eq!(
        response["aggregations"]["sterms#b"]["buckets"][0]["doc_count"],
        2
    );
}

#[tokio::test]
async fn a_scroll_reads_a_frozen_result_to_its_end() {
    let (_cluster, mut client) = start().await;
    let body = json!({"size": 3, "sort": ["_doc"]});
    let first = client.ok("POST", "/shop/_search?scroll=1m", body).await;
    assert_eq!(ids(&first), ["1", "2", "3"]);
    client
        .ok("PUT", "/shop/_doc/5", json!({"title": "later"}))
        .await;
    let id = first["_scroll_id"].clone();
    let next = json!({"scroll": "1m", "scroll_id": id});
    assert_eq!(
        ids(&client.ok("POST", "/_search/scroll", next.clone()).await),
        ["4"]
    );
    assert!(ids(&client.ok("POST", "/_search/scroll", next.clone()).await).is_empty());
    let cleared = client
        .ok("DELETE", "/_search/scroll", json!({"scroll_id": [id]}))
        .await;
    assert_eq!(cleared, json!({"succeeded": true, "num_freed": 1}));
    assert_eq!(
        client.call("POST", "/_search/scroll", next).await.status,
        404
    );
    assert_eq!(
        client
            .call("POST", "/shop/_search?scroll=soon", json!({}))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_point_in_time_does_not_change() {
    let (_cluster, mut client) = start().await;
    let id = client
        .ok("POST", "/shop/_pit?keep_alive=1m", Value::Null)
        .await["id"]
        .clone();
    client.ok("DELETE", "/shop/_doc/1", Value::Null).await;
    let body =
        json!({"pit": {"id": id, "keep_alive": "1m"}, "sort": [{"price": "asc"}], "size": 2});
    let first = client.ok("POST", "/_search", body.clone()).await;
    assert_eq!(ids(&first), ["4", "1"]);
    assert_eq!(first["pit_id"], id);
    let after = first["hits"]["hits"][1]["sort"].clone();
    assert_eq!(
        after.as_array().map(Vec::len),
        Some(2),
        "the tie-breaker is part of the key"
    );
    let mut next = body.clone();
    next["search_after"] = after;
    assert_eq!(ids(&client.ok("POST", "/_search", next).await), ["2", "3"]);
    let mut slices = Vec::new();
    for slice in 0..2 {
        let body = json!({"pit": {"id": id}, "slice": {"id": slice, "max": 2}});
        let part = client.ok("POST", "/_search", body).await;
        slices.extend(ids(&part).into_iter().map(str::to_owned));
    }
    slices.sort();
    assert_eq!(slices, ["1", "2", "3", "4"]);
    client.ok("DELETE", "/_pit", json!({"id": id})).await;
    assert_eq!(client.call("POST", "/_search", body).await.status, 404);
}

#[tokio::test]
async fn a_multi_search_responds_to_each_part() {
    let (_cluster, mut client) = start().await;
    let body = concat!(
        "{}\n{\"query\":{\"term\":{\"price\":15}}}\n",
        "{\"index\":\"nothing\"}\n{}\n",
        "{\"index\":[\"shop\"]}\n{\"query\":{\"range\":{\"price\":{\"gte\":\"x\"}}}}\n",
    );
    let response = client
        .send("POST", "/shop/_msearch", &[], body)
        .await
        .json();
    let statuses: Vec<_> = response["responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| &part["status"])
        .collect();
    assert_eq!(statuses, [200, 404, 400]);
    assert_eq!(ids(&response["responses"][0]), ["4"]);
}

#[tokio::test]
async fn indices_that_do_not_fit_each_other_are_refused() {
    let (_cluster, mut client) = start().await;
    let mapping = json!({"mappings": {"properties": {"price": {"type": "keyword"}}}});
    client.ok("PUT", "/other", mapping).await;
    client
        .ok("PUT", "/other/_doc/1", json!({"price": "a"}))
        .await;
    let bodies = [
        json!({"sort": ["price"]}),
        json!({"aggs": {"a": {"terms": {"field": "price"}}}}),
        // The genuine server returns the hits of the shards where this is a number.
        json!({"query": {"term": {"price": "a"}}}),
        json!({"sort": ["brand.keyword"]}),
    ];
    for body in bodies {
        let response = client
            .call("POST", "/shop,other/_search", body.clone())
            .await;
        assert_eq!(response.status, 400, "{body}");
        let reason = response.json()["error"]["reason"].clone();
        assert!(
            reason
                .as_str()
                .unwrap()
                .starts_with("es-testkit does not support"),
            "{body}: {reason}"
        );
    }
}

#[tokio::test]
async fn bad_requests_are_refused() {
    let (_cluster, mut client) = start().await;
    let cases = [
        (json!({"query": {"what": {}}}), "parsing_exception"),
        (
            json!({"query": {"match": {"a": "x"}, "term": {"a": "x"}}}),
            "parsing_exception",
        ),
        (
            json!({"query": {"range": {"price": {"over": 3}}}}),
            "parsing_exception",
        ),
        (json!({"what": 1}), "parsing_exception"),
        (
            json!({"sort": ["title"]}),
            "search_phase_execution_exception",
        ),
        (
            json!({"sort": ["unknown"]}),
            "search_phase_execution_exception",
        ),
        (
            json!({"aggs": {"a": {"terms": {"field": "title"}}}}),
            "search_phase_execution_exception",
        ),
        (
            json!({"aggs": {"a": {"median": {"field": "price"}}}}),
            "parsing_exception",
        ),
        (
            json!({"from": 9_999, "size": 2}),
            "search_phase_execution_exception",
        ),
        (
            json!({"sort": ["price"], "search_after": [1, 2]}),
            "search_phase_execution_exception",
        ),
        (json!({"size": -1}), "illegal_argument_exception"),
    ];
    for (body, kind) in cases {
        let response = client.call("POST", "/shop/_search", body.clone()).await;
        assert_eq!(response.status, 400, "{body}");
        assert_eq!(response.json()["error"]["type"], kind, "{body}");
        assert!(
            response.json()["error"]["root_cause"][0]["reason"].is_string(),
            "{body}"
        );
    }
    assert_eq!(
        client
            .send("POST", "/shop/_search", &[], "{\"query\":")
            .await
            .status,
        400
    );
    assert_eq!(
        client
            .call("POST", "/nothing/_search", json!({}))
            .await
            .status,
        404
    );
    let none = client
        .ok(
            "POST",
            "/nothing/_search?ignore_unavailable=true",
            json!({}),
        )
        .await;
    assert!(ids(&none).is_empty());
}

#[tokio::test]
async fn sorts_and_search_types_of_unknown_effect_are_refused() {
    let (_cluster, mut client) = start().await;
    let requests = [
        // In one object the order of the fields would be lost.
        (
            "",
            json!({"sort": {"price": "desc", "brand.keyword": "asc"}}),
        ),
        ("?search_type=dfs_query_then_fetch", json!({})),
    ];
    for (parameters, body) in requests {
        let path = format!("/shop/_search{parameters}");
        let response = client.call("POST", &path, body.clone()).await;
        assert_eq!(response.status, 400, "{path} {body}");
        let reason = response.json()["error"]["reason"].to_string();
        assert!(
            reason.starts_with("\"es-testkit does not support"),
            "{path} {body}: {reason}"
        );
    }
}
