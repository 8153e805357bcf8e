//! The stack layer by layer, over a service that responds at once: each bench has
//! one layer more than the one before, so the difference is the layer's price.

use std::time::Duration;

use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use es_benches::{
    fixtures::{Backend, pool},
    operation::BoxError,
};
use es_transport::{
    Body, Credentials,
    layer::{
        auth::AuthLayer, collect::CollectLayer, default_headers::DefaultHeadersLayer,
        media_type::MediaTypeLayer, response_check::ProductCheckLayer, retry::RetryLayer,
        select_node::SelectNodeLayer, timeout::AttemptTimeoutLayer, timeout::TotalTimeoutLayer,
        trace::TraceLayer,
    },
    node::RoundRobin,
};
use http::Request;
use tokio::runtime::{Builder, Runtime};
use tower::{Service, ServiceBuilder, ServiceExt};

fn stack(criterion: &mut Criterion) {
    if let Err(error) = measure(criterion) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn measure(criterion: &mut Criterion) -> Result<(), BoxError> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut group = criterion.benchmark_group("stack");
    let stack = Backend;
    bench(&mut group, &runtime, "backend", &stack);
    let stack = ServiceBuilder::new()
        .layer(CollectLayer::new())
        .service(stack);
    bench(&mut group, &runtime, "+ collect", &stack);
    let stack = ServiceBuilder::new()
        .layer(AttemptTimeoutLayer::default())
        .service(stack);
    bench(&mut group, &runtime, "+ attempt timeout", &stack);
    let stack = ServiceBuilder::new()
        .layer(ProductCheckLayer::new())
        .service(stack);
    bench(&mut group, &runtime, "+ product check", &stack);
    let select = SelectNodeLayer::new(pool(3)?, RoundRobin::default());
    let stack = ServiceBuilder::new().layer(select).service(stack);
    bench(&mut group, &runtime, "+ select node", &stack);
    let auth = AuthLayer::new(Credentials::basic("elastic", "changeme")?);
    let stack = ServiceBuilder::new().layer(auth).service(stack);
    bench(&mut group, &runtime, "+ auth", &stack);
    let stack = ServiceBuilder::new()
        .layer(MediaTypeLayer::default())
        .service(stack);
    bench(&mut group, &runtime, "+ media type", &stack);
    let stack = ServiceBuilder::new()
        .layer(DefaultHeadersLayer::new())
        .service(stack);
    bench(&mut group, &runtime, "+ default headers", &stack);
    let stack = ServiceBuilder::new()
        .layer(RetryLayer::default())
        .service(stack);
    bench(&mut group, &runtime, "+ retry", &stack);
    let total = TotalTimeoutLayer::new(Duration::from_secs(60));
    bench(
        &mut group,
        &runtime,
        "+ total timeout",
        &ServiceBuilder::new().layer(total).service(stack.clone()),
    );
    let stack = ServiceBuilder::new()
        .layer(TraceLayer::new())
        .service(stack);
    bench(
        &mut group,
        &runtime,
        "+ trace, without a total timeout",
        &stack,
    );
    group.finish();
    Ok(())
}

fn bench<S>(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, name: &str, stack: &S)
where
    S: Service<Request<Body>> + Clone,
    S::Response: Send,
{
    group.bench_function(name, |bencher| {
        bencher.to_async(runtime).iter(async || {
            let mut request = Request::new(Body::empty());
            *request.method_mut() = http::Method::HEAD;
            stack.clone().oneshot(request).await.is_ok()
        });
    });
}

criterion_group!(benches, stack);
criterion_main!(benches);
