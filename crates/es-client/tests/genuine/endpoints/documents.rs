//! Documents: one, several, and by query.

use es_client::types::{
    BulkResponse, ByQueryResponse, CountResponse, GetResponse, MgetResponse, WriteResponse,
};
use serde_json::{Value, json};

use super::run::Run;

const NONE: Value = Value::Null;

/// Shoes 1 to 4 in a new index, two of them routed, and each with one of two brands.
pub(super) async fn index(run: &mut Run) -> String {
    let es = run.client();
    let index = run.name("shoes");
    let i = index.as_str();
    let mappings = json!({"properties": {
        "title": {"type": "text", "fields": {"suggest": {"type": "completion"}}},
        "brand": {"type": "keyword"}, "price": {"type": "double"}, "sold": {"type": "date"},
        "sizes": {"type": "nested", "properties": {"size": {"type": "integer"}}},
    }});
    // On one node, so that it can be shrunk.
    let settings = json!({
        "number_of_shards": 2, "number_of_replicas": 0,
        "routing.allocation.require._name": "node-0",
    });
    let body = json!({"mappings": mappings, "settings": settings});
    let call = es
        .indices()
        .create(i)
        .mappings(&mappings)
        .settings(&settings);
    let made = run
        .ask("indices.create", json!({"index": i}), body, call)
        .await
        .unwrap();
    assert!(made.acknowledged && made.shards_acknowledged && made.index == index);
    index
}

pub(super) fn shoe(number: u32) -> Value {
    json!({
        "title": format!("trail shoe {number}"),
        "brand": if number.is_multiple_of(2) { "acme" } else { "zeta" },
        "price": f64::from(number) * 10.0 + 0.5,
        "sold": format!("2026-0{number}-01T00:00:00Z"),
        "sizes": [{"size": 40 + number}, {"size": 41}],
    })
}

/// Writes them, and a little more that is gone again afterwards.
pub(super) async fn write(run: &mut Run, i: &str) {
    let es = run.client();
    let params = json!({"index": i, "id": "1"});
    let call = es.index(i).id("1").document(shoe(1));
    let written = run.ask("index", params, shoe(1), call).await.unwrap();
    assert_eq!(
        (&*written.id, &*written.result, written.version),
        ("1", "created", 1)
    );
    assert!(written.seq_no.is_some() && written.shards.successful == Some(1));

    let params = json!({"index": i, "refresh": true, "routing": "r"});
    let call = es.index(i).document(shoe(9)).refresh(true).routing(["r"]);
    let own: WriteResponse = run
        .ask("index#own_id", params, shoe(9), call)
        .await
        .unwrap();
    assert!(own.forced_refresh && own.id.len() >= 20);

    let params = json!({"index": i, "id": "2", "routing": "r"});
    let call = es.create(i, "2").document(shoe(2)).routing(["r"]);
    let made = run.ask("create", params, shoe(2), call).await.unwrap();
    assert_eq!(
        (made.result.as_str(), made.primary_term),
        ("created", Some(1))
    );
    let again = es
        .create(i, "2")
        .document(shoe(2))
        .routing(["r"])
        .await
        .unwrap_err();
    assert!(again.is_conflict(), "{again:?}");

    let params = json!({"index": i, "id": own.id, "routing": "r", "refresh": "wait_for"});
    let call = es
        .delete(i, &own.id)
        .routing(["r"])
        .refresh(es_client::params::Refresh::WaitFor);
    let gone = run.ask("delete", params, NONE, call).await.unwrap();
    assert_eq!((gone.result.as_str(), gone.version), ("deleted", 2));
    let missing = run
        .ask(
            "delete#missing",
            json!({"index": i, "id": "9"}),
            NONE,
            es.delete(i, "9"),
        )
        .await;
    assert_eq!(missing.unwrap().result, "not_found");
    update(run, i).await;
    bulk(run, i).await;
}

async fn update(run: &mut Run, i: &str) {
    let es = run.client();
    let doc = json!({"price": 11.5});
    let params = json!({"index": i, "id": "1", "_source": "price"});
    let call = es.update(i, "1").doc(&doc).source_param("price");
    let updated = run
        .ask("update", params, json!({"doc": doc}), call)
        .await
        .unwrap();
    assert_eq!((updated.result.as_str(), updated.version), ("updated", 2));
    assert_eq!(updated.get.unwrap()["_source"], doc);

    let params = json!({"index": i, "id": "1"});
    let call = es.update(i, "1").doc(&doc);
    let same = run
        .ask("update#noop", params, json!({"doc": doc}), call)
        .await
        .unwrap();
    assert_eq!((same.result.as_str(), same.version), ("noop", 2));

    let params = json!({"index": i, "id": "3"});
    let body = json!({"doc": shoe(3), "doc_as_upsert": true});
    let call = es.update(i, "3").doc(shoe(3)).doc_as_upsert(true);
    let made = run.ask("update#upsert", params, body, call).await.unwrap();
    assert_eq!((made.result.as_str(), made.version), ("created", 1));
}

