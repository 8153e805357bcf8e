//! Indices, clusters, security, snapshots and what else people manage.

use es_client::types::{
    AnalyzeResponse, ApiKeyCreated, ApiKeys, Authentication, CatAllocation, CatHealth, CatIndices,
    ClusterHealth, ClusterStats, IndexStates, IndexTemplates, IndicesStats, LifecyclePolicies,
    NodesInfo, NodesStats, Pipelines, Roles, RolloverResponse, SnapshotStatuses, Snapshots, Users,
};
use serde_json::json;

use crate::responses::read;

#[test]
fn indices_by_name() {
    let states: IndexStates = read(
        r#"{"i":{"aliases":{"a":{"is_write_index":true,"filter":{"term":{"x":1}}}},
        "mappings":{"properties":{"title":{"type":"text"}}},
        "settings":{"index":{"number_of_shards":"2","refresh_interval":"5s"}}},
        "flat":{"settings":{"index.number_of_shards":1},"defaults":{"index.codec":"default"}}}"#,
    );
    let state = &states["i"];
    assert_eq!(state.aliases["a"].is_write_index, Some(true));
    assert_eq!(
        state.properties().collect::<Vec<_>>(),
        [("title", &json!({"type": "text"}))]
    );
    assert_eq!(
        state.setting("index.refresh_interval").as_deref(),
        Some("5s")
    );
    assert_eq!(
        states["flat"].setting("number_of_shards").as_deref(),
        Some("1")
    );
    assert_eq!(states["flat"].setting("codec").as_deref(), Some("default"));
    assert_eq!(states["flat"].setting("other"), None);
}

#[test]
fn templates_rollovers_and_tokens() {
    let templates: IndexTemplates = read(
        r#"{"index_templates":[{"name":"t","index_template":{"index_patterns":"logs-*",
        "composed_of":["base"],"priority":500,"data_stream":{"hidden":false}}}]}"#,
    );
    let template = &templates.index_templates[0].index_template;
    assert_eq!(
        (&template.index_patterns[..], template.priority),
        (&["logs-*".to_owned()][..], Some(500))
    );
    let rolled: RolloverResponse = read(
        r#"{"acknowledged":true,"shards_acknowledged":true,"old_index":"i-1","new_index":"i-2",
        "rolled_over":true,"dry_run":false,"conditions":{"[max_age: 7d]":false,"[max_docs: 1000]":true}}"#,
    );
    assert!(rolled.rolled_over && rolled.conditions["[max_docs: 1000]"]);
    let analysed: AnalyzeResponse = read(
        r#"{"tokens":[{"token":"shoes","start_offset":6,"end_offset":11,"type":"<ALPHANUM>","position":1}]}"#,
    );
    assert_eq!(
        (
            analysed.tokens[0].token.as_str(),
            analysed.tokens[0].start_offset
        ),
        ("shoes", 6)
    );
}

#[test]
fn numbers_of_indices_and_nodes() {
    let shard = r#"{"docs":{"count":3,"deleted":1},"store":{"size_in_bytes":512},
        "search":{"query_total":9},"merges":{"total":2}}"#;
    let stats: IndicesStats = read(&format!(
        r#"{{"_shards":{{"total":2}},"_all":{{"primaries":{shard}}},
        "indices":{{"i":{{"uuid":"u","primaries":{shard},"total":{shard}}}}}}}"#
    ));
    let total = &stats.indices["i"].total;
    assert_eq!(
        (
            total.docs.count,
            total.store.size_in_bytes,
            total.search.query_total
        ),
        (3, 512, 9)
    );
    assert_eq!(total.other["merges"], json!({"total": 2}));
    let nodes: NodesStats = read(&format!(
        r#"{{"cluster_name":"c","nodes":{{"n":{{"name":"a","roles":["data"],"timestamp":5,
        "indices":{shard},"jvm":{{"uptime_in_millis":1}}}}}}}}"#
    ));
    assert_eq!(nodes.nodes["n"].indices.as_ref().unwrap().docs.deleted, 1);
    assert!(nodes.nodes["n"].other.contains_key("jvm"));
    let cluster: ClusterStats = read(
        r#"{"cluster_name":"c","status":"green","indices":{"count":2,"docs":{"count":7}},"nodes":{"count":{"total":3}}}"#,
    );
    assert_eq!((cluster.indices.count, cluster.indices.docs.count), (2, 7));
}

