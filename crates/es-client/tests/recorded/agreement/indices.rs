//! Indices and what they are made from.

use es_client::types::{
    Alias, AnalyzeResponse, CreateIndexResponse, IndexState, IndexStates, IndexStats,
    IndexTemplates, IndicesStats, RolloverResponse, ShardStats, ShardsResponse,
};
use serde_json::Value;

use super::{compared, each, named, others, same, shards};

pub(super) fn check(endpoint: &str, body: &[u8]) -> bool {
    match endpoint {
        "indices.create" | "indices.clone" | "indices.shrink" | "indices.split" => {
            compared(body, |json, typed: &CreateIndexResponse| {
                same!(json, typed; acknowledged, shards_acknowledged, index;);
            })
        }
        "indices.get" | "indices.get_alias" | "indices.get_mapping" | "indices.get_settings" => {
            compared(body, |json, typed: &IndexStates| named(json, typed, state))
        }
        "indices.refresh" | "indices.flush" | "indices.forcemerge" | "indices.clear_cache" => {
            compared(body, |json, typed: &ShardsResponse| {
                same!(json, typed;; "_shards");
                shards(&json["_shards"], &typed.shards);
            })
        }
        "indices.stats" => compared(body, stats),
        "indices.analyze" => compared(body, analysis),
        "indices.rollover" => compared(body, |json, typed: &RolloverResponse| {
            same!(
                json, typed;
                acknowledged, shards_acknowledged, old_index, new_index, rolled_over, dry_run,
                conditions;
                "lazy",
            );
        }),
        "indices.get_index_template" => compared(body, templates),
        _ => false,
    }
}

fn state(json: &Value, typed: &IndexState) {
    same!(json, typed; mappings, settings, defaults, data_stream; "aliases");
    named(&json["aliases"], &typed.aliases, |json, alias: &Alias| {
        same!(
            json, alias;
            filter, index_routing, search_routing, is_write_index, is_hidden;
        );
    });
}

fn stats(json: &Value, typed: &IndicesStats) {
    same!(json, typed;; "_shards", "_all", "indices");
    shards(&json["_shards"], &typed.shards);
    of_index(&json["_all"], &typed.all);
    named(&json["indices"], &typed.indices, of_index);
}

fn of_index(json: &Value, typed: &IndexStats) {
    same!(json, typed; uuid, health, status; "primaries", "total");
    of_shards(&json["primaries"], &typed.primaries);
    of_shards(&json["total"], &typed.total);
}

pub(super) fn of_shards(json: &Value, typed: &ShardStats) {
    others(json, &["docs", "store", "indexing", "search"], &typed.other);
    let given = |name: &str| json.get(name).filter(|part| !part.is_null());
    if let Some(json) = given("docs") {
        same!(json, typed.docs; count, deleted; "total_size_in_bytes");
    }
    if let Some(json) = given("store") {
        same!(json, typed.store; size_in_bytes; "total_data_set_size_in_bytes", "reserved_in_bytes");
    }
    if let Some(json) = given("indexing") {
        same!(
            json, typed.indexing;
            index_total, index_time_in_millis, index_failed, delete_total;
            "delete_current", "delete_time_in_millis", "index_current",
            "index_failed_due_to_version_conflict", "is_throttled", "max_last_index_request_timestamp", "noop_update_total",
            "peak_write_load", "recent_write_load", "throttle_time_in_millis", "write_load"
        );
    }
    if let Some(json) = given("search") {
        same!(
            json, typed.search;
            query_total, query_time_in_millis, fetch_total, fetch_time_in_millis;
            "fetch_current", "fetch_failure", "open_contexts", "query_current", "query_failure",
            "recent_search_load", "scroll_current", "scroll_time_in_millis", "scroll_total",
            "suggest_current", "suggest_time_in_millis", "suggest_total", "concurrent_avg_slice_count",
            "concurrent_query_current", "concurrent_query_time_in_millis", "concurrent_query_total",
            "point_in_time_current", "point_in_time_time_in_millis", "point_in_time_total",
            "query_failed", "request", "search_idle_reactivate_count_total",
            "startree_query_current", "startree_query_failed", "startree_query_time_in_millis",
            "startree_query_total"
        );
    }
}

fn analysis(json: &Value, typed: &AnalyzeResponse) {
    same!(json, typed; detail; "tokens");
    each(&json["tokens"], &typed.tokens, |json, token| {
        same!(json, token; token, start_offset, end_offset, kind = "type", position;);
    });
}

fn templates(json: &Value, typed: &IndexTemplates) {
    same!(json, typed;; "index_templates");
    each(
        &json["index_templates"],
        &typed.index_templates,
        |json, typed| {
            same!(json, typed; name; "index_template");
            same!(
                &json["index_template"], typed.index_template;
                index_patterns, composed_of, template, priority, version, meta = "_meta", data_stream; "created_date_millis", "modified_date_millis"
            );
        },
    );
}
