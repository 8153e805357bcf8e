//! Spans of requests and attempts for OpenTelemetry, and `traceparent` for the server.
//!
//!     cargo run -p examples-services --example tracing_otel

use es_client::{Elasticsearch, SearchResponse};
use examples::{Product, Result, shop};
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    propagation::{Injector, TextMapPropagator},
    trace::TracerProvider,
};
use opentelemetry_sdk::{
    propagation::TraceContextPropagator,
    trace::{InMemorySpanExporter, SdkTracerProvider},
};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

#[tokio::main]
async fn main() -> Result {
    let (cluster, _) = shop().await?;
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .ssl_assert_fingerprint(cluster.ca_fingerprint())
        .basic_auth("elastic", cluster.password())
        .propagate(propagate)
        .build()?;

    // In a service: an OTLP exporter, and `with_batch_exporter`.
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("shop"))
        .with_location(false)
        .with_threads(false);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))?;

    // One node is lost: the attempt there fails, and the request is retried on another one.
    cluster.node(0).kill().await;
    checkout(&client)
        .instrument(tracing::info_span!("checkout"))
        .await?;

    for span in exporter.get_finished_spans()? {
        println!("{} ({:?})", span.name, span.span_kind);
        for attribute in span.attributes {
            println!("    {}: {}", attribute.key, attribute.value);
        }
    }
    Ok(())
}

/// Adds `traceparent` to an attempt: the server's spans become children of its span.
fn propagate(headers: &mut HeaderMap) {
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut Headers(headers));
}

struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, name: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

async fn checkout(client: &Elasticsearch) -> Result {
    for _ in 0..3 {
        let _: SearchResponse<Product> = client.search("products").size(1).await?;
    }
    Ok(())
}
