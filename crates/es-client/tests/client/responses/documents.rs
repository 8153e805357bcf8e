//! Writing and reading documents.

use es_client::types::{
    BulkResponse, ByQueryResponse, CountResponse, MgetResponse, TaskList, TaskResponse,
    WriteResponse,
};
use serde_json::{Value, json};

use crate::responses::read;

#[test]
fn counting_and_updating() {
    let counted: CountResponse =
        read(r#"{"count":7,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0}}"#);
    assert_eq!(
        (counted.count, counted.shards.successful),
        (Some(7), Some(1))
    );
    let updated: WriteResponse = read(
        r#"{"_index":"i","_id":"1","_version":2,"result":"updated","_shards":{"total":2,
        "successful":1,"failed":0},"_seq_no":5,"_primary_term":1,"get":{"found":true,"_source":{"n":2}}}"#,
    );
    assert_eq!(updated.get.unwrap()["_source"], json!({"n": 2}));
}

#[test]
fn mget_tells_documents_from_errors() {
    let read: MgetResponse<Value> = read(
        r#"{"docs":[{"_index":"i","_id":"1","_version":1,"found":true,"_source":{"n":1}},
        {"_index":"i","_id":"2","found":false},
        {"_index":"no","_id":"1","error":{"root_cause":[],"type":"index_not_found_exception",
         "reason":"no such index [no]","index":"no"}}]}"#,
    );
    let documents: Vec<_> = read.documents().map(Result::unwrap).collect();
    assert_eq!(documents, [&json!({"n": 1})]);
    assert!(read.docs[1].found == Some(false) && read.docs[1].error.is_none());
    let error = read.docs[2].error.as_ref().unwrap();
    assert_eq!(
        error.to_string(),
        "index_not_found_exception: no such index [no]"
    );
}

const BULK: &str = r#"{"errors":true,"took":3,"items":[
    {"index":{"_index":"i","_id":"1","_version":1,"result":"created","status":201,"_seq_no":0}},
    {"create":{"_index":"i","_id":"1","status":409,
        "error":{"type":"version_conflict_engine_exception","reason":"exists","shard":"0"}}},
    {"delete":{"_index":"i","_id":"9","_version":1,"result":"not_found","status":404}}]}"#;

#[test]
fn bulk_items_carry_their_action_and_place() {
    let done: BulkResponse = read(BULK);
    let items = done.items().unwrap();
    let actions: Vec<_> = items
        .iter()
        .map(|item| (item.action.as_str(), item.status.unwrap()))
        .collect();
    assert_eq!(actions, [("index", 201), ("create", 409), ("delete", 404)]);
    let failures = done.failures().unwrap();
    assert_eq!((failures.len(), failures[0].0), (1, Some(1)));
    assert_eq!(
        failures[0].1.error.as_ref().unwrap().kind,
        "version_conflict_engine_exception"
    );
}

#[test]
fn bulk_item_fails_by_its_status() {
    let done: BulkResponse = read(
        r#"{"errors":true,"items":[{"delete":{"status":404}},{"index":{"status":404}},
        {"index":{"status":400}},{"index":{"status":200,"error":{"type":"t"}}},
        {"delete":{"status":404,"error":{"type":"index_not_found_exception"}}}]}"#,
    );
    let failures = done.failures().unwrap();
    let places: Vec<_> = failures
        .into_iter()
        .filter_map(|(place, _)| place)
        .collect();
    assert_eq!(places, [1, 2, 3, 4]);

    let done: BulkResponse = read(
        r#"{"errors" : false, "items" : [{"delete" : {"status" : 404}},
        {"index" : {"_id": "status", "status" : 400}}]}"#,
    );
    assert_eq!(done.failures().unwrap()[0].0, Some(1));
}

