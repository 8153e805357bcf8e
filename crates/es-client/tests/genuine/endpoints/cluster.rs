//! The cluster, its nodes and its tasks.

use std::time::Duration;

use es_client::{
    Call, params,
    types::{ClusterHealth, Info, TaskInfo, TaskResponse},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::run::Run;
use crate::server::{urls, var};

const NONE: Value = Value::Null;

pub(super) async fn cluster(run: &mut Run, i: &str) {
    let es = run.client();
    let info: Info = run.ask("info", NONE, NONE, es.info()).await.unwrap();
    assert_eq!(info.version.number, var("ES_VERSION"));
    assert!(info.name.starts_with("node-") && !info.cluster_uuid.is_empty());
    assert!(run.exists("ping", NONE, es.ping()).await);

    let params = json!({"index": i, "level": "indices", "wait_for_status": "yellow"});
    let call = es.cluster().health().index(i).level(params::Level::Indices);
    let call = call.wait_for_status(params::HealthStatus::Yellow);
    let health: ClusterHealth = run.ask("cluster.health", params, NONE, call).await.unwrap();
    assert_eq!(
        (health.number_of_nodes as usize, health.timed_out),
        (urls().len(), Some(false))
    );
    assert_eq!(
        (health.indices[i].number_of_shards, &*health.status),
        (2, "green")
    );
    // A wait that is over is a response, with the status 408.
    let params = json!({"wait_for_nodes": "99", "timeout": "1ms"});
    let call = es
        .cluster()
        .health()
        .wait_for_nodes("99")
        .timeout(Duration::from_millis(1));
    let late = run
        .ask("cluster.health#timed_out", params, NONE, call)
        .await
        .unwrap();
    assert!(late.timed_out == Some(true) && late.active_shards_percent_as_number > 0.0);

    let params = json!({"filter_path": ["cluster_*", "status", "indices.count", "indices.docs", "indices.store", "indices.shards", "nodes.count"]});
    let paths = [
        "cluster_*",
        "status",
        "indices.count",
        "indices.docs",
        "indices.store",
        "indices.shards",
        "nodes.count",
    ];
    let call = es.cluster().stats().filter_path(paths);
    let stats = run.ask("cluster.stats", params, NONE, call).await.unwrap();
    assert!(stats.indices.count >= 1 && stats.indices.docs.count >= 12);
    assert_eq!(
        (stats.cluster_uuid, stats.nodes["count"]["total"].as_u64()),
        (info.cluster_uuid, Some(urls().len() as u64))
    );
}

pub(super) async fn nodes(run: &mut Run) {
    let es = run.client();
    let params = json!({"metric": "http"});
    let call = es.nodes().info().metric(params::NodesInfoMetric::Http);
    let info = run.ask("nodes.info", params, NONE, call).await.unwrap();
    assert_eq!(info.nodes.len(), urls().len());
    for node in info.nodes.values() {
        let address = &node.http.as_ref().unwrap().publish_address;
        assert!(urls().iter().any(|url| url.ends_with(address)), "{address}");
        assert!(node.version == var("ES_VERSION") && !node.roles.is_empty());
        assert!(node.http.as_ref().unwrap().max_content_length_in_bytes > Some(1 << 20));
    }
    let params =
        json!({"metric": ["indices", "process"], "index_metric": ["docs", "store", "search"]});
    let metric = [
        params::NodeStatsMetric::Indices,
        params::NodeStatsMetric::Process,
    ];
    let parts = [
        params::CommonStatsFlag::Docs,
        params::CommonStatsFlag::Store,
        params::CommonStatsFlag::Search,
    ];
    let call = es.nodes().stats().metric(metric).index_metric(parts);
    let stats = run.ask("nodes.stats", params, NONE, call).await.unwrap();
    assert_eq!(stats.nodes.len(), urls().len());
    let docs = stats
        .nodes
        .values()
        .map(|node| node.indices.as_ref().unwrap().docs.count);
    assert!(docs.sum::<i64>() >= 12);
    assert!(
        stats
            .nodes
            .values()
            .all(|node| node.timestamp > 0 && node.other.contains_key("process"))
    );
}

/// A wait for nodes that never come is a task that can be looked at.
pub(super) async fn tasks(run: &mut Run) {
    let es = run.client();
    let waiter = crate::server::client();
    let waits = waiter
        .options()
        .opaque_id(&run.name("waits"))
        .cluster()
        .health();
    let waits = waits
        .wait_for_nodes("99")
        .timeout(Duration::from_secs(20))
        .into_future();
    let waits = tokio::spawn(waits);
    let params = json!({"actions": "cluster:monitor/health", "detailed": true});
    let call = || {
        es.tasks()
            .list()
            .actions("cluster:monitor/health")
            .detailed(true)
    };
    let own = run.name("waits");
    let mut id = None;
    while id.is_none() {
        let listed = call().await.unwrap();
        // Other tests ask for health, too, and name no id.
        let is_own = |task: &TaskInfo| task.headers.get("X-Opaque-Id").is_some_and(|id| *id == own);
        let mine = listed.all().find(|(_, task)| is_own(task));
        id = mine.map(|(id, _)| id.to_owned());
    }
    let id = id.unwrap();
    let listed = run.ask("tasks.list", params, NONE, call()).await.unwrap();
    let (_, task) = listed.all().find(|(found, _)| *found == id).unwrap();
    assert_eq!(
        (&*task.action, task.cancelled.unwrap_or_default()),
        ("cluster:monitor/health", false)
    );
    let call = es.tasks().get(&id);
    let one: TaskResponse = run
        .ask("tasks.get#running", json!({"task_id": id}), NONE, call)
        .await
        .unwrap();
    assert_eq!(
        (one.completed, one.task.headers["X-Opaque-Id"].as_str()),
        (false, Some(&*own))
    );
    assert!(one.task.start_time_in_millis > 0 && one.task.running_time_in_nanos > 0);
    let params = json!({"actions": "no:such/action"});
    let call = es.tasks().cancel().actions("no:such/action");
    let cancelled = run.ask("tasks.cancel", params, NONE, call).await.unwrap();
    assert!(cancelled.all().next().is_none() && cancelled.node_failures.is_empty());
    waits.abort();
    let gone = es
        .call("tasks.get", json!({"task_id": "none:1"}), ())
        .await
        .unwrap_err();
    assert_eq!(gone.status(), Some(StatusCode::NOT_FOUND));
}
