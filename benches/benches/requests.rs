//! Each client with each operation, one after the other on one connection.

use criterion::{Criterion, criterion_group, criterion_main};
use es_benches::{
    clients::{Clients, Own},
    operation::{BoxError, Operation},
    process::serve_from_thread,
};
use tokio::runtime::{Builder, Runtime};

fn requests(criterion: &mut Criterion) {
    if let Err(error) = measure(criterion) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn measure(criterion: &mut Criterion) -> Result<(), BoxError> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let urls = serve_from_thread(3)?;
    for operation in Operation::ALL {
        let mut group = criterion.benchmark_group(operation.name());
        for name in Own::NAMES {
            let mut client = runtime.block_on(Own::new(name, &urls))?;
            group.bench_function(*name, |bencher| {
                bencher.iter_custom(|times| timed(&runtime, &mut client, operation, times));
            });
        }
        group.finish();
    }
    Ok(())
}

fn timed(
    runtime: &Runtime,
    client: &mut Own,
    operation: Operation,
    times: u64,
) -> std::time::Duration {
    let began = std::time::Instant::now();
    if let Err(error) = runtime.block_on(client.run(operation, times)) {
        eprintln!("{}: {error}", operation.name());
        std::process::exit(1);
    }
    began.elapsed()
}

criterion_group!(benches, requests);
criterion_main!(benches);
