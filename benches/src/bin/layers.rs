//! `layers`: instructions of a `HEAD /` through the built-in stack, from the connections to
//! the whole of it, one layer more at a time. `layers <number> <times> <url>` sends requests
//! through that many layers and says nothing, for callgrind.

use es_benches::{
    callgrind::instructions,
    operation::{BoxError, PASSWORD, USER},
    process::Server,
};
use es_transport::{
    Body, Credentials, Node, NodePool, Transport,
    connect::{Connections, Connector},
    layer::{
        AttemptTimeoutLayer, AuthLayer, CollectLayer, CompressionLayer, DecompressionLayer,
        DefaultHeadersLayer, MediaTypeLayer, ProductCheckLayer, RedirectCheckLayer, RetryLayer,
        SelectNodeLayer, TotalTimeoutLayer, TraceAttemptLayer, TraceLayer,
        media_type::CompatibilityMode,
    },
    node::RoundRobin,
    sniff::{SniffOptions, Sniffer},
};
use http::Request;
use tower::Layer;

/// Number of requests of the shorter run; the longer one has as many more to count.
const WARM: u64 = 200;
const COUNTED: u64 = 1_000;

/// The layers from the connections to the caller.
const LAYERS: [&str; 16] = [
    "connections",
    "collect",
    "attempt timeout",
    "trace of the attempt",
    "decompression",
    "redirect check",
    "product check",
    "node selection",
    "authentication",
    "media type",
    "default headers",
    "sniff",
    "retry",
    "compression",
    "total timeout",
    "trace of the request",
];

/// The number of layers from which on a node is selected.
const SELECTS: usize = 7;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [layers, times, url] = arguments.as_slice() {
        return send(layers.parse()?, times.parse()?, url).await;
    }

    let server = Server::start("server", &["1"])?;
    let program = std::env::current_exe()?;
    let run = |layers: usize, times: u64| {
        let (layers, times) = (layers.to_string(), times.to_string());
        instructions(&program, &[&layers, &times, server.line()])
    };
    println!("| layer | instructions | more |\n|---|---|---|");
    let mut before = 0;
    for (layers, name) in LAYERS.iter().enumerate() {
        let count = (run(layers, WARM + COUNTED)? - run(layers, WARM)?) / COUNTED;
        println!("| {name} | {count} | {} |", count.cast_signed() - before);
        before = count.cast_signed();
    }
    Ok(())
}

async fn send(layers: usize, times: u64, url: &str) -> Result<(), BoxError> {
    let transport = transport(layers, url)?;
    let uri = if layers < SELECTS {
        url.to_owned()
    } else {
        "/".to_owned()
    };
    let uri: http::Uri = uri.parse()?;
    for _ in 0..times {
        let request = Request::head(uri.clone()).body(Body::empty())?;
        let response = transport.send(request).await?;
        if !response.status().is_success() {
            return Err(format!("status {}", response.status()).into());
        }
    }
    Ok(())
}

/// Wraps `$service` in the first `$wanted` layers.
macro_rules! stack {
    ($wanted:expr, $service:expr, $($layer:expr),+ $(,)?) => {{
        let mut wanted = $wanted;
        let service = $service;
        stack!(@ wanted, service, $($layer),+)
    }};
    (@ $wanted:ident, $service:ident, $layer:expr $(, $more:expr)*) => {{
        if $wanted == 0 {
            return Ok(Transport::from_service($service));
        }
        $wanted -= 1;
        let service = $layer.layer($service);
        stack!(@ $wanted, service $(, $more)*)
    }};
    (@ $wanted:ident, $service:ident) => {{
        let _ = $wanted;
        Transport::from_service($service)
    }};
}

fn transport(layers: usize, url: &str) -> Result<Transport, BoxError> {
    let pool = NodePool::new([url.parse::<Node>()?])?;
    let connections = Connections::with_connector(Connector::builder().build()?);
    let sniffed = SelectNodeLayer::new(pool.clone(), RoundRobin::default());
    let sniffer = Sniffer::new(
        pool.clone(),
        sniffed.layer(connections.clone()),
        SniffOptions::default(),
    );
    Ok(stack!(
        layers,
        connections,
        CollectLayer::new(),
        AttemptTimeoutLayer::default(),
        TraceAttemptLayer::new(),
        DecompressionLayer::new(),
        RedirectCheckLayer::new(),
        ProductCheckLayer::new(),
        SelectNodeLayer::new(pool, RoundRobin::default()),
        AuthLayer::new(Credentials::basic(USER, PASSWORD)?),
        MediaTypeLayer::new(CompatibilityMode::default()),
        DefaultHeadersLayer::new(),
        sniffer.layer(),
        RetryLayer::default(),
        CompressionLayer::new(),
        TotalTimeoutLayer::default(),
        TraceLayer::new(),
    ))
}