#[test]
fn health_and_nodes() {
    let health: ClusterHealth = read(
        r#"{"cluster_name":"c","status":"yellow","timed_out":true,"number_of_nodes":1,
        "active_shards":6,"unassigned_shards":1,"active_shards_percent_as_number":85.7,
        "indices":{"i":{"status":"yellow","number_of_shards":1,"number_of_replicas":1}}}"#,
    );
    assert!(health.timed_out == Some(true) && health.indices["i"].status == "yellow");
    let info: NodesInfo = read(
        r#"{"_nodes":{"total":1},"cluster_name":"c","nodes":{"n":{"name":"a","version":"9.2.0",
        "roles":["master","data"],"attributes":{"zone":"z"},
        "http":{"bound_address":["127.0.0.1:9200"],"publish_address":"localhost/127.0.0.1:9200"}}}}"#,
    );
    let node = &info.nodes["n"];
    assert_eq!(
        node.http.as_ref().unwrap().publish_address,
        "localhost/127.0.0.1:9200"
    );
    assert_eq!(
        (node.roles.len(), node.attributes["zone"].as_str()),
        (2, "z")
    );
}

#[test]
fn rows_are_read_by_column() {
    let rows: Vec<CatIndices> = read(
        r#"[{"health":"green","index":"i","docs.count":"42","store.size":"225b","uptime":"1.5h",
        "cpu":17,"pri":null,"load":"0.25"}]"#,
    );
    let row = &rows[0];
    assert_eq!(
        (row.index().text(), row.docs_count().number()),
        (Some("i"), Some(42))
    );
    assert_eq!(
        (row.store_size().bytes(), row.pri().text()),
        (Some(225), None)
    );
    assert_eq!(row.column("cpu").number(), Some(17));
    assert_eq!(
        row.column("uptime").duration(),
        Some(std::time::Duration::from_secs(5_400))
    );
    assert_eq!(
        (row.column("load").parse(), row.iter().count()),
        (Some(0.25), 7)
    );
    assert_eq!((row.get("load"), row.get("none")), (Some("0.25"), None));

    let rows: Vec<CatAllocation> =
        read(r#"[{"shards":"3","disk.percent":"12","node":"n"},{"node":"UNASSIGNED"}]"#);
    assert_eq!(rows[0].disk_percent().percent(), Some(12.0));
    assert_eq!(
        (rows[1].node().text(), rows[1].shards().number()),
        (Some("UNASSIGNED"), None)
    );
    let health: Vec<CatHealth> =
        read(r#"[{"epoch":"1","active_shards_percent":"87.5%","status":"yellow"}]"#);
    assert_eq!(health[0].active_shards_percent().percent(), Some(87.5));
}

#[test]
fn users_roles_and_keys() {
    let me: Authentication = read(
        r#"{"username":"elastic","roles":["superuser"],"full_name":null,"email":null,"metadata":{},
        "enabled":true,"authentication_realm":{"name":"r","type":"native"},
        "lookup_realm":{"name":"r","type":"native"},"authentication_type":"realm"}"#,
    );
    assert_eq!(
        (me.username.as_str(), me.authentication_realm.kind.as_str()),
        ("elastic", "native")
    );
    let users: Users =
        read(r#"{"u":{"username":"u","roles":["a"],"enabled":false,"metadata":{"x":1}}}"#);
    assert!(!users["u"].enabled);
    let roles: Roles = read(
        r#"{"r":{"cluster":["monitor"],"indices":[{"names":["logs-*"],"privileges":["read"]}],"run_as":[]}}"#,
    );
    assert_eq!(roles["r"].indices[0].names, ["logs-*"]);
    let key: ApiKeyCreated =
        read(r#"{"id":"k","name":"n","api_key":"s3cret","encoded":"azpzM2NyZXQ="}"#);
    let shown = format!("{key:?}");
    assert!(shown.contains("\"k\"") && !shown.contains("s3cret") && !shown.contains("azpz"));
    let keys: ApiKeys = read(
        r#"{"api_keys":[{"id":"k","name":"n","creation":1,"invalidated":false,"username":"u","realm":"r"}]}"#,
    );
    assert_eq!(keys.api_keys[0].username, "u");
}

#[test]
fn pipelines_policies_and_snapshots() {
    let pipelines: Pipelines =
        read(r#"{"p":{"description":"d","processors":[{"set":{"field":"a","value":1}}]}}"#);
    assert_eq!(pipelines["p"].processors.len(), 1);
    let policies: LifecyclePolicies = read(
        r#"{"p":{"version":3,"modified_date":"2026-01-01T00:00:00Z","policy":{"phases":{}},"in_use_by":{"indices":[]}}}"#,
    );
    assert_eq!(policies["p"].version, 3);
    let snapshots: Snapshots = read(
        r#"{"snapshots":[{"snapshot":"s","uuid":"u","indices":["i"],"state":"SUCCESS",
        "shards":{"total":1,"failed":0,"successful":1}}],"total":1,"remaining":0}"#,
    );
    assert_eq!(snapshots.snapshots[0].state.as_deref(), Some("SUCCESS"));
    let statuses: SnapshotStatuses = read(
        r#"{"snapshots":[{"snapshot":"s","repository":"r","uuid":"u","state":"STARTED",
        "shards_stats":{"initializing":0,"done":4,"total":5}}]}"#,
    );
    assert_eq!(statuses.snapshots[0].shards_stats["done"], 4);
}