#[test]
fn bulk_without_errors_reads_no_item() {
    let done: BulkResponse = read(r#"{"took":30,"errors":false,"items":[{"index":"no object"}]}"#);
    assert!(done.failures().unwrap().is_empty());
    assert!(done.items().is_err());
}

#[test]
fn bulk_failures_know_their_place_or_say_so() {
    let cut: BulkResponse =
        read(r#"{"errors":true,"items":[{"index":{"error":{"type":"t","reason":"r"}}}]}"#);
    let failures = cut.failures().unwrap();
    assert_eq!((failures.len(), failures[0].0), (1, None));

    let unsaid: BulkResponse =
        read(r#"{"items":[{"index":{"status":201}},{"index":{"status":429}}]}"#);
    let failures = unsaid.failures().unwrap();
    assert_eq!((failures.len(), failures[0].0), (1, Some(1)));
}

#[test]
fn bulk_failures_are_never_silently_empty() {
    for unknown in [
        "{}",
        r#"{"took":3}"#,
        r#"{"errors":true}"#,
        r#"{"errors":true,"items":[]}"#,
        r#"{"errors":true,"items":[{"index":{"status":201}}]}"#,
        r#"{"items":[{"index":{"_id":"1"}}]}"#,
    ] {
        assert!(
            read::<BulkResponse>(unknown).failures().is_err(),
            "{unknown}"
        );
    }
    assert!(
        read::<BulkResponse>(r#"{"errors":false}"#)
            .failures()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_bad_status_is_a_failure_without_an_error() {
    let done: BulkResponse = read(
        r#"{"errors":true,"items":[{"index":{"status":400}},{"create":{"status":500}},
        {"delete":{"status":404,"result":"not_found"}},{"update":{"status":404}},
        {"index":{"status":200}}]}"#,
    );
    let places: Vec<_> = done
        .failures()
        .unwrap()
        .into_iter()
        .map(|(place, _)| place)
        .collect();
    assert_eq!(places, [Some(0), Some(1), Some(3)]);
}

#[test]
fn documents_in_the_failure_store_are_visible() {
    let done: BulkResponse = read(
        r#"{"errors":false,"items":[{"create":{"_id":"1","status":201,"failure_store":"used"}},
        {"create":{"_id":"2","status":201,"failure_store":"not_applicable_or_unknown"}}]}"#,
    );
    let stored = done.in_failure_store().unwrap();
    assert_eq!((stored.len(), stored[0].id.as_deref()), (1, Some("1")));
    let written: WriteResponse = read(r#"{"result":"created","failure_store":"used"}"#);
    assert_eq!(written.failure_store.as_deref(), Some("used"));
}

#[test]
fn long_calls_and_their_tasks() {
    let done: ByQueryResponse = read(
        r#"{"took":147,"timed_out":false,"total":120,"updated":118,"deleted":0,"batches":1,
        "version_conflicts":2,"noops":0,"retries":{"bulk":1,"search":0},"throttled_millis":0,
        "requests_per_second":-1.0,"throttled_until_millis":0,"failures":[]}"#,
    );
    assert_eq!(
        (done.updated, done.version_conflicts, done.retries.bulk),
        (118, 2, 1)
    );
    let started: ByQueryResponse = read(r#"{"task":"oTUltX4IQMOUUVeiohTt8A:12345"}"#);
    assert_eq!(
        started.task.as_deref(),
        Some("oTUltX4IQMOUUVeiohTt8A:12345")
    );

    let task = r#"{"node":"n1","id":5,"type":"transport","action":"indices:data/write/reindex",
        "status":{"total":6},"start_time_in_millis":1,"running_time_in_nanos":2,
        "cancellable":true,"cancelled":false,"headers":{"X-Opaque-Id":"me"}}"#;
    let list: TaskList = read(&format!(
        r#"{{"nodes":{{"n1":{{"name":"a","roles":["data"],"tasks":{{"n1:5":{task}}}}}}}}}"#
    ));
    let (id, info) = list.all().next().unwrap();
    assert_eq!(
        (id, info.action.as_str()),
        ("n1:5", "indices:data/write/reindex")
    );
    let one: TaskResponse = read(&format!(
        r#"{{"completed":true,"task":{task},"response":{{"took":9}}}}"#
    ));
    assert_eq!(
        (one.completed, one.response),
        (true, Some(json!({"took": 9})))
    );
}
