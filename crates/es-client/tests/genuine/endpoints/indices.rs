//! Indices: what they are, what is done to them, what is made of them.

use es_client::types::{AnalyzeResponse, CreateIndexResponse, IndexStates, ShardsResponse};
use serde_json::{Value, json};

use super::run::Run;

const NONE: Value = Value::Null;

pub(super) async fn states(run: &mut Run, i: &str) {
    let es = run.client();
    let alias = run.name("alias");
    let filter = json!({"term": {"brand": "acme"}});
    let params = json!({"index": i, "name": alias});
    let call = es.indices().put_alias(i, &alias).filter(&filter);
    let put = run
        .ask(
            "indices.put_alias",
            params.clone(),
            json!({"filter": filter}),
            call,
        )
        .await;
    assert!(put.unwrap().acknowledged);
    let write = run.name("write");
    let actions = json!([{"add": {"index": i, "alias": write, "is_write_index": true}}]);
    let call = es.indices().update_aliases().actions(&actions);
    let body = json!({"actions": actions});
    assert!(
        run.ask("indices.update_aliases", NONE, body, call)
            .await
            .unwrap()
            .acknowledged
    );

    let call = es.indices().get_alias().index(i).name(&alias);
    let states: IndexStates = run
        .ask("indices.get_alias", params, NONE, call)
        .await
        .unwrap();
    assert_eq!(states[i].aliases[&alias].filter, Some(filter));
    assert!(!states[i].aliases.contains_key(&write));

    let properties = json!({"colour": {"type": "keyword"}});
    let call = es.indices().put_mapping(i).properties(&properties);
    let body = json!({"properties": properties});
    let put = run
        .ask("indices.put_mapping", json!({"index": i}), body, call)
        .await
        .unwrap();
    assert!(put.acknowledged);
    let call = es.indices().get_mapping(i);
    let states = run
        .ask("indices.get_mapping", json!({"index": i}), NONE, call)
        .await
        .unwrap();
    let fields: Vec<_> = states[i].properties().map(|(name, _)| name).collect();
    assert_eq!(
        fields,
        ["brand", "colour", "price", "sizes", "sold", "title"]
    );

    let settings = json!({"index": {"refresh_interval": "5s"}});
    let call = es.indices().put_settings(i).body(&settings);
    let put = run
        .ask("indices.put_settings", json!({"index": i}), settings, call)
        .await
        .unwrap();
    assert!(put.acknowledged);
    let params = json!({"index": i, "flat_settings": true});
    let call = es.indices().get_settings().index(i).flat_settings(true);
    let flat = run
        .ask("indices.get_settings", params, NONE, call)
        .await
        .unwrap();
    assert_eq!(flat[i].setting("refresh_interval").as_deref(), Some("5s"));
    let states = run
        .ask(
            "indices.get",
            json!({"index": i}),
            NONE,
            es.indices().get(i),
        )
        .await;
    let state = &states.unwrap()[i];
    assert_eq!(
        state.setting("index.number_of_shards").as_deref(),
        Some("2")
    );
    assert_eq!(
        (state.aliases[&write].is_write_index, state.aliases.len()),
        (Some(true), 2)
    );

    let params = json!({"index": i, "name": alias});
    let call = es.indices().exists_alias(&alias).index(i);
    assert!(run.exists("indices.exists_alias", params, call).await);
    let call = es.indices().exists("no-such-index");
    assert!(
        !run.exists("indices.exists", json!({"index": "no-such-index"}), call)
            .await
    );
}

