//! The composition of all layers, from the caller to the socket.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response, uri::PathAndQuery};
use http_body::Body as HttpBody;
use tower::{Layer, Service, ServiceBuilder};

use super::{HttpBackend, Settings, seams::Seam};
use crate::{
    Body,
    connect::Connections,
    error::{BoxError, Error, Result},
    layer::{
        auth::AuthLayer,
        collect::CollectLayer,
        decompression::DecompressionLayer,
        media_type::{CompatibilityMode, MediaTypeLayer},
        response_check::{ProductCheckLayer, RedirectCheckLayer},
        retry::RetryLayer,
        select_node::SelectNodeLayer,
        timeout::{AttemptTimeoutLayer, TotalTimeoutLayer},
        trace::{TraceAttemptLayer, TraceLayer},
    },
    node::{LeaveHook, Node, NodePool, NodeSelector, RoundRobin},
    shard_aware::ShardAware,
    sniff::Sniffer,
    transport::{Transport, TransportParts},
};

/// Checks the settings against each other and builds the transport.
pub(super) fn build(mut settings: Settings) -> Result<Transport> {
    check(&settings)?;
    let backend = std::mem::replace(&mut settings.backend, HttpBackend::BuiltIn);
    if let HttpBackend::Service(compose) = backend {
        return compose(settings);
    }
    let pool = pool(&mut settings)?;
    let events = pool.events().clone();
    let connections = settings
        .connections
        .clone()
        .acquire_timeout(acquire_timeout(&settings))
        .on_event(move |event| events.emit(event.into()));
    let connections = match backend {
        HttpBackend::Connector(make) => make(connections),
        _ => {
            let offers_http2 = settings.connector.offers_http2();
            let connector = settings.connector.clone().build()?;
            connections.may_share(offers_http2).build(connector)
        }
    };
    compose(settings, pool, connections.clone(), Some(connections))
}

fn check(settings: &Settings) -> Result<()> {
    super::TransportBuilder::<Transport>::check_nodes(settings)?;
    let shared = settings
        .pool
        .as_ref()
        .map(|pool| pool.nodes())
        .unwrap_or_default();
    let shared = shared.iter().map(|status| status.node());
    let plain = settings
        .nodes
        .iter()
        .chain(shared)
        .any(|node| !node.is_https());
    // The nodes of a shared pool may change at any time.
    let is_fixed = settings.pool.is_none();
    let tls = settings.connector.tls_settings();
    if plain && tls.has_fingerprint() {
        let message = "a node is reached by http, where there is no certificate";
        return Err(Error::config("ssl_assert_fingerprint", message));
    }
    if is_fixed
        && settings.nodes.iter().all(|node| !node.is_https())
        && let Some(setting) = tls.first_given()
    {
        let message = "no node is reached by https, so that it has no effect";
        return Err(Error::config(setting, message));
    }
    if settings.auth.is_some() && settings.headers.contains(&http::header::AUTHORIZATION) {
        let message = "`authorization` is given beside other credentials";
        return Err(Error::config("headers", message));
    }
    if settings.retry_policy.is_some()
        && let Some(setting) = settings.retry_given
    {
        let message = "it has no effect with a `retry_policy`; set it there";
        return Err(Error::config(setting, message));
    }
    check_backend(settings)
}

/// Refuses settings of the built-in connector and pool that another backend would
/// ignore, such as a pinned certificate.
fn check_backend(settings: &Settings) -> Result<()> {
    if matches!(settings.backend, HttpBackend::BuiltIn) {
        return Ok(());
    }
    let of_pool = match settings.backend {
        HttpBackend::Service(_) if settings.acquire_timeout.is_some() => Some("acquire_timeout"),
        HttpBackend::Service(_) => settings.connections_given,
        _ => None,
    };
    match settings.connector.first_given().or(of_pool) {
        Some(setting) => Err(Error::config(
            setting,
            "it has no effect on a connector or an HTTP service of the caller's own",
        )),
        None => Ok(()),
    }
}

/// An attempt that only waited for a connection must end before its own time, so
/// that it is known not to have been sent.
fn acquire_timeout(settings: &Settings) -> Duration {
    const DEFAULT: Duration = Duration::from_secs(10);
    let longest = settings
        .request_timeout
        .map_or(DEFAULT, |timeout| timeout / 2);
    settings.acquire_timeout.unwrap_or(longest.min(DEFAULT))
}

pub(super) fn over_service<S, B>(mut settings: Settings, service: S) -> Result<Transport>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let pool = pool(&mut settings)?;
    compose(settings, pool, service, None)
}

/// The pool that was given, or one of the given nodes.
fn pool(settings: &mut Settings) -> Result<Arc<NodePool>> {
    if let Some(pool) = settings.pool.take() {
        return Ok(pool);
    }
    NodePool::builder(std::mem::take(&mut settings.nodes))
        .dead_time(settings.dead_time)
        .ejection(settings.ejection)
        .slow_start(settings.slow_start)
        .failure_penalty(settings.failure_penalty)
        .build()
}

