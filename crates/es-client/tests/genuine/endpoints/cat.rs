//! The rows of every cat endpoint.

use es_client::types::CatRow;
use serde_json::{Value, json};

use super::run::Run;
use crate::server::{is_opensearch, urls};

/// Calls cat endpoints of the same form, and gives the rows of each.
macro_rules! rows {
    ($run:ident, $es:ident: $($name:ident),*) => {[$({
        let label = concat!("cat.", stringify!($name));
        let rows = $run.ask(label, Value::Null, Value::Null, $es.cat().$name()).await;
        (label, rows.map(|rows| rows.into_iter().map(CatRow::untyped).collect::<Vec<_>>()))
    }),*]};
}

pub(super) async fn cat(run: &mut Run, i: &str) {
    let es = run.client();
    let call = es.cat().indices().index(i);
    let rows = run
        .ask("cat.indices", json!({"index": i}), Value::Null, call)
        .await
        .unwrap();
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(
        (
            row.get("index"),
            row.column("pri").number(),
            row.get("status")
        ),
        (Some(i), Some(2), Some("open"))
    );
    assert!(
        row.column("store.size").bytes() > Some(0) && row.column("docs.count").number() == Some(12)
    );
    let call = es.cat().count().index(i);
    let rows = run
        .ask("cat.count", json!({"index": i}), Value::Null, call)
        .await
        .unwrap();
    assert_eq!(rows[0].column("count").number(), Some(4));
    let call = es
        .cat()
        .shards()
        .index(i)
        .h(["index", "shard", "prirep", "state", "node"]);
    let params = json!({"index": i, "h": ["index", "shard", "prirep", "state", "node"]});
    let rows = run
        .ask("cat.shards", params, Value::Null, call)
        .await
        .unwrap();
    assert!(rows.len() == 2 && rows.iter().all(|row| row.get("state") == Some("STARTED")));
    let call = es.cat().segments().index(i);
    let rows = run
        .ask("cat.segments", json!({"index": i}), Value::Null, call)
        .await
        .unwrap();
    assert!(
        rows.iter()
            .all(|row| row.get("index") == Some(i) && row.column("size").bytes() > Some(0))
    );
    let call = es.cat().recovery().index(i);
    let rows = run
        .ask("cat.recovery", json!({"index": i}), Value::Null, call)
        .await
        .unwrap();
    assert!(rows.len() >= 2 && rows.iter().all(|row| row.get("stage") == Some("done")));
    let call = es.cat().thread_pool().thread_pool_patterns(["write"]);
    let params = json!({"thread_pool_patterns": ["write"]});
    let rows = run
        .ask("cat.thread_pool", params, Value::Null, call)
        .await
        .unwrap();
    assert!(rows.len() == urls().len() && rows.iter().all(|row| row.get("name") == Some("write")));
    whole(run).await;
}

/// Those that are about the whole cluster.
async fn whole(run: &mut Run) {
    let es = run.client();
    let all: [(&str, Option<Vec<CatRow>>); 18] = rows!(
        run, es: health, master, nodes, allocation, aliases, nodeattrs, plugins, pending_tasks,
        repositories, templates, component_templates, fielddata, tasks, circuit_breaker,
        ml_data_frame_analytics, ml_datafeeds, ml_jobs, ml_trained_models
    );
    let of = |name: &str| {
        all.iter()
            .find(|(label, _)| *label == name)
            .unwrap()
            .1
            .as_ref()
    };
    let health = &of("cat.health").unwrap()[0];
    assert_eq!(
        health.column("node.total").number(),
        i64::try_from(urls().len()).ok()
    );
    let nodes = of("cat.nodes").unwrap();
    let master = of("cat.master").unwrap()[0].get("node");
    let column = if is_opensearch() {
        "cluster_manager"
    } else {
        "master"
    };
    let elected: Vec<_> = nodes
        .iter()
        .filter(|row| row.get(column) == Some("*"))
        .collect();
    assert_eq!(
        (nodes.len(), elected[0].get("name")),
        (urls().len(), master)
    );
    assert!(nodes.iter().all(|row| row.get("ip") == Some("127.0.0.1")));
    assert!(
        of("cat.allocation")
            .unwrap()
            .iter()
            .any(|row| row.column("shards").number() > Some(0))
    );
    let alias = run.name("alias");
    assert!(
        of("cat.aliases")
            .unwrap()
            .iter()
            .any(|row| row.get("alias") == Some(&alias))
    );
    let tasks = of("cat.tasks").unwrap();
    assert!(
        tasks
            .iter()
            .any(|row| row.get("action") == Some("cluster:monitor/tasks/lists"))
    );
    if let Some(rows) = of("cat.circuit_breaker") {
        assert!(
            rows.iter().any(|row| row.get("breaker") == Some("request")),
            "{rows:?}"
        );
    }
    let [(_, transforms)] = rows!(run, es: transforms);
    assert!(transforms.is_none_or(|rows| rows.is_empty()));
}
