//! Searches: failures, suggestions, aggregations, several at once.

use es_client::types::{
    AsyncSearchResponse, EsqlResponse, FieldCapsResponse, Hits, MsearchItem, MsearchResponse,
    OpenPointInTime, SearchResponse, TermsEnumResponse,
};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::responses::read;

const FOUND: &str = r#"{"took":5,"timed_out":false,
 "_shards":{"total":2,"successful":1,"skipped":0,"failed":1,"failures":[{"shard":0,"index":"i",
   "node":"n","reason":{"type":"query_shard_exception","reason":"no such field"}}]},
 "hits":{"total":{"value":1,"relation":"eq"},"max_score":1.0,"hits":[]},
 "suggest":{"spelling":[{"text":"shoos","offset":0,"length":5,
   "options":[{"text":"shoes","score":0.8,"freq":3}]}],
  "completion#titles":[{"text":"tr","offset":0,"length":2,
   "options":[{"text":"trail","_index":"i","_id":"1","_score":2.0,"_source":{"n":1}}]}]},
 "aggregations":{
  "sterms#by_brand":{"doc_count_error_upper_bound":0,"sum_other_doc_count":4,"buckets":[
   {"key":"acme","doc_count":3,"avg#price":{"value":12.5},
    "top_hits#best":{"hits":{"total":{"value":3,"relation":"eq"},"max_score":1.0,"hits":[
      {"_index":"i","_id":"7","_score":1.0,"_source":{"n":7}}]}}}]},
  "per_day":{"buckets":[{"key_as_string":"2026-01-01","key":1767225600000,"doc_count":2}]},
  "prices":{"buckets":[{"key":"*-10.0","to":10.0,"doc_count":1},{"key":"10.0-*","from":10.0,"doc_count":2}]},
  "states":{"buckets":{"bad":{"doc_count":1},"good":{"doc_count":9,"n":{"value":4}}}},
  "recent":{"doc_count":6,"brands":{"value":5}},
  "pages":{"after_key":{"b":"acme"},"buckets":[{"key":{"b":"acme"},"doc_count":3}]},
  "numbers":{"count":2,"min":1.0,"max":3.0,"avg":2.0,"sum":4.0},
  "nobody":{"count":0,"min":null,"max":null,"avg":null,"sum":0.0},
  "load":{"values":{"50.0":1.5,"50.0_as_string":"x","99.0":null}},
  "none":{"value":null}}}"#;

#[test]
fn failures_and_suggestions() {
    let found: SearchResponse<Value> = read(FOUND);
    assert_eq!(
        found.shards.failures[0].to_string(),
        "[i][0] query_shard_exception: no such field"
    );
    let option = &found.suggest["spelling"][0].options[0];
    assert_eq!((option.text.as_str(), option.freq), ("shoes", Some(3)));
    let option = &found.suggest["completion#titles"][0].options[0];
    assert_eq!(
        (option.score, option.source.as_ref()),
        (2.0, Some(&json!({"n": 1})))
    );
}

#[test]
fn buckets_nest_and_are_found_with_typed_keys_and_without() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Product {
        n: u32,
    }
    let found: SearchResponse<Value> = read(FOUND);
    let aggs = found.aggs();
    let brands = aggs.terms("by_brand").unwrap();
    assert_eq!(brands.sum_other_doc_count, Some(4));
    let acme = brands.get("acme").unwrap();
    assert_eq!(
        (acme.doc_count, acme.aggs().avg("price").unwrap()),
        (3, Some(12.5))
    );
    let best = acme.aggs().top_hits::<Product>("best").unwrap();
    assert_eq!(best.hits[0].source().unwrap(), Some(&Product { n: 7 }));
    let raw = acme.aggs().top_hits::<Box<RawValue>>("best").unwrap();
    assert_eq!(raw.hits[0].source().unwrap().unwrap().get(), r#"{"n":7}"#);

    let days = aggs.date_histogram("per_day").unwrap();
    assert_eq!(
        (days.buckets[0].key(), &days.buckets[0].key),
        ("2026-01-01".into(), &json!(1_767_225_600_000_u64))
    );
    let prices = aggs.range("prices").unwrap();
    assert_eq!(
        (prices.buckets[0].from, prices.buckets[0].to),
        (None, Some(10.0))
    );
    let states = aggs.filters("states").unwrap();
    assert_eq!(
        states.get("good").unwrap().aggs().sum("n").unwrap(),
        Some(4.0)
    );
    assert_eq!(
        aggs.composite("pages").unwrap().after_key,
        Some(json!({"b": "acme"}))
    );
    let recent = aggs.filter("recent").unwrap();
    assert_eq!(
        (
            recent.doc_count,
            recent.aggs().cardinality("brands").unwrap()
        ),
        (6, 5)
    );
}

