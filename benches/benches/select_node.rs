//! The choice of a node, for a few nodes and for many.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use es_benches::{fixtures::pool, selecting::choose};
use es_transport::node::RoundRobin;

fn select_node(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("select_node");
    for nodes in [3, 1_000] {
        let Ok(pool) = pool(nodes) else { continue };
        let selector = RoundRobin::default();
        group.bench_function(BenchmarkId::from_parameter(nodes), |bencher| {
            bencher.iter(|| choose(&pool, &selector, 1));
        });
    }
    group.finish();
}

criterion_group!(benches, select_node);
criterion_main!(benches);
