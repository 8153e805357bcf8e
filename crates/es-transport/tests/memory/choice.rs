//! Choosing a node allocates nothing, however many nodes there are.

use es_transport::{
    Node, NodePool, NodeSelector,
    node::{
        LeastInFlight, NodeOutcome, PeakEwma, PreferAttribute, Random, RequestContext, RoundRobin,
        Sticky, selector_fn,
    },
    shard_aware::ShardAware,
};
use http::Method;

use crate::{allocations_of_a_hundred, alone};

/// Allocations of 100 choices, after some that fill caches.
fn allocations(nodes: usize, selector: &dyn NodeSelector) -> usize {
    let node = |number| {
        let node: Node = format!("http://node-{number}:9200").parse().unwrap();
        node.with_attribute("zone", if number % 3 == 0 { "a" } else { "b" })
    };
    let pool = NodePool::new((0..nodes).map(node)).unwrap();
    let request = RequestContext::new(&Method::GET, "/products/_doc/1");
    let choose = || {
        let mut selection = pool.select(selector, &request).unwrap();
        selection.finish(NodeOutcome::Healthy, request.now());
    };
    // The first response of each node changes its health.
    (0..nodes * 40).for_each(|_| choose());
    allocations_of_a_hundred(choose)
}

#[test]
fn no_choice_allocates() {
    let _one = alone();
    let selectors: [(&str, &dyn NodeSelector); 8] = [
        ("round robin", &RoundRobin::default()),
        ("random", &Random),
        ("least in flight", &LeastInFlight),
        ("peak EWMA", &PeakEwma::default()),
        ("sticky", &Sticky::default()),
        ("attribute", &PreferAttribute::new("zone", "a")),
        ("shard-aware", &ShardAware::new(RoundRobin::default())),
        ("closure", &selector_fn(|nodes, _| nodes.len() / 2)),
    ];
    for nodes in [3, 100] {
        for (name, selector) in selectors {
            let count = allocations(nodes, selector);
            // Random choices may still meet a node for the first time.
            assert!(count <= 2, "{name}, {nodes} nodes: {count}");
        }
    }
}
