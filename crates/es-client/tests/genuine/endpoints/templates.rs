//! Templates of indices, data streams, pipelines and policies.

use es_client::types::{IndexTemplates, LifecyclePolicies, Pipelines};
use serde_json::{Value, json};

use super::run::Run;
use crate::server::is_opensearch;

const NONE: Value = Value::Null;

pub(super) async fn templates(run: &mut Run) {
    let es = run.client();
    let (name, component) = (run.name("template"), run.name("component"));
    let template = json!({"settings": {"number_of_replicas": 0}});
    let call = es
        .cluster()
        .put_component_template(&component)
        .template(&template);
    let params = json!({"name": component});
    let body = json!({"template": template});
    let put = run
        .ask("cluster.put_component_template", params.clone(), body, call)
        .await;
    assert!(put.unwrap().acknowledged);
    let call = es.cluster().exists_component_template(&component);
    assert!(
        run.exists("cluster.exists_component_template", params.clone(), call)
            .await
    );

    let body = json!({
        "index_patterns": [format!("{name}-*")], "composed_of": [component], "priority": 500,
        "version": 3, "_meta": {"by": "tests"}, "template": {"aliases": {"a": {}}},
    });
    let named = json!({"name": name});
    let call = es.indices().put_index_template(&name).body(&body);
    let put = run
        .ask(
            "indices.put_index_template",
            named.clone(),
            body.clone(),
            call,
        )
        .await;
    assert!(put.unwrap().acknowledged);
    let call = es.indices().get_index_template().name(&name);
    let got: IndexTemplates = run
        .ask("indices.get_index_template", named.clone(), NONE, call)
        .await
        .unwrap();
    let [got] = &got.index_templates[..] else {
        panic!("{got:?}")
    };
    let template = &got.index_template;
    assert_eq!(
        (&got.name, &template.composed_of),
        (&name, &vec![component.clone()])
    );
    assert_eq!((template.priority, template.version), (Some(500), Some(3)));
    assert_eq!(template.meta, Some(json!({"by": "tests"})));
    let call = es.indices().exists_index_template(&name);
    assert!(
        run.exists("indices.exists_index_template", named.clone(), call)
            .await
    );

    let call = es.indices().delete_index_template(&name);
    let gone = run
        .ask("indices.delete_index_template", named.clone(), NONE, call)
        .await;
    assert!(gone.unwrap().acknowledged);
    let call = es.cluster().delete_component_template(&component);
    let gone = run
        .ask("cluster.delete_component_template", params, NONE, call)
        .await;
    assert!(gone.unwrap().acknowledged);

    // The older form.
    let body = json!({"index_patterns": ["no-such-*"], "order": 1});
    let call = es
        .indices()
        .put_template(&name)
        .index_patterns(["no-such-*"])
        .order(1);
    let put = run
        .ask("indices.put_template", named.clone(), body, call)
        .await;
    assert!(put.unwrap().acknowledged);
    let call = es.indices().exists_template(&name);
    assert!(
        run.exists("indices.exists_template", named.clone(), call)
            .await
    );
    let call = es.indices().delete_template(&name);
    let gone = run.ask("indices.delete_template", named, NONE, call).await;
    assert!(gone.unwrap().acknowledged);
}

pub(super) async fn data_streams(run: &mut Run) {
    let es = run.client();
    let name = run.name("stream");
    let body = json!({"index_patterns": [name], "data_stream": {}, "priority": 501});
    // Without the module some servers refuse this already, others take it.
    let templated = es
        .indices()
        .put_index_template(&name)
        .body(&body)
        .await
        .is_ok();
    let call = es.indices().create_data_stream(&name);
    let made = run
        .ask(
            "indices.create_data_stream",
            json!({"name": name}),
            NONE,
            call,
        )
        .await;
    assert!(made.is_none_or(|made| templated && made.acknowledged));
    let call = es.indices().delete_data_stream(&name);
    let gone = run
        .ask(
            "indices.delete_data_stream",
            json!({"name": name}),
            NONE,
            call,
        )
        .await;
    assert!(gone.is_none_or(|gone| gone.acknowledged));
    if templated {
        es.indices().delete_index_template(&name).await.unwrap();
    }
}

pub(super) async fn pipelines(run: &mut Run) {
    let es = run.client();
    let id = run.name("pipeline");
    // Elasticsearch's minimal distributions have no processors, OpenSearch no `_meta`.
    let mut body = json!({"description": "none", "version": 2, "processors": []});
    let meta = (!is_opensearch()).then(|| json!({"by": "tests"}));
    match &meta {
        Some(meta) => body["_meta"] = meta.clone(),
        None => body["processors"] = json!([{"set": {"field": "a", "value": 1}}]),
    }
    let params = json!({"id": id});
    let processors = body["processors"].as_array().unwrap().clone();
    let call = es.ingest().put_pipeline(&id).body(&body);
    let put = run
        .ask("ingest.put_pipeline", params.clone(), body, call)
        .await
        .unwrap();
    assert!(put.acknowledged);
    let call = es.ingest().get_pipeline().id(&id);
    let got: Pipelines = run
        .ask("ingest.get_pipeline", params.clone(), NONE, call)
        .await
        .unwrap();
    assert_eq!(
        (got[&id].description.as_deref(), got[&id].version),
        (Some("none"), Some(2))
    );
    assert_eq!((&got[&id].processors, &got[&id].meta), (&processors, &meta));
    let call = es.ingest().delete_pipeline(&id);
    let gone = run
        .ask("ingest.delete_pipeline", params, NONE, call)
        .await
        .unwrap();
    assert!(gone.acknowledged);
}

pub(super) async fn policies(run: &mut Run) {
    let es = run.client();
    let ilm = es.ilm();
    let policy = run.name("policy");
    let params = json!({"policy": policy});
    let body =
        json!({"policy": {"phases": {"delete": {"min_age": "9d", "actions": {"delete": {}}}}}});
    let call = ilm.put_lifecycle(&policy).policy(&body["policy"]);
    let put = run
        .ask("ilm.put_lifecycle", params.clone(), body.clone(), call)
        .await;
    assert!(put.is_none_or(|put| put.acknowledged));
    let call = ilm.get_lifecycle().policy(&policy);
    let got: Option<LifecyclePolicies> = run
        .ask("ilm.get_lifecycle", params.clone(), NONE, call)
        .await;
    assert!(got.is_none_or(|got| got[&policy].version == 1));
    for (label, call) in [
        ("ilm.stop", ilm.stop().into_future()),
        ("ilm.start", ilm.start().into_future()),
    ] {
        let done = run.ask(label, NONE, NONE, call).await;
        assert!(done.is_none_or(|done| done.acknowledged));
    }
    let call = ilm.delete_lifecycle(&policy);
    let gone = run.ask("ilm.delete_lifecycle", params, NONE, call).await;
    assert!(gone.is_none_or(|gone| gone.acknowledged));
}
