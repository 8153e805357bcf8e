//! Selecting a node, without any request: the time that a selection takes.

use std::{
    convert::Infallible,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use es_transport::{
    Body, NodeFacts, NodePool, NodeSelector, Transport,
    node::{NodeOutcome, RequestContext, RoundRobin},
    shard_aware::ShardAware,
};
use http::{Method, Request, Response};
use serde_json::json;
use tower::service_fn;

use crate::{fixtures::pool, operation::BoxError};

/// A document of an index of three shards, each on two of the first three nodes.
const PATH: &str = "/products/_doc/1";

/// Chooses a number of times, and tells the pool each time that it went well.
pub fn choose(pool: &NodePool, selector: &dyn NodeSelector, times: u64) {
    let context = RequestContext::new(&Method::GET, PATH);
    for _ in 0..times {
        // The pool has nodes, of which no selector here excludes any.
        let Ok((mut selection, query)) = pool.select_with_query(selector, &context) else {
            return;
        };
        std::hint::black_box((selection.node(), query));
        selection.finish(NodeOutcome::Healthy, context.now());
    }
}

/// Returns nodes with IDs, and a selector that knows which of them hold the shards.
///
/// # Errors
/// If the shards are not fetched.
pub fn shard_aware(nodes: usize) -> Result<(Arc<NodePool>, Arc<ShardAware<RoundRobin>>), BoxError> {
    let with_id = |(number, node): (usize, es_transport::Node)| {
        let mut facts = NodeFacts::default();
        facts.id = Some(format!("node-{number}").into());
        node.with_facts(facts)
    };
    let nodes = pool(nodes)?.nodes();
    let nodes = nodes
        .into_iter()
        .map(|status| status.node().clone())
        .enumerate();
    let pool = NodePool::new(nodes.map(with_id))?;
    let selector = Arc::new(ShardAware::new(RoundRobin::default()));
    let transport = Transport::builder()
        .node_pool(Arc::clone(&pool))
        .node_selector(Arc::clone(&selector))
        .http_service(service_fn(respond))
        .build()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let context = RequestContext::new(&Method::GET, PATH);
        for _ in 0..1_000 {
            let request = Request::get(PATH).body(Body::empty())?;
            transport.send(request).await?;
            let (_, query) = pool.select_with_query(&selector, &context)?;
            if query.is_some() {
                return Ok((pool, selector));
            }
            tokio::task::yield_now().await;
        }
        Err("the shards are not known".into())
    })
}

async fn respond(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let (path, query) = (request.uri().path(), request.uri().query());
    let body = if path.ends_with("/_search_shards") {
        // The map is verified for the values `0`, `checked` and `ä𝄞`; these are their shards.
        let shard = match query.and_then(|query| query.get(..14)) {
            Some("routing=%30&fi") => 1,
            Some("routing=%63%68") => 2,
            _ => 0,
        };
        json!({"shards": [[{"shard": shard}]]})
    } else if path.starts_with("/_cluster/state/metadata") {
        let copy = |primary, node| json!({"state": "STARTED", "primary": primary, "node": node});
        json!({
            "metadata": {"indices": {"products": {
                "routing_num_shards": 768,
                "state": "open",
                "settings": {"index": {"number_of_shards": "3"}},
            }}},
            "routing_table": {"indices": {"products": {"shards": {
                "0": [copy(true, "node-0"), copy(false, "node-1")],
                "1": [copy(true, "node-1"), copy(false, "node-2")],
                "2": [copy(true, "node-2"), copy(false, "node-0")],
            }}}},
        })
    } else {
        json!({"state_uuid": "u"})
    };
    let response = Response::builder().header("x-elastic-product", "Elasticsearch");
    let response = response.body(Body::from(body.to_string()));
    Ok(response.unwrap_or_default())
}

/// The nanoseconds of one choice: the best of many short runs, since whatever
/// else the machine does can only make a run longer.
pub fn nanoseconds(pool: &NodePool, selector: &dyn NodeSelector) -> f64 {
    const TIMES: u64 = 20_000;
    choose(pool, selector, TIMES);
    let best = (0..300)
        .map(|_| time(|| choose(pool, selector, TIMES)))
        .min();
    best.unwrap_or_default().as_nanos() as f64 / TIMES as f64
}

/// Throughput of two threads that select from one pool, relative to one thread: the
/// best of many pairs of runs.
pub fn two_threads() -> Result<f64, BoxError> {
    const TIMES: u64 = 400_000;
    let (pool, selector) = (pool(3)?, RoundRobin::default());
    let one = || choose(&pool, &selector, TIMES);
    let two = || {
        thread::scope(|scope| {
            scope.spawn(one);
            one();
        });
    };
    let best = |run: &dyn Fn()| (0..60).map(|_| time(run)).min().unwrap_or_default();
    Ok(2.0 * best(&one).as_secs_f64() / best(&two).as_secs_f64())
}

fn time(run: impl Fn()) -> Duration {
    let began = Instant::now();
    run();
    began.elapsed()
}
