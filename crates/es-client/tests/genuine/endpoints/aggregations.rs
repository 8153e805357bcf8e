//! Aggregations of the shoes, each kind that has a reader of its own.

use es_client::types::{Aggregations, SearchResponse};
use serde_json::{Value, json};

use super::run::Run;

pub(super) async fn aggregations(run: &mut Run, i: &str) {
    let es = run.client();
    let aggs = json!({
        "brands": {"terms": {"field": "brand"}, "aggs": {
            "price": {"avg": {"field": "price"}},
            "best": {"top_hits": {"size": 1, "_source": "price", "sort": [{"price": "desc"}]}},
        }},
        "prices": {"histogram": {"field": "price", "interval": 20}},
        "months": {"date_histogram": {"field": "sold", "calendar_interval": "month", "format": "yyyy-MM"}},
        "ranges": {"range": {"field": "price", "ranges": [{"to": 20, "key": "low"}, {"from": 20}]}},
        "named": {"filters": {"filters": {"acme": {"term": {"brand": "acme"}}}}},
        "pages": {"composite": {"size": 1, "sources": [{"brand": {"terms": {"field": "brand"}}}]}},
        "acme": {"filter": {"term": {"brand": "acme"}}, "aggs": {"sum": {"sum": {"field": "price"}}}},
        "sizes": {"nested": {"path": "sizes"}, "aggs": {"back": {"reverse_nested": {}}}},
        "all": {"global": {}},
        "without": {"missing": {"field": "price"}},
    });
    let call = es.search(i).size(0).aggregations(&aggs).typed_keys(true);
    let body = json!({"size": 0, "aggregations": aggs});
    let params = json!({"index": i, "typed_keys": true});
    let found: SearchResponse<Value> = run.ask("search#buckets", params, body, call).await.unwrap();
    buckets(found.aggs());

    let of = |field: &str| json!({"field": field});
    let aggs = json!({
        "min": {"min": of("price")}, "max": {"max": of("price")}, "sum": {"sum": of("price")},
        "stats": {"stats": of("price")}, "extended": {"extended_stats": of("price")},
        "percentiles": {"percentiles": {"field": "price", "percents": [50]}},
        "brands": {"cardinality": of("brand")}, "values": {"value_count": of("price")},
        "none": {"avg": of("no_such_field")},
    });
    let call = es.search(i).size(0).aggregations(&aggs);
    let body = json!({"size": 0, "aggregations": aggs});
    let found: SearchResponse<Value> = run
        .ask("search#metrics", json!({"index": i}), body, call)
        .await
        .unwrap();
    metrics(found.aggs());
}

fn buckets(aggs: &Aggregations) {
    let brands = aggs.terms("brands").unwrap();
    assert_eq!(
        (brands.buckets.len(), brands.sum_other_doc_count),
        (2, Some(0))
    );
    let acme = brands.get("acme").unwrap();
    assert_eq!(
        (acme.doc_count, acme.aggs().avg("price").unwrap()),
        (2, Some(30.5))
    );
    let best = acme.aggs().top_hits::<Value>("best").unwrap();
    assert_eq!(
        best.hits[0].source().unwrap(),
        Some(&json!({"price": 40.5}))
    );
    let counts = |buckets: &es_client::types::Buckets| -> Vec<(String, i64)> {
        buckets
            .iter()
            .map(|bucket| (bucket.key().into_owned(), bucket.doc_count))
            .collect()
    };
    let prices = counts(&aggs.histogram("prices").unwrap());
    assert_eq!(
        prices,
        [("0.0".into(), 1), ("20.0".into(), 2), ("40.0".into(), 1)]
    );
    let months = counts(&aggs.date_histogram("months").unwrap());
    assert_eq!((months.len(), &months[0]), (4, &("2026-01".into(), 1)));
    let ranges = aggs.range("ranges").unwrap();
    assert_eq!(
        (ranges.get("low").unwrap().to, ranges.buckets[1].from),
        (Some(20.0), Some(20.0))
    );
    assert_eq!(
        aggs.filters("named")
            .unwrap()
            .get("acme")
            .unwrap()
            .doc_count,
        2
    );
    let page = aggs.composite("pages").unwrap();
    assert_eq!(
        (page.after_key, page.buckets.len()),
        (Some(json!({"brand": "acme"})), 1)
    );
    let filtered = aggs.filter("acme").unwrap();
    assert_eq!(
        (filtered.doc_count, filtered.aggs().sum("sum").unwrap()),
        (2, Some(61.0))
    );
    let nested = aggs.nested("sizes").unwrap();
    assert_eq!(
        (
            nested.doc_count,
            nested.aggs().reverse_nested("back").unwrap().doc_count
        ),
        (8, 4)
    );
    assert_eq!(aggs.global("all").unwrap().doc_count, 4);
    assert_eq!(aggs.missing("without").unwrap().doc_count, 0);
}

fn metrics(aggs: &Aggregations) {
    assert_eq!(
        (aggs.min("min").unwrap(), aggs.max("max").unwrap()),
        (Some(11.5), Some(40.5))
    );
    assert_eq!(aggs.sum("sum").unwrap(), Some(103.0));
    let stats = aggs.stats("stats").unwrap();
    assert_eq!(
        (stats.count, stats.avg, stats.std_deviation),
        (4, Some(25.75), None)
    );
    assert!(aggs.stats("extended").unwrap().std_deviation > Some(10.0));
    let median = aggs
        .percentiles("percentiles")
        .unwrap()
        .get("50.0")
        .unwrap();
    assert!((20.0..35.0).contains(&median), "{median}");
    assert_eq!(
        (
            aggs.cardinality("brands").unwrap(),
            aggs.value_count("values").unwrap()
        ),
        (2, 4)
    );
    assert_eq!(aggs.avg("none").unwrap(), None);
}