#[test]
fn metrics_and_what_is_not_there() {
    let found: SearchResponse<Value> = read(FOUND);
    let aggs = found.aggs();
    let numbers = aggs.stats("numbers").unwrap();
    assert_eq!((numbers.count, numbers.max), (2, Some(3.0)));
    assert_eq!(aggs.stats("nobody").unwrap().avg, None);
    assert_eq!(aggs.max("none").unwrap(), None);
    let load = aggs.percentiles("load").unwrap();
    assert_eq!(
        load.iter().collect::<Vec<_>>(),
        [("50.0", Some(1.5)), ("99.0", None)]
    );

    let missing = aggs.terms("other").unwrap_err();
    assert!(missing.as_aggregation().unwrap().is_missing());
    assert_eq!(
        missing.to_string(),
        "the response has no aggregation `other`"
    );
    let wrong = aggs.terms("numbers").unwrap_err();
    assert!(!wrong.as_aggregation().unwrap().is_missing());
    assert_eq!(
        wrong.to_string(),
        "the aggregation `numbers` is statistics, not `terms`"
    );
    for (wrong, message) in [
        (
            aggs.avg("by_brand").unwrap_err(),
            "the aggregation `by_brand` is `sterms`, not `avg`",
        ),
        (
            aggs.stats("per_day").unwrap_err(),
            "the aggregation `per_day` is an aggregation with buckets, not `stats`",
        ),
        (
            aggs.percentiles("none").unwrap_err(),
            "the aggregation `none` is a metric with a single value, not `percentiles`",
        ),
    ] {
        assert_eq!(wrong.to_string(), message);
    }
    assert!(aggs.filter("numbers").is_err());
}

#[test]
fn several_searches_succeed_and_fail_apart() {
    let body = format!(
        r#"{{"took":9,"responses":[{FOUND},{{"error":{{"type":"index_not_found_exception",
        "reason":"no such index [no]"}},"status":404}}]}}"#
    );
    let several: MsearchResponse<Value> = read(&body);
    assert_eq!(several.responses[0].as_result().unwrap().took, 5);
    assert!(
        several.responses[0]
            .as_result()
            .unwrap()
            .aggs()
            .get("none")
            .is_some()
    );
    let MsearchItem::Failed { status, error } = &several.responses[1] else {
        unreachable!("the second failed")
    };
    assert_eq!(
        (*status, error.kind.as_str()),
        (404, "index_not_found_exception")
    );
}

#[test]
fn long_and_paged_searches() {
    let body = format!(
        r#"{{"id":"abc","is_partial":true,"is_running":true,"start_time_in_millis":1,
        "expiration_time_in_millis":2,"response":{FOUND}}}"#
    );
    let running: AsyncSearchResponse<Value> = read(&body);
    assert!(running.is_running == Some(true) && running.response.unwrap().total() == Some(1));
    let pit: OpenPointInTime = read(r#"{"id":"p","_shards":{"total":1,"successful":1}}"#);
    assert_eq!(pit.id, "p");
    let opensearch: OpenPointInTime = read(r#"{"pit_id":"q","creation_time":1}"#);
    assert_eq!(opensearch.id, "q");
    let bare: SearchResponse<Value> = read(r#"{"_scroll_id":"s"}"#);
    assert!(bare.hits().is_empty() && bare.scroll_id.is_some());
}

#[test]
fn fields_and_terms() {
    let caps: FieldCapsResponse = read(
        r#"{"indices":"i","fields":{"rating":{"long":{"type":"long","metadata_field":false,
        "searchable":true,"aggregatable":false,"indices":["a","b"],"non_aggregatable_indices":"a"},
        "keyword":{"type":"keyword","searchable":false,"aggregatable":true}}}}"#,
    );
    assert_eq!(caps.indices, ["i"]);
    let rating = &caps.fields["rating"]["long"];
    assert_eq!(
        (rating.searchable, &rating.non_aggregatable_indices[..]),
        (true, &["a".to_owned()][..])
    );
    let terms: TermsEnumResponse = read(r#"{"_shards":{},"terms":["kibana"],"complete":true}"#);
    assert_eq!(
        (&terms.terms[..], terms.complete),
        (&["kibana".to_owned()][..], true)
    );
}

#[test]
fn rows_take_the_names_of_their_columns() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        brand: String,
        n: Option<u64>,
    }
    let rows: EsqlResponse = read(
        r#"{"took":28,"is_partial":false,"columns":[{"name":"n","type":"long"},
        {"name":"brand","type":"keyword"}],"values":[[3,"acme"],[null,"else"]]}"#,
    );
    let row = |brand: &str, n| Row {
        brand: brand.to_owned(),
        n,
    };
    assert_eq!(
        rows.rows::<Row>().unwrap(),
        [row("acme", Some(3)), row("else", None)]
    );
    assert!(rows.rows::<Vec<u8>>().is_err());
}

