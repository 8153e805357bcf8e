//! Responses with members that are missing, added, or written otherwise.

use es_client::{
    SearchResponse,
    types::{
        Acknowledged, ApiKeys, ByQueryResponse, GetResponse, NodesStats, ShardsResponse,
        WriteResponse,
    },
};
use serde_json::{Value, json};

use crate::responses::{read, try_read};

#[test]
fn cut_responses_are_read() {
    let found: SearchResponse<Value> = read(r#"{"hits":{"hits":[{"_source":{"n":1}}]}}"#);
    assert_eq!(found.hits()[0].source().unwrap(), Some(&json!({"n": 1})));
    assert_eq!(
        (found.timed_out, found.shards.failed, found.total()),
        (None, None, None)
    );
    let written: WriteResponse = read(r#"{"result":"created"}"#);
    assert_eq!((&*written.result, &*written.index), ("created", ""));
    let got: GetResponse<Value> = read(r#"{"_source":{"n":1}}"#);
    assert_eq!(
        (got.found, got.source().unwrap()),
        (None, Some(&json!({"n": 1})))
    );
    let empty: SearchResponse<Value> = read("{}");
    assert!(empty.hits().is_empty());
}

#[test]
fn null_is_the_same_as_missing() {
    let found: SearchResponse<Value> = read(
        r#"{"took":null,"_shards":null,"hits":{"max_score":null,"hits":[{"_id":null,"_index":null,
        "_source":null,"sort":null,"highlight":null,"matched_queries":null}]},"suggest":null,
        "aggregations":null}"#,
    );
    let hit = &found.hits()[0];
    assert!(hit.id.is_empty() && hit.source().unwrap().is_none() && found.aggs().is_empty());
}

#[test]
fn numbers_may_be_negative_texts_or_not_finite() {
    let found: SearchResponse<Value> = read(
        r#"{"took":1.5,"_shards":{"total":"2","failed":0},"hits":{"max_score":"NaN","hits":[
        {"_score":"-Infinity","_version":-1,"_seq_no":-2,"_source":{}}]},"aggregations":{
        "sum":{"value":"Infinity"},"all":{"count":1,"min":"NaN","sum":"-Infinity"},
        "load":{"values":[{"key":1.0,"value":"NaN"},{"key":99.5,"value":2}]}}}"#,
    );
    assert_eq!((found.took, found.shards.total), (1, Some(2)));
    assert!(found.hits.max_score.unwrap().is_nan());
    let hit = &found.hits()[0];
    assert_eq!(
        (hit.score, hit.version, hit.seq_no),
        (Some(f64::NEG_INFINITY), Some(-1), Some(-2))
    );
    let aggs = found.aggs();
    assert_eq!(aggs.sum("sum").unwrap(), Some(f64::INFINITY));
    assert_eq!(aggs.stats("all").unwrap().sum, f64::NEG_INFINITY);
    let load = aggs.percentiles("load").unwrap();
    assert!(load.get("1.0").unwrap().is_nan() && load.get("99.5") == Some(2.0));
}

#[test]
fn totals_and_percentiles_keep_everything() {
    let found: SearchResponse<Value> = read(
        r#"{"hits":{"total":{"value":3,"relation":"eq","pruned":true}},"aggregations":{
        "keyed":{"values":{"99.0_as_string":"1970","99.0":9.5,"5.0":1,"1.0_as_string":"now"}},
        "list":{"values":[{"key":99.0,"value":9.5,"value_as_string":"1970","exact":true}]}}}"#,
    );
    let total = found.hits.total.as_ref().unwrap();
    assert_eq!(
        (total.value, total.other.get("pruned")),
        (Some(3), Some(&json!(true)))
    );
    let keyed = found.aggs().percentiles("keyed").unwrap();
    assert_eq!(
        (keyed.get("99.0"), keyed.as_string("99.0")),
        (Some(9.5), Some("1970"))
    );
    assert_eq!(
        (keyed.get("5.0"), keyed.as_string("5.0")),
        (Some(1.0), None)
    );
    assert_eq!(
        (keyed.get("1.0"), keyed.as_string("1.0")),
        (None, Some("now"))
    );
    let list = found.aggs().percentiles("list").unwrap();
    assert_eq!(list.as_string("99.0"), Some("1970"));
    assert_eq!(list.values[0].other.get("exact"), Some(&json!(true)));
}