async fn bulk(run: &mut Run, i: &str) {
    let es = run.client();
    let lines = [
        json!({"create": {"_id": "4"}}),
        shoe(4),
        json!({"create": {"_id": "4"}}),
        shoe(4),
        json!({"index": {"_id": "5"}}),
        shoe(5),
        json!({"update": {"_id": "5"}}),
        json!({"doc": {"price": 1}}),
        json!({"delete": {"_id": "5"}}),
        json!({"delete": {"_id": "none"}}),
    ];
    let params = json!({"index": i, "refresh": "true"});
    let call = es.bulk().index(i).operations(&lines).refresh(true);
    let response: BulkResponse = run.ask("bulk", params, json!(lines), call).await.unwrap();
    let items = response.items().unwrap();
    let shown: Vec<_> = items
        .iter()
        .map(|item| {
            (
                item.action.as_str(),
                item.status.unwrap(),
                item.result.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("create", 201, Some("created")),
            ("create", 409, None),
            ("index", 201, Some("created")),
            ("update", 200, Some("updated")),
            ("delete", 200, Some("deleted")),
            ("delete", 404, Some("not_found")),
        ]
    );
    let [(Some(1), failed)] = &response.failures().unwrap()[..] else {
        panic!("{response:?}")
    };
    assert_eq!(
        failed.error.as_ref().unwrap().kind,
        "version_conflict_engine_exception"
    );

    let lines = [json!({"index": {"_id": "4"}}), shoe(4)];
    let params = json!({"index": i, "refresh": "true"});
    let call = es.bulk().index(i).operations(&lines).refresh(true);
    let response = run
        .ask("bulk#succeeded", params, json!(lines), call)
        .await
        .unwrap();
    assert!(response.errors == Some(false) && response.items().unwrap()[0].version == Some(2));
}

pub(super) async fn read(run: &mut Run, i: &str) {
    let es = run.client();
    let found: GetResponse<Value> = run
        .ask("get", json!({"index": i, "id": "4"}), NONE, es.get(i, "4"))
        .await
        .unwrap();
    assert_eq!((found.found, found.version), (Some(true), Some(2)));
    assert_eq!(found.source().unwrap(), Some(&shoe(4)));
    let params = json!({"index": i, "id": "2", "routing": "r", "_source": "brand"});
    let call = es.get::<Value>(i, "2").routing(["r"]).source("brand");
    let routed = run.ask("get#routed", params, NONE, call).await.unwrap();
    assert_eq!(routed.routing.as_deref(), Some("r"));
    assert_eq!(routed.source().unwrap(), Some(&json!({"brand": "acme"})));
    let params = json!({"index": i, "id": "9"});
    let missing = run
        .ask("get#missing", params, NONE, es.get::<Value>(i, "9"))
        .await
        .unwrap();
    assert!(missing.found == Some(false) && missing.source().unwrap().is_none());

    let docs = json!([{"_id": "1"}, {"_id": "9"}, {"_index": "no-such-index", "_id": "1"}]);
    let params = json!({"index": i, "_source": "brand"});
    let call = es.mget::<Value>().index(i).docs(&docs).source("brand");
    let several: MgetResponse<Value> = run
        .ask("mget", params, json!({"docs": docs}), call)
        .await
        .unwrap();
    let documents: Vec<_> = several.documents().map(Result::unwrap).collect();
    assert_eq!(documents, [&json!({"brand": "zeta"})]);
    assert_eq!(several.docs[1].found, Some(false));
    let error = several.docs[2].error.as_ref().unwrap();
    assert_eq!(error.kind, "index_not_found_exception");

    let query = json!({"term": {"brand": "acme"}});
    let body = json!({"query": query});
    let call = es.count(i).query(&query);
    let counted: CountResponse = run
        .ask("count", json!({"index": i}), body, call)
        .await
        .unwrap();
    assert_eq!((counted.count, counted.shards.total), (Some(2), Some(2)));

    for id in ["1", "9"] {
        let params = json!({"index": i, "id": id});
        let there = run.exists("exists", params.clone(), es.exists(i, id)).await;
        let source = run
            .exists("exists_source", params, es.exists_source(i, id))
            .await;
        assert_eq!((there, source), (id == "1", id == "1"));
    }
}

/// Changes a copy of the shoes by query.
pub(super) async fn by_query(run: &mut Run, i: &str) {
    let es = run.client();
    let copy = run.name("copy");
    let body = json!({"source": {"index": i}, "dest": {"index": copy, "op_type": "create"}, "conflicts": "proceed"});
    let call = || {
        let call = es.reindex().source(&body["source"]).dest(&body["dest"]);
        call.conflicts(es_client::params::Conflicts::Proceed)
            .refresh(true)
    };
    let params = json!({"refresh": true});
    let Some(copied) = run
        .ask("reindex", params.clone(), body.clone(), call())
        .await
    else {
        return lacking(run, i).await;
    };
    assert_eq!((copied.total, copied.created, copied.batches), (4, 4, 1));
    let again: ByQueryResponse = run
        .ask("reindex#conflicts", params, body.clone(), call())
        .await
        .unwrap();
    assert_eq!(
        (again.version_conflicts, again.created, again.failures.len()),
        (4, 0, 0)
    );

    let query = json!({"term": {"brand": "acme"}});
    let body = json!({"query": query});
    let params = json!({"index": copy, "refresh": true});
    let call = es.update_by_query(&copy).query(&query).refresh(true);
    let updated = run
        .ask("update_by_query", params.clone(), body.clone(), call)
        .await
        .unwrap();
    assert_eq!((updated.total, updated.updated, updated.deleted), (2, 2, 0));
    assert!((updated.requests_per_second + 1.0).abs() < f64::EPSILON);
    let call = es.delete_by_query(&copy).query(&query).refresh(true);
    let deleted = run
        .ask("delete_by_query", params, body.clone(), call)
        .await
        .unwrap();
    assert_eq!(
        (deleted.total, deleted.deleted, deleted.timed_out),
        (2, 2, Some(false))
    );

    let params = json!({"index": copy, "wait_for_completion": false});
    let call = es
        .delete_by_query(&copy)
        .query(&query)
        .wait_for_completion(false);
    let task = run
        .ask("delete_by_query#task", params, body, call)
        .await
        .unwrap()
        .task
        .unwrap();
    let params = json!({"task_id": task, "wait_for_completion": true});
    let call = es.tasks().get(&task).wait_for_completion(true);
    let over = run.ask("tasks.get", params, NONE, call).await.unwrap();
    assert!(over.completed && over.error.is_none());
    assert_eq!(over.task.action, "indices:data/write/delete/byquery");
    assert_eq!(over.response.unwrap()["deleted"], 0);
    cancel(run, &copy).await;
}

/// A task that waits long before it goes on is cancelled.
async fn cancel(run: &mut Run, copy: &str) {
    let es = run.client();
    let query = json!({"match_all": {}});
    let body = json!({"query": query});
    let params = json!({
        "index": copy, "wait_for_completion": false, "requests_per_second": "0.01",
        "scroll_size": 1,
    });
    let call = es
        .update_by_query(copy)
        .query(&query)
        .wait_for_completion(false);
    let call = call.requests_per_second(0.01).scroll_size(1);
    let task = run
        .ask("update_by_query#slow", params, body, call)
        .await
        .unwrap()
        .task
        .unwrap();
    let params = json!({"task_id": task});
    let call = es.tasks().cancel().task_id(&task);
    let cancelled = run
        .ask("tasks.cancel#one", params, NONE, call)
        .await
        .unwrap();
    let (id, info) = cancelled.all().next().unwrap();
    assert_eq!(
        (id, &*info.action),
        (&*task, "indices:data/write/update/byquery")
    );
}

/// A server without the module has no task that is kept, either.
async fn lacking(run: &mut Run, i: &str) {
    let es = run.client();
    let query = json!({"match_all": {}});
    let body = json!({"query": query});
    let params = json!({"index": i});
    let call = es.update_by_query(i).query(&query);
    assert!(
        run.ask("update_by_query", params.clone(), body.clone(), call)
            .await
            .is_none()
    );
    let call = es.delete_by_query(i).query(&query);
    assert!(
        run.ask("delete_by_query", params, body, call)
            .await
            .is_none()
    );
}
