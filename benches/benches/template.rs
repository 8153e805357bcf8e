//! A template for benches of a stack of your own: copy it, add your layers.
//!
//! The backend responds at once, so that the time is that of the layers.

use criterion::{Criterion, criterion_group, criterion_main};
use es_benches::fixtures::{Backend, pool};
use es_transport::{Body, layer::select_node::SelectNodeLayer, node::RoundRobin};
use http::Request;
use tokio::runtime::Builder;
use tower::{ServiceBuilder, ServiceExt};

fn template(criterion: &mut Criterion) {
    let (Ok(runtime), Ok(pool)) = (Builder::new_current_thread().enable_all().build(), pool(3))
    else {
        return;
    };
    let stack = ServiceBuilder::new()
        // Your layers go here.
        .layer(SelectNodeLayer::new(pool, RoundRobin::default()))
        .service(Backend);

    criterion.bench_function("template", |bencher| {
        bencher
            .to_async(&runtime)
            .iter(|| stack.clone().oneshot(Request::new(Body::empty())));
    });
}

criterion_group!(benches, template);
criterion_main!(benches);
