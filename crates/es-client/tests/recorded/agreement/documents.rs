//! Documents, one or several.

use es_client::types::{
    BulkItem, BulkResponse, ByQueryResponse, CountResponse, GetResponse, Info, MgetResponse,
    WriteResponse,
};
use serde_json::Value;

use super::{cause, compared, each, field, same, shards};

pub(super) fn check(endpoint: &str, body: &[u8]) -> bool {
    match endpoint {
        "index" | "create" | "update" | "delete" => compared(body, write),
        "get" => compared(body, get),
        "mget" => compared(body, |json, typed: &MgetResponse<Value>| {
            same!(json, typed;; "docs");
            each(&json["docs"], &typed.docs, get);
        }),
        "bulk" => compared(body, bulk),
        "count" => compared(body, |json, typed: &CountResponse| {
            same!(json, typed; count; "_shards");
            shards(&json["_shards"], &typed.shards);
        }),
        "update_by_query" | "delete_by_query" | "reindex" => compared(body, by_query),
        "info" => compared(body, info),
        _ => false,
    }
}

fn write(json: &Value, typed: &WriteResponse) {
    same!(
        json, typed;
        index = "_index", id = "_id", version = "_version", result, seq_no = "_seq_no",
        primary_term = "_primary_term", forced_refresh, get;
        "_type", "_shards",
    );
    shards(&json["_shards"], &typed.shards);
}

fn get(json: &Value, typed: &GetResponse<Value>) {
    same!(
        json, typed;
        index = "_index", id = "_id", found, version = "_version", seq_no = "_seq_no",
        primary_term = "_primary_term", routing = "_routing", fields;
        "_type", "_source", "error",
    );
    field(json, "_source", &typed.source().unwrap());
    match &typed.error {
        Some(error) => cause(&json["error"], error),
        None => assert!(json["error"].is_null()),
    }
}

fn bulk(json: &Value, typed: &BulkResponse) {
    same!(json, typed; took, errors, ingest_took; "items");
    let items = typed.items().unwrap();
    each(&json["items"], &items, |json, item| {
        let (action, json) = json.as_object().unwrap().iter().next().unwrap();
        assert_eq!(*action, item.action);
        bulk_item(json, item);
    });
    let failed = items.iter().filter(|item| item.error.is_some()).count();
    assert_eq!(typed.failures().unwrap().len(), failed);
}

fn bulk_item(json: &Value, typed: &BulkItem) {
    same!(
        json, typed;
        index = "_index", id = "_id", status, result, version = "_version", seq_no = "_seq_no",
        primary_term = "_primary_term", get;
        "_type", "_shards", "forced_refresh", "error",
    );
    match &typed.error {
        Some(error) => cause(&json["error"], error),
        None => assert!(json["error"].is_null()),
    }
}

fn by_query(json: &Value, typed: &ByQueryResponse) {
    same!(
        json, typed;
        task, took, timed_out, total, created, updated, deleted, batches, version_conflicts,
        noops, throttled_millis, requests_per_second, failures;
        "retries", "throttled_until_millis",
    );
    if !json["retries"].is_null() {
        same!(&json["retries"], typed.retries; bulk, search;);
    }
}

fn info(json: &Value, typed: &Info) {
    same!(json, typed; name, cluster_name, cluster_uuid, tagline; "version");
    same!(
        &json["version"], typed.version;
        number, build_flavor, lucene_version, distribution;
        "build_type", "build_hash", "build_date", "build_snapshot",
        "minimum_wire_compatibility_version", "minimum_index_compatibility_version",
    );
}
