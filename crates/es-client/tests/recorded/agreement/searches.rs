//! Searches, and what pages through them.

use es_client::types::{
    FieldCapsResponse, FreedContexts, Hit, Hits, MsearchItem, MsearchResponse, OpenPointInTime,
    SearchResponse, Suggestion, TermsEnumResponse,
};
use serde_json::Value;

use super::{cause, compared, each, field, named, same, shards};

pub(super) fn check(endpoint: &str, body: &[u8]) -> bool {
    match endpoint {
        "search" | "scroll" | "search_template" => compared(body, search),
        "msearch" | "msearch_template" => compared(body, |json, typed: &MsearchResponse<Value>| {
            same!(json, typed; took; "responses");
            each(&json["responses"], &typed.responses, msearch_item);
        }),
        "open_point_in_time" => compared(body, |json, typed: &OpenPointInTime| {
            same!(json, typed; id; "_shards");
            shards(&json["_shards"], &typed.shards);
        }),
        "close_point_in_time" | "clear_scroll" => compared(body, |json, typed: &FreedContexts| {
            same!(json, typed; succeeded, num_freed;);
        }),
        "field_caps" => compared(body, field_caps),
        "terms_enum" => compared(body, |json, typed: &TermsEnumResponse| {
            same!(json, typed; terms, complete; "_shards");
            shards(&json["_shards"], &typed.shards);
        }),
        _ => false,
    }
}

fn search(json: &Value, typed: &SearchResponse<Value>) {
    same!(
        json, typed;
        took, timed_out, terminated_early, clusters = "_clusters", profile,
        scroll_id = "_scroll_id", pit_id;
        "_shards", "hits", "aggregations", "suggest", "status", "num_reduce_phases",
    );
    shards(&json["_shards"], &typed.shards);
    hits(&json["hits"], &typed.hits);
    let aggregations = json["aggregations"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let aggs = typed.aggs();
    assert_eq!(aggs.iter().count(), aggregations.len());
    for (name, aggregation) in &aggregations {
        assert_eq!(&aggs.read::<Value>(name).unwrap(), aggregation);
    }
    let suggested = json.get("suggest").unwrap_or(&Value::Null);
    named(suggested, &typed.suggest, |json, typed| {
        each(json, typed, suggestion)
    });
}

fn hits(json: &Value, typed: &Hits<Value>) {
    same!(json, typed; max_score; "total", "hits");
    match &json["total"] {
        Value::Null => assert!(typed.total.is_none()),
        bare @ Value::Number(_) => field(
            json,
            "total",
            &bare.as_u64().map(|_| typed.total.as_ref().unwrap().value),
        ),
        total => same!(total, typed.total.as_ref().unwrap(); value, relation;),
    }
    each(&json["hits"], &typed.hits, hit);
}

fn hit(json: &Value, typed: &Hit<Value>) {
    same!(
        json, typed;
        index = "_index", id = "_id", routing = "_routing", score = "_score",
        version = "_version", seq_no = "_seq_no", primary_term = "_primary_term",
        sort, fields, highlight, matched_queries, inner_hits,
        explanation = "_explanation";
        "_source", "_ignored", "_nested", "_type", "_shard", "_node",
    );
    field(json, "_source", &typed.source().unwrap());
}

fn suggestion(json: &Value, typed: &Suggestion) {
    same!(json, typed; text, offset, length; "options");
    each(&json["options"], &typed.options, |json, option| {
        same!(
            json, option;
            text, freq, highlighted, collate_match, index = "_index", id = "_id",
            routing = "_routing", source = "_source";
            "score", "_score", "_type",
        );
        let score = json["score"].as_f64().or_else(|| json["_score"].as_f64());
        assert_eq!(score, Some(option.score));
    });
}

fn msearch_item(json: &Value, typed: &MsearchItem<Value>) {
    match typed {
        MsearchItem::Found(found) => search(json, found),
        MsearchItem::Failed { status, error } => {
            field(json, "status", status);
            cause(&json["error"], error);
        }
    }
}

fn field_caps(json: &Value, typed: &FieldCapsResponse) {
    same!(json, typed; indices; "fields");
    named(&json["fields"], &typed.fields, |json, types| {
        named(json, types, |json, typed| {
            same!(
                json, typed;
                kind = "type", metadata_field, searchable, aggregatable, indices,
                non_searchable_indices, non_aggregatable_indices;
            );
        });
    });
}