#[test]
fn hits_without_ids_and_with_everything_that_can_be_asked_for() {
    let found: SearchResponse<Value> = read(
        r#"{"took":1,"timed_out":false,"terminated_early":true,
        "_shards":{"total":1,"successful":1,"skipped":0,"failed":0},
        "_clusters":{"total":1,"successful":1,"skipped":0},"profile":{"shards":[]},
        "hits":{"total":1,"max_score":null,"hits":[
          {"_index":"i","_score":null},
          {"_index":"i","_id":"1","_score":1.0,"_version":3,"_seq_no":7,"_primary_term":2,
           "_explanation":{"value":1.0},"matched_queries":["a","b"],
           "inner_hits":{"comments":{"hits":{"total":{"value":1,"relation":"eq"},"max_score":1.0,
             "hits":[{"_index":"i","_id":"1","_nested":{"field":"comments","offset":0},
                      "_score":1.0,"_source":{"by":"x"}}]}}}},
          {"_index":"i","_id":"2","_score":1.0,"matched_queries":{"a":0.5}}]}}"#,
    );
    assert_eq!(
        (found.total(), found.terminated_early),
        (Some(1), Some(true))
    );
    assert!(found.profile.is_some() && found.clusters.is_some());
    let [bare, full, scored] = found.hits() else {
        panic!("{found:?}")
    };
    assert_eq!((&*bare.id, bare.version), ("", None));
    assert_eq!(
        (full.version, full.seq_no, full.primary_term),
        (Some(3), Some(7), Some(2))
    );
    assert_eq!(full.matched_queries, ["a", "b"]);
    assert_eq!(scored.matched_queries, ["a"]);
    assert!(full.explanation.is_some());
    let comments = full.inner_hits::<Value>("comments").unwrap().unwrap();
    assert_eq!(
        comments.hits[0].source().unwrap(),
        Some(&json!({"by": "x"}))
    );
    assert!(full.inner_hits::<Value>("other").unwrap().is_none());
    let comments = full.inner_hits::<Vec<u8>>("comments").unwrap().unwrap();
    assert!(comments.hits[0].source().is_err());
}

#[test]
fn the_total_is_an_object_a_number_or_unknown() {
    let total = |json: &str| {
        read::<Hits<Value>>(json)
            .total
            .map(|t| (t.value, t.relation))
    };
    assert_eq!(
        total(r#"{"total":{"value":10000,"relation":"gte"}}"#),
        Some((Some(10_000), "gte".into()))
    );
    assert_eq!(total(r#"{"total":7}"#), Some((Some(7), "eq".into())));
    assert_eq!(total(r#"{"total":"7"}"#), Some((Some(7), "eq".into())));
    assert_eq!(total(r#"{"total":-1}"#), Some((None, String::new())));
    assert_eq!(
        total(r#"{"total":{"relation":"eq"}}"#),
        Some((None, "eq".into()))
    );
    assert_eq!(total(r#"{"total":null}"#), None);
    assert_eq!(total("{}"), None);
}

#[test]
fn keyed_buckets_keep_their_own_keys_and_what_else_is_told_of_them() {
    let found: SearchResponse<Value> = read(
        r#"{"hits":{"hits":[]},"aggregations":{
          "days":{"buckets":{"2026-01-01":{"key_as_string":"2026-01-01","key":1767225600000,"doc_count":2}}},
          "sizes":{"buckets":{"small":{"to":10.0,"doc_count":1}}},
          "odd":{"doc_count":9,"bg_count":90,"buckets":[{"key":"x","doc_count":3,"score":1.5,"bg_count":4}]}}}"#,
    );
    let days = found.aggs().date_histogram("days").unwrap();
    let day = days.get("2026-01-01").unwrap();
    assert_eq!(
        (day.key.as_u64(), day.doc_count),
        (Some(1_767_225_600_000), 2)
    );
    let sizes = found.aggs().range("sizes").unwrap();
    assert_eq!(sizes.get("small").unwrap().to, Some(10.0));
    let odd = found.aggs().terms("odd").unwrap();
    assert_eq!(
        odd.get("x").unwrap().other,
        *json!({"score":1.5,"bg_count":4}).as_object().unwrap()
    );
}

#[test]
fn sources_can_be_borrowed_from_the_body() {
    let body = br#"{"hits":{"hits":[{"_index":"i","_id":"1","_source":{"n": 1}},
        {"_index":"i","_id":"2"}]}}"#;
    let found: SearchResponse<&RawValue> = serde_json::from_slice(body).unwrap();
    let sources: Vec<_> = found
        .documents()
        .map(|source| source.unwrap().get())
        .collect();
    assert_eq!(sources, [r#"{"n": 1}"#]);
    assert!(body.as_ptr_range().contains(&sources[0].as_ptr()));
}
