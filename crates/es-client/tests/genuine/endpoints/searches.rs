//! Searches of the shoes, and what else reads many documents.

use es_client::types::{
    FieldCapsResponse, MsearchResponse, SearchResponse, SuggestOption, TermsEnumResponse,
};
use serde_json::{Value, json};

use super::run::Run;
use crate::server::is_opensearch;

/// Everything that a hit can carry.
pub(super) async fn hits(run: &mut Run, i: &str) {
    let es = run.client();
    let inner = json!({"size": 1, "_source": false, "fields": ["sizes.size"]});
    let sizes =
        json!({"path": "sizes", "query": {"term": {"sizes.size": 41}}, "inner_hits": inner});
    let query = json!({"bool": {"must": [
        {"match": {"title": {"query": "shoe", "_name": "by title"}}},
        {"nested": sizes},
    ]}});
    let sort = json!([{"price": "desc"}]);
    let highlight = json!({"fields": {"title": {}}});
    let body = json!({
        "query": query, "sort": sort, "highlight": highlight, "size": 2, "_source": "brand",
        "fields": ["price"], "version": true, "seq_no_primary_term": true, "explain": true,
        "track_scores": true, "track_total_hits": true,
    });
    let params = json!({"index": i, "allow_partial_search_results": false});
    let call = es.search(i).allow_partial_search_results(false).body(&body);
    let found: SearchResponse<Value> = run.ask("search", params, body, call).await.unwrap();
    assert_eq!(
        (found.total(), found.hits().len(), found.timed_out),
        (Some(4), 2, Some(false))
    );
    assert_eq!(
        (found.shards.total, found.shards.failed),
        (Some(2), Some(0))
    );
    let best = &found.hits()[0];
    assert_eq!(
        (&*best.id, best.source().unwrap(), &best.sort[..]),
        ("4", Some(&json!({"brand": "acme"})), &[json!(40.5)][..])
    );
    assert_eq!(best.highlight["title"], ["trail <em>shoe</em> 4"]);
    assert_eq!(
        (&best.matched_queries[..], best.version),
        (&["by title".to_owned()][..], Some(2))
    );
    assert!(best.score > Some(0.0) && best.seq_no.is_some() && best.explanation.is_some());
    assert_eq!(best.fields.as_ref().unwrap().get(), r#"{"price":[40.5]}"#);
    let sizes = best.inner_hits::<Value>("sizes").unwrap().unwrap();
    assert_eq!(
        (sizes.total.unwrap().value, sizes.hits[0].id.as_str()),
        (Some(1), "4")
    );
    let routed = found
        .hits()
        .iter()
        .find(|hit| hit.routing.as_deref() == Some("r"));
    assert!(routed.is_none(), "shoes 4 and 3 are not routed");
}

/// Forms of a response that are not the usual ones.
pub(super) async fn forms(run: &mut Run, i: &str) {
    let es = run.client();
    let ids = json!({"ids": {"values": ["2"]}});
    let body = json!({"query": ids, "profile": true, "terminate_after": 1});
    let params = json!({"index": i, "rest_total_hits_as_int": true});
    let call = es.search(i).rest_total_hits_as_int(true).body(&body);
    let found: SearchResponse<Value> = run.ask("search#profile", params, body, call).await.unwrap();
    assert_eq!(
        (found.total(), found.terminated_early.is_some()),
        (Some(1), true)
    );
    assert_eq!(found.hits()[0].routing.as_deref(), Some("r"));
    assert!(found.profile.unwrap()["shards"].is_array());

    let collapse =
        json!({"field": "brand", "inner_hits": {"name": "of brand", "size": 1, "_source": false}});
    let body = json!({"collapse": collapse, "_source": false, "track_total_hits": false});
    let call = es
        .search(i)
        .collapse(&collapse)
        .source(false)
        .track_total_hits(false);
    let found: SearchResponse<Value> = run
        .ask("search#collapse", json!({"index": i}), body, call)
        .await
        .unwrap();
    assert_eq!((found.total(), found.hits().len()), (None, 2));
    let inner = found.hits()[0]
        .inner_hits::<Value>("of brand")
        .unwrap()
        .unwrap();
    assert_eq!(inner.total.unwrap().value, Some(2));

    // A field that no shard has sorts nothing, which all of them say is an error.
    let body = json!({"sort": [{"no_such_field": "asc"}]});
    let call = es
        .search::<Value>(i)
        .sort(json!([{"no_such_field": "asc"}]))
        .send();
    let error = call.await.unwrap_err();
    assert!(error.is_bad_request(), "{error:?}");
    let params = json!({"index": i});
    let error = es.call("search", params, body).await.unwrap_err();
    assert_eq!(
        error.as_api().unwrap().kind.as_deref(),
        Some("search_phase_execution_exception")
    );
}

pub(super) async fn suggestions(run: &mut Run, i: &str) {
    let es = run.client();
    let suggest = json!({
        "word": {"text": "trial shoe", "term": {"field": "title", "min_doc_freq": 0}},
        "phrase": {"text": "trial shoe", "phrase": {"field": "title", "highlight": {"pre_tag": "<", "post_tag": ">"}}},
        "start": {"prefix": "trail", "completion": {"field": "title.suggest"}},
    });
    let call = es.search(i).size(0).suggest(&suggest);
    let body = json!({"size": 0, "suggest": suggest});
    let found: SearchResponse<Value> = run
        .ask("search#suggest", json!({"index": i}), body, call)
        .await
        .unwrap();
    let of = |name: &str, at: usize| -> &[SuggestOption] { &found.suggest[name][at].options };
    assert_eq!((&*of("word", 0)[0].text, of("word", 1).len()), ("trail", 0));
    assert!(of("word", 0)[0].freq >= Some(1));
    assert_eq!(
        of("phrase", 0)[0].highlighted.as_deref(),
        Some("<trail> shoe")
    );
    let start = of("start", 0)
        .iter()
        .find(|option| option.id.as_deref() == Some("2"))
        .unwrap();
    assert_eq!(start.source.as_ref().unwrap()["brand"], "acme");
}

pub(super) async fn several(run: &mut Run, i: &str) {
    let es = run.client();
    let lines = [
        json!({"index": i}),
        json!({"size": 1, "_source": false}),
        json!({}),
        json!({"sort": [{"no_such_field": "asc"}]}),
        json!({"index": "no-such-index"}),
        json!({}),
    ];
    let call = es.msearch().index(i).operations(&lines);
    let response: MsearchResponse<Value> = run
        .ask("msearch", json!({"index": i}), json!(lines), call)
        .await
        .unwrap();
    let [found, wrong, missing] = &response.responses[..] else {
        panic!("{response:?}")
    };
    assert_eq!(found.as_result().unwrap().total(), Some(4));
    assert_eq!(
        wrong.as_result().unwrap_err().kind,
        "search_phase_execution_exception"
    );
    assert_eq!(
        missing.as_result().unwrap_err().kind,
        "index_not_found_exception"
    );
}

pub(super) async fn fields(run: &mut Run, i: &str) {
    let es = run.client();
    let params = json!({"index": i, "fields": ["brand", "title", "_id"]});
    let call = es.field_caps(i).fields_param(["brand", "title", "_id"]);
    let caps: FieldCapsResponse = run
        .ask("field_caps", params, Value::Null, call)
        .await
        .unwrap();
    assert_eq!(caps.indices, [i]);
    let brand = &caps.fields["brand"]["keyword"];
    assert!(brand.searchable && brand.aggregatable && !brand.metadata_field);
    assert!(!caps.fields["title"]["text"].aggregatable);
    // OpenSearch does not say so.
    assert_ne!(caps.fields["_id"]["_id"].metadata_field, is_opensearch());

    let body = json!({"field": "brand", "string": "ac"});
    let call = es.terms_enum(i).field("brand").string("ac");
    let terms: Option<TermsEnumResponse> =
        run.ask("terms_enum", json!({"index": i}), body, call).await;
    if let Some(terms) = terms {
        assert_eq!(
            (&terms.terms[..], terms.complete),
            (&["acme".to_owned()][..], true)
        );
    }
    let query = "ROW a = 1";
    let call = es.esql().query().body(json!({"query": query}));
    let rows = run
        .ask("esql.query", Value::Null, json!({"query": query}), call)
        .await;
    assert!(rows.is_none_or(|rows| rows.values == [[json!(1)]]));
}