/// Closes the connections of nodes that leave the pool. Returns the function that closes
/// all connections.
fn close_with(pool: &NodePool, connections: Connections) -> Box<dyn Fn() + Send + Sync> {
    let leaving = connections.clone();
    let on_leave: Arc<LeaveHook> = Arc::new(move |nodes: &[Node]| {
        for uri in nodes
            .iter()
            .filter_map(|n| n.uri(PathAndQuery::from_static("/")).ok())
        {
            leaving.close_host(&uri);
        }
    });
    pool.on_leave(&on_leave);
    Box::new(move || {
        // The pool calls the hook for as long as the transport lives.
        let _owned = &on_leave;
        connections.close();
    })
}

/// Composes the stack over any backend, with the built-in connections if it is them. The
/// order and its reasons: [`crate::layer`].
fn compose<S, B>(
    mut settings: Settings,
    pool: Arc<NodePool>,
    backend: S,
    connections: Option<Connections>,
) -> Result<Transport>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let compress = settings.compress.unwrap_or(settings.cloud);
    let compression = settings.compression.enabled(compress);
    let mode = settings
        .compatibility
        .map_or_else(CompatibilityMode::from_env, Ok)?;
    let auth = settings.auth.take().unwrap_or_else(AuthLayer::none);

    let selector = match (settings.selector.take(), settings.shard_aware) {
        (Some(selector), true) => Arc::new(ShardAware::new(selector)) as Arc<dyn NodeSelector>,
        (None, true) => Arc::new(ShardAware::default()),
        (Some(selector), false) => selector,
        (None, false) => Arc::new(RoundRobin::default()),
    };
    let windows = settings
        .windows
        .take()
        .map(|windows| windows.over(Arc::clone(&pool)));
    let selector = match &windows {
        Some(windows) => Arc::new(windows.selector(selector)) as Arc<dyn NodeSelector>,
        None => selector,
    };
    let product = ProductCheckLayer::new().mode(settings.product);
    let mut seams = std::mem::take(&mut settings.seams);
    let reads_extensions =
        cfg!(feature = "metrics") || settings.reads_extensions || !seams.are_empty();
    let hedge = settings.hedge.take();
    let hedge = match settings.retry_policy {
        // Its budget is not known.
        Some(_) => hedge,
        None => hedge.map(|hedge| hedge.default_budget(settings.retry.shared_budget())),
    };
    let retry = match settings.retry_policy.take() {
        Some(policy) => policy,
        None => Arc::new(settings.retry),
    };

    let collect = CollectLayer::new().max_response_size(settings.max_response_size);
    let node = seams.node.over(collect.layer(backend));
    // A node for each attempt, and one deadline over all of it.
    let selected = ServiceBuilder::new()
        .layer(
            SelectNodeLayer::new(Arc::clone(&pool), Arc::clone(&selector))
                .classified_by(settings.classify),
        )
        // Below selection, which names the node in their errors, and below media
        // types: Elasticsearch compresses refusals too.
        .layer(product.clone())
        .layer(RedirectCheckLayer::new())
        .layer(
            DecompressionLayer::new()
                .accept_gzip(compress)
                .max_response_size(settings.max_response_size),
        )
        .layer(TraceAttemptLayer::new().propagated_by(settings.propagate))
        .layer(AttemptTimeoutLayer::new(settings.request_timeout))
        .service(node);

    // As in the seams, a layer that is not used costs nothing.
    if let Some(windows) = windows {
        seams.attempt.push(windows);
    }
    let attempt = ServiceBuilder::new()
        .layer(settings.headers)
        .layer(MediaTypeLayer::new(mode))
        .layer(auth)
        .service(seams.attempt.over(selected));

    let sniffer = Sniffer::new(Arc::clone(&pool), attempt.clone(), settings.sniff);
    let close = match connections {
        Some(connections) => {
            // While the process was suspended, the nodes may have changed.
            connections.on_resume(sniffer.invalidate_hook());
            close_with(&pool, connections)
        }
        None => Box::new(|| {}),
    };

    let mut hedged = Seam::default();
    if let Some(hedge) = hedge {
        hedged.push(hedge);
    }
    let retried = ServiceBuilder::new()
        .layer(RetryLayer::new(retry))
        .service(hedged.over(sniffer.layer().layer(attempt)));

    let request = ServiceBuilder::new()
        .layer(TraceLayer::new())
        .layer(metrics())
        .layer(TotalTimeoutLayer::new(settings.total_timeout))
        .layer(compression)
        .service(seams.request.over(retried));

    let parts = TransportParts::new(pool)
        .sniffer(sniffer)
        .compression(&compression)
        .product_check(&product)
        .total_timeout(settings.total_timeout)
        .selector(Arc::clone(&selector))
        .on_close(close)
        .reads_extensions(reads_extensions);
    let transport = Transport::new(request, parts);
    selector.attached(&transport.downgrade());
    Ok(transport)
}

#[cfg(feature = "metrics")]
fn metrics() -> crate::layer::MetricsLayer {
    crate::layer::MetricsLayer::new()
}

#[cfg(not(feature = "metrics"))]
fn metrics() -> tower::layer::util::Identity {
    tower::layer::util::Identity::new()
}
