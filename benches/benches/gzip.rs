//! gzip of a bulk body of 2 MB: the layer beside the bare compressor.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use es_benches::gzipping::{bare, bulk, layer};
use tokio::runtime::Builder;

fn gzip(criterion: &mut Criterion) {
    let (Ok(pieces), Ok(runtime)) = (bulk(), Builder::new_current_thread().build()) else {
        return;
    };
    let mut group = criterion.benchmark_group("gzip");
    group.throughput(Throughput::Bytes(
        pieces.iter().map(|piece| piece.len() as u64).sum(),
    ));
    group.bench_function("bare", |bencher| bencher.iter(|| bare(&pieces)));
    group.bench_function("layer", |bencher| {
        bencher.to_async(&runtime).iter(|| layer(&pieces))
    });
    group.finish();
}

criterion_group!(benches, gzip);
criterion_main!(benches);