#[test]
fn statistics_may_be_minus_one() {
    let nodes: NodesStats =
        read(r#"{"nodes":{"n":{"timestamp":-1,"indices":{"docs":{"count":-1,"deleted":-2}}}}}"#);
    assert_eq!(nodes.nodes["n"].indices.as_ref().unwrap().docs.deleted, -2);
}

#[test]
fn marks_and_repeated_members_are_read() {
    let read: Acknowledged = read("\u{feff}{\"acknowledged\":false,\"acknowledged\":true}\0\0");
    assert!(read.acknowledged);
}

#[test]
fn unknown_members_are_kept() {
    let found: SearchResponse<Value> = read(
        r#"{"num_reduce_phases":2,"_shards":{"new":1},"hits":{"hits":[{"_id":"1","_shard":"[i][0]",
        "_node":"n","_ignored":["a"],"ignored_field_values":{"a":["x"]},
        "_nested":{"field":"f","offset":0}}]}}"#,
    );
    assert_eq!(
        (
            &found.other["num_reduce_phases"],
            &found.shards.other["new"]
        ),
        (&2.into(), &1.into())
    );
    let hit = &found.hits()[0];
    assert_eq!(
        (&hit.other["_shard"], &hit.other["_node"]),
        (&"[i][0]".into(), &"n".into())
    );
    assert_eq!(
        (&hit.ignored[..], &hit.other["ignored_field_values"]),
        (&["a".to_owned()][..], &json!({"a": ["x"]}))
    );
    assert_eq!(hit.nested, Some(json!({"field": "f", "offset": 0})));

    let merged: ShardsResponse = read(r#"{"task":"n:1"}"#);
    assert_eq!(merged.task.as_deref(), Some("n:1"));
    let keys: ApiKeys =
        read(r#"{"api_keys":[{"id":"k","_sort":[1]}],"count":1,"aggregations":{"a":{"value":1}}}"#);
    assert_eq!(keys.api_keys[0].sort, [json!(1)]);
    assert!(keys.other.contains_key("aggregations"));
    let sliced: ByQueryResponse = read(r#"{"slices":[{"slice_id":0}],"throttled_until_millis":0}"#);
    assert_eq!(
        (sliced.slices.len(), &sliced.other["throttled_until_millis"]),
        (1, &0.into())
    );
}

#[test]
fn aggregations_keep_every_name_and_the_order() {
    let found: SearchResponse<Value> = read(
        r#"{"aggregations":{
        "z":{"buckets":{"b":{"doc_count":1},"a":{"doc_count":2,"key":{"value":5}}}},
        "ips":{"buckets":[{"key":"10.0.0.0/8","from":"10.0.0.0","to":"11.0.0.0","doc_count":3}]},
        "own":{"buckets":[{"key":"x","doc_count":4,"key":{"value":1},"doc_count":{"value":2},
            "from":{"value":3},"to":{"value":null}}]},
        "pages":{"buckets":[{"key":{"b":"x"},"doc_count":1}]},
        "one":{"doc_count":5,"key":{"value":6}},
        "load":{"values":{"99.0":3,"5.0":1}}}}"#,
    );
    let aggs = found.aggs();
    let names: Vec<_> = aggs.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["z", "ips", "own", "pages", "one", "load"]);
    let keyed = aggs.filters("z").unwrap();
    let keys: Vec<_> = keyed
        .iter()
        .map(|bucket| bucket.key().into_owned())
        .collect();
    assert_eq!(keys, ["b", "a"]);
    assert_eq!(
        keyed.get("a").unwrap().aggs().value("key").unwrap(),
        Some(5.0)
    );
    let ips = &aggs.range("ips").unwrap().buckets[0];
    assert_eq!(
        (&ips.other["from"], &ips.other["to"]),
        (&"10.0.0.0".into(), &"11.0.0.0".into())
    );
    let own = aggs.terms("own").unwrap();
    let own = own.get("x").unwrap();
    let values = ["key", "doc_count", "from", "to"].map(|name| own.aggs().value(name).unwrap());
    assert_eq!(
        (own.doc_count, values),
        (4, [Some(1.0), Some(2.0), Some(3.0), None])
    );
    assert_eq!(
        aggs.composite("pages").unwrap().buckets[0].key,
        json!({"b": "x"})
    );
    assert_eq!(
        aggs.filter("one").unwrap().aggs().value("key").unwrap(),
        Some(6.0)
    );
    let load = aggs.percentiles("load").unwrap();
    assert_eq!(
        load.iter().map(|(percent, _)| percent).collect::<Vec<_>>(),
        ["99.0", "5.0"]
    );
}

#[test]
fn values_that_cannot_be_read_name_their_path() {
    let error = try_read::<NodesStats>(r#"{"nodes":{"n":{"timestamp":"soon"}}}"#).unwrap_err();
    assert_eq!(error.as_decode().unwrap().path(), "nodes.n.timestamp");
}
