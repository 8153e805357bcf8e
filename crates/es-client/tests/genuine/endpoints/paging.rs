//! Reading on: scrolls, points in time, templates, searches in the background.

use std::time::Duration;

use es_client::types::{AsyncSearchResponse, MsearchResponse, SearchResponse};
use serde_json::{Value, json};

use super::run::Run;

const MINUTE: Duration = Duration::from_secs(60);

pub(super) async fn scroll(run: &mut Run, i: &str) {
    let es = run.client();
    let params = json!({"index": i, "scroll": "60s", "size": 3, "_source": false});
    let call = es
        .search::<Value>(i)
        .scroll(MINUTE)
        .size_param(3)
        .source_param(false);
    let first: SearchResponse<Value> = run
        .ask("search#scroll", params, Value::Null, call)
        .await
        .unwrap();
    let id = first.scroll_id.unwrap();
    let body = json!({"scroll_id": id, "scroll": "60s"});
    let call = es.scroll::<Value>().scroll_id(&id).scroll(MINUTE);
    let next: SearchResponse<Value> = run
        .ask("scroll", Value::Null, body.clone(), call)
        .await
        .unwrap();
    assert_eq!(
        (first.hits.hits.len(), next.hits().len(), next.total()),
        (3, 1, Some(4))
    );
    let body = json!({"scroll_id": next.scroll_id});
    let call = es.clear_scroll().scroll_id(&next.scroll_id);
    let freed = run
        .ask("clear_scroll", Value::Null, body, call)
        .await
        .unwrap();
    assert!(freed.succeeded && freed.num_freed > 0);
}

pub(super) async fn point_in_time(run: &mut Run, i: &str) {
    let es = run.client();
    let params = json!({"index": i, "keep_alive": "60s"});
    let call = es.open_point_in_time(i, MINUTE);
    let opened = run
        .ask("open_point_in_time", params, Value::Null, call)
        .await;
    let id = opened.as_ref().map_or("none", |opened| &opened.id);
    if opened.is_some() {
        let pit = json!({"id": id, "keep_alive": "60s"});
        let sort = json!(["_shard_doc"]);
        let body = json!({"pit": pit, "sort": sort, "size": 3, "_source": false});
        let call = es
            .search_all::<Value>()
            .pit(&pit)
            .sort(&sort)
            .size(3)
            .source(false);
        let found: SearchResponse<Value> =
            run.ask("search#pit", json!({}), body, call).await.unwrap();
        assert!(found.pit_id.is_some() && found.hits().iter().all(|hit| hit.sort.len() == 1));
    }
    let call = es.close_point_in_time().id(id);
    let closed = run
        .ask("close_point_in_time", Value::Null, json!({"id": id}), call)
        .await;
    if let Some(closed) = closed {
        assert!(closed.succeeded && closed.num_freed > 0);
    }
}

/// Templates that are given with the call, and one that is stored.
pub(super) async fn templates(run: &mut Run, i: &str) {
    let es = run.client();
    let source = r#"{"query": {"term": {"brand": "{{brand}}"}}, "size": 1, "_source": false}"#;
    let params = json!({"brand": "acme"});
    let body = json!({"source": source, "params": params});
    let call = es.search_template(i).source(source).params(&params);
    let found: Option<SearchResponse<Value>> = run
        .ask("search_template", json!({"index": i}), body.clone(), call)
        .await;
    assert!(found.is_none_or(|found| found.total() == Some(2)));
    let lines = [json!({}), body];
    let call = es.msearch_template().index(i).operations(&lines);
    let found: Option<MsearchResponse<Value>> = run
        .ask("msearch_template", json!({"index": i}), json!(lines), call)
        .await;
    if let Some(found) = found {
        assert_eq!(found.responses[0].as_result().unwrap().total(), Some(2));
    }

    let id = run.name("script");
    let script = json!({"lang": "painless", "source": "1 + 1"});
    let call = es.put_script(&id).script(&script);
    let body = json!({"script": script});
    let stored = run.ask("put_script", json!({"id": id}), body, call).await;
    assert!(stored.is_none_or(|stored| stored.acknowledged));
    let call = es.delete_script(&id);
    let gone = run
        .ask("delete_script", json!({"id": id}), Value::Null, call)
        .await;
    assert!(gone.is_none_or(|gone| gone.acknowledged));
}

pub(super) async fn in_the_background(run: &mut Run, i: &str) {
    let es = run.client();
    let params = json!({"index": i, "keep_on_completion": true});
    let call = es.async_search().submit(i).keep_on_completion(true).size(1);
    let started: Option<AsyncSearchResponse<Value>> = run
        .ask("async_search.submit", params, json!({"size": 1}), call)
        .await;
    let id = started
        .and_then(|started| started.id)
        .unwrap_or_else(|| "none".to_owned());
    let params = json!({"id": id});
    let call = es.async_search().status(&id);
    let status = run
        .ask("async_search.status", params.clone(), Value::Null, call)
        .await;
    assert!(status.is_none_or(|status| status.completion_status == Some(200)));
    let call = es.async_search().get::<Value>(&id);
    let got = run
        .ask("async_search.get", params.clone(), Value::Null, call)
        .await;
    assert!(got.is_none_or(|got| got.response.unwrap().total() == Some(4)));
    let call = es.async_search().delete(&id);
    let gone = run
        .ask("async_search.delete", params, Value::Null, call)
        .await;
    assert!(gone.is_none_or(|gone| gone.acknowledged));
}
