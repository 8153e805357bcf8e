//! The map of shards is small, and a choice by it allocates nothing.

use std::{convert::Infallible, sync::Arc};

use es_transport::{
    Body, Node, NodeFacts, NodePool, NodeSelector, Transport,
    layer::media_type::CompatibilityMode,
    node::{NodeOutcome, RequestContext, RoundRobin},
    shard_aware::ShardAware,
};
use http::{Method, Request, Response};
use stats_alloc::Region;
use tower::service_fn;

use crate::{ALLOCATOR, allocations_of_a_hundred, alone};

const INDICES: usize = 500;

/// A cluster whose indices have one shard and one replica each.
async fn respond(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path();
    let name = path.rsplit('/').next().unwrap_or_default();
    let body = if path.starts_with("/_cluster/state/metadata") {
        format!(
            r#"{{"metadata":{{"indices":{{"{name}":{{"routing_num_shards":1024,"state":"open",
            "settings":{{"index":{{"number_of_shards":"1"}}}}}}}}}},
            "routing_table":{{"indices":{{"{name}":{{"shards":{{"0":[
            {{"state":"STARTED","primary":true,"node":"node-1"}},
            {{"state":"STARTED","primary":false,"node":"node-2"}}]}}}}}}}}}}"#
        )
    } else if path.ends_with("/_search_shards") {
        r#"{"shards":[[{"shard":0},{"shard":0}]]}"#.to_owned()
    } else {
        r#"{"state_uuid":"u"}"#.to_owned()
    };
    let response = Response::builder().header("x-elastic-product", "Elasticsearch");
    Ok(response.body(Body::from(body)).unwrap())
}

fn nodes() -> Arc<NodePool> {
    let node = |number| {
        let mut facts = NodeFacts::default();
        facts.id = Some(format!("node-{number}").into());
        format!("http://n{number}:9200")
            .parse::<Node>()
            .unwrap()
            .with_facts(facts)
    };
    NodePool::new((0..10).map(node)).unwrap()
}

/// Waits until the nodes that hold the index are known, and uses it.
async fn known(pool: &NodePool, selector: &ShardAware<RoundRobin>, path: &str) {
    let request = RequestContext::new(&Method::GET, path);
    loop {
        let selection = pool.select(selector, &request).unwrap();
        if selector.query_for(selection.node(), &request).is_some() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[test]
fn five_hundred_indices_take_200_kib() {
    let _one = alone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (pool, selector) = (nodes(), Arc::new(ShardAware::new(RoundRobin::default())));
        let transport = Transport::builder()
            .node_pool(Arc::clone(&pool))
            .node_selector(Arc::clone(&selector))
            .compatibility_mode(CompatibilityMode::Fixed(9))
            .http_service(service_fn(respond))
            .build()
            .unwrap();
        let learn = async |number: usize| {
            let path = format!("/index-{number}/_doc/1");
            let request = Request::get(&path).body(Body::empty()).unwrap();
            transport.send(request).await.unwrap();
            known(&pool, &selector, &path).await;
        };
        learn(0).await;
        let region = Region::new(ALLOCATOR);
        for number in 1..=INDICES {
            learn(number).await;
        }
        let change = region.change();
        let kept = change.bytes_allocated - change.bytes_deallocated;
        assert!(kept <= 200 * 1024, "{kept} bytes");

        let request = RequestContext::new(&Method::GET, "/index-7/_doc/1");
        let choose = || {
            let mut selection = pool.select(&selector, &request).unwrap();
            let parameter = selector.query_for(selection.node(), &request);
            assert_eq!(parameter, Some("preference=_local"));
            selection.finish(NodeOutcome::Healthy, request.now());
        };
        // The nodes that hold it may respond for the first time.
        let allocations = allocations_of_a_hundred(choose);
        assert!(allocations <= 8, "{allocations}");
    });
}