/// Calls that go to shards, and the number of shards in their responses.
pub(super) async fn shards(run: &mut Run, i: &str) {
    let es = run.client();
    let all = |response: Option<ShardsResponse>| {
        let shards = response.unwrap().shards;
        assert_eq!(
            (shards.total, shards.successful, shards.failed),
            (Some(2), Some(2), Some(0))
        );
    };
    let params = json!({"index": i});
    all(run
        .ask(
            "indices.refresh",
            params.clone(),
            NONE,
            es.indices().refresh(i),
        )
        .await);
    all(run
        .ask("indices.flush", params.clone(), NONE, es.indices().flush(i))
        .await);
    let call = es.indices().clear_cache(i);
    all(run
        .ask("indices.clear_cache", params.clone(), NONE, call)
        .await);
    let call = es.indices().forcemerge(i).max_num_segments(1);
    let merged = json!({"index": i, "max_num_segments": 1});
    all(run.ask("indices.forcemerge", merged, NONE, call).await);

    let metric = [
        es_client::params::CommonStatsFlag::Docs,
        es_client::params::CommonStatsFlag::Store,
        es_client::params::CommonStatsFlag::Indexing,
        es_client::params::CommonStatsFlag::Search,
        es_client::params::CommonStatsFlag::Merge,
    ];
    let params = json!({"index": i, "metric": ["docs", "store", "indexing", "search", "merge"]});
    let call = es.indices().stats().index(i).metric(metric);
    let stats = run.ask("indices.stats", params, NONE, call).await.unwrap();
    let of = &stats.indices[i].primaries;
    // Nested objects are documents of their own.
    assert_eq!((of.docs.count, stats.shards.successful), (12, Some(2)));
    assert!(of.store.size_in_bytes > 0 && of.indexing.index_total >= 6);
    assert!(of.search.query_total > 0 && of.other.contains_key("merges"));
    assert_eq!(stats.all.primaries.docs, of.docs);

    let body = json!({"field": "title", "text": ["Trail shoes"]});
    let call = es
        .indices()
        .analyze()
        .index(i)
        .field("title")
        .text(["Trail shoes"]);
    let analysed: AnalyzeResponse = run
        .ask("indices.analyze", json!({"index": i}), body, call)
        .await
        .unwrap();
    let token = &analysed.tokens[1];
    assert_eq!(
        (&*token.token, token.start_offset, token.end_offset),
        ("shoes", 6, 11)
    );
    assert_eq!((&*token.kind, token.position), ("<ALPHANUM>", 1));
    let body = json!({"analyzer": "standard", "text": "a", "explain": true});
    let call = es
        .indices()
        .analyze()
        .analyzer("standard")
        .text("a")
        .explain(true);
    let explained: AnalyzeResponse = run
        .ask("indices.analyze#explained", NONE, body, call)
        .await
        .unwrap();
    assert!(explained.tokens.is_empty());
    assert_eq!(
        explained.detail.unwrap()["analyzer"]["tokens"][0]["token"],
        "a"
    );
}

/// Copies of an index, which takes no writes meanwhile.
pub(super) async fn copies(run: &mut Run, i: &str) {
    let es = run.client();
    let indices = es.indices();
    indices
        .put_settings(i)
        .body(json!({"index.blocks.write": true}))
        .await
        .unwrap();
    let body = json!({"settings": {"index.number_of_replicas": 0, "index.blocks.write": null}});
    let split = json!({"settings": {"index.number_of_shards": 4, "index.blocks.write": null}});
    let made = |made: Option<CreateIndexResponse>, name: &str| {
        let made = made.unwrap();
        assert!(made.acknowledged && made.shards_acknowledged && made.index == name);
    };
    let clone = run.name("clone");
    let params = json!({"index": i, "target": clone});
    let call = indices.clone(i, &clone).settings(&body["settings"]);
    made(
        run.ask("indices.clone", params, body.clone(), call).await,
        &clone,
    );
    let larger = run.name("split");
    let params = json!({"index": i, "target": larger});
    let call = indices.split(i, &larger).settings(&split["settings"]);
    made(
        run.ask("indices.split", params, split.clone(), call).await,
        &larger,
    );
    let smaller = run.name("shrunk");
    let params = json!({"index": i, "target": smaller});
    let call = indices.shrink(i, &smaller).settings(&body["settings"]);
    made(
        run.ask("indices.shrink", params, body.clone(), call).await,
        &smaller,
    );
    indices
        .put_settings(i)
        .body(json!({"index.blocks.write": null}))
        .await
        .unwrap();
    for name in [&clone, &larger, &smaller] {
        let call = indices.delete(name);
        let gone = run
            .ask("indices.delete", json!({"index": name}), NONE, call)
            .await
            .unwrap();
        assert!(gone.acknowledged);
    }
}

pub(super) async fn rollover(run: &mut Run) {
    let es = run.client();
    let (old, new, alias) = (run.name("log-1"), run.name("log-2"), run.name("log"));
    let aliases = json!({&alias: {"is_write_index": true}});
    es.indices().create(&old).aliases(&aliases).await.unwrap();
    let conditions = json!({"max_docs": 1, "max_age": "7d"});
    let body = json!({"conditions": conditions});
    let params = json!({"alias": alias, "dry_run": true});
    let call = es
        .indices()
        .rollover(&alias)
        .dry_run(true)
        .conditions(&conditions);
    let tried = run
        .ask("indices.rollover", params, body, call)
        .await
        .unwrap();
    assert!(tried.dry_run && !tried.rolled_over && !tried.conditions["[max_docs: 1]"]);
    let params = json!({"alias": alias, "new_index": new});
    let call = es.indices().rollover(&alias).new_index(&new);
    let rolled = run
        .ask("indices.rollover#done", params, NONE, call)
        .await
        .unwrap();
    assert!(rolled.rolled_over && rolled.acknowledged && !rolled.dry_run);
    assert_eq!(
        (rolled.old_index, rolled.new_index),
        (old.clone(), new.clone())
    );
    es.indices().delete([&old, &new]).await.unwrap();
}
