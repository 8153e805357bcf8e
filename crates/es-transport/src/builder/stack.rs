//! The composition: every layer in its place, from the caller to the socket.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, uri::PathAndQuery};
use http_body::Body as HttpBody;
use tower::{Service, ServiceBuilder};

use super::{Bottom, Settings};
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
    node::{LeaveHook, Node, NodePool, NodeSelector},
    shard_aware::ShardAware,
    sniff::Sniffer,
    transport::{Shared, Transport},
};

/// Checks the settings against each other and builds the transport.
pub(super) fn build(mut settings: Settings) -> Result<Transport> {
    check(&settings)?;
    let bottom = std::mem::replace(&mut settings.bottom, Bottom::BuiltIn);
    if let Bottom::Service(compose) = bottom {
        return compose(settings);
    }
    let pool = pool(&mut settings)?;
    let events = pool.events().clone();
    let thaw = Thaw::default();
    let connections = settings
        .connections
        .clone()
        .acquire_timeout(acquire_timeout(&settings))
        .on_event(move |event| events.emit(event.into()))
        .on_resume(thaw.hook());
    let connections = match bottom {
        Bottom::Connector(make) => make(connections),
        _ => {
            let offers_http2 = settings.connector.offers_http2();
            let connector = settings.connector.clone().build()?;
            connections.may_share(offers_http2).build(connector)
        }
    };
    over_connections(settings, pool, connections, &thaw)
}

fn check(settings: &Settings) -> Result<()> {
    super::TransportBuilder::<Transport>::check_nodes(settings)?;
    let shared = settings.pool.as_ref().map(|pool| pool.nodes()).unwrap_or_default();
    let shared = shared.iter().map(|status| status.node());
    let plain = settings.nodes.iter().chain(shared).any(|node| !node.is_https());
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
    check_bottom(settings)
}

/// Settings of the built-in connector that another one would pass over in
/// silence: who pins a certificate must not find out later that nobody looked.
fn check_bottom(settings: &Settings) -> Result<()> {
    if matches!(settings.bottom, Bottom::BuiltIn) {
        return Ok(());
    }
    let of_pool = match settings.bottom {
        Bottom::Service(_) if settings.acquire_timeout.is_some() => Some("acquire_timeout"),
        Bottom::Service(_) => settings.connections_given,
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
    let longest = settings.request_timeout.map_or(DEFAULT, |timeout| timeout / 2);
    settings.acquire_timeout.unwrap_or(longest.min(DEFAULT))
}

/// What a thaw does beside dropping idle connections: the nodes may be others by
/// now. Connections are made before the sniffer, which asks through them.
#[derive(Clone, Default)]
struct Thaw(Arc<OnceLock<Box<dyn Fn() + Send + Sync>>>);

impl Thaw {
    fn hook(&self) -> impl Fn() + Send + Sync + 'static {
        let Self(hook) = self.clone();
        move || {
            if let Some(hook) = hook.get() {
                hook();
            }
        }
    }

    fn set(&self, hook: impl Fn() + Send + Sync + 'static) {
        // Set once, where the stack is put together.
        let _ = self.0.set(Box::new(hook));
    }
}

fn over_connections(
    settings: Settings,
    pool: Arc<NodePool>,
    connections: Connections,
    thaw: &Thaw,
) -> Result<Transport> {
    let leaving = connections.clone();
    let on_leave: Arc<LeaveHook> = Arc::new(move |nodes: &[Node]| {
        for uri in nodes.iter().filter_map(|n| n.uri(PathAndQuery::from_static("/")).ok()) {
            leaving.close_host(&uri);
        }
    });
    pool.on_leave(&on_leave);
    let closing = connections.clone();
    let close = Box::new(move || {
        // The pool calls the hook for as long as the transport lives.
        let _owned = &on_leave;
        closing.close();
    });
    compose(settings, pool, connections, BottomParts { thaw: thaw.clone(), close })
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
    let parts = BottomParts { thaw: Thaw::default(), close: Box::new(|| {}) };
    compose(settings, pool, service, parts)
}

/// The pool that was given, or one of the given nodes.
fn pool(settings: &mut Settings) -> Result<Arc<NodePool>> {
    if let Some(pool) = settings.pool.take() {
        return Ok(pool);
    }
    NodePool::builder(std::mem::take(&mut settings.nodes)).dead_time(settings.dead_time).build()
}

/// What belongs to a bottom beside its service.
struct BottomParts {
    thaw: Thaw,
    close: Box<dyn Fn() + Send + Sync>,
}

/// The stack over any bottom. The order and its reasons: [`crate::layer`].
fn compose<S, B>(
    mut settings: Settings,
    pool: Arc<NodePool>,
    bottom: S,
    parts: BottomParts,
) -> Result<Transport>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let BottomParts { thaw, close } = parts;
    let compress = settings.compress.unwrap_or(settings.cloud);
    let compression = settings.compression.enabled(compress);
    let mode = settings.compatibility.map_or_else(CompatibilityMode::from_env, Ok)?;
    let auth = settings.auth.take().unwrap_or_else(AuthLayer::none);

    let selector = if settings.shard_aware {
        Arc::new(ShardAware::new(settings.selector)) as Arc<dyn NodeSelector>
    } else {
        settings.selector
    };
    let product = ProductCheckLayer::new().mode(settings.product);
    // A node for each attempt, its credentials, and one deadline over all of it.
    let attempt = ServiceBuilder::new()
        .layer(settings.headers)
        .layer(MediaTypeLayer::new(mode))
        .layer(auth)
        .layer(SelectNodeLayer::new(Arc::clone(&pool), Arc::clone(&selector)))
        // Below selection, which names the node in their errors, and below
        // media types: Elasticsearch compresses refusals too.
        .layer(product.clone())
        .layer(RedirectCheckLayer::new())
        .layer(
            DecompressionLayer::new()
                .accept_gzip(compress)
                .max_response_size(settings.max_response_size),
        )
        .layer(TraceAttemptLayer::new())
        .layer(AttemptTimeoutLayer::new(settings.request_timeout))
        .layer(CollectLayer::new().max_response_size(settings.max_response_size))
        .service(bottom);

    let sniffer = Sniffer::new(Arc::clone(&pool), attempt.clone(), settings.sniff);
    thaw.set(sniffer.invalidate_hook());

    let request = ServiceBuilder::new()
        .layer(TraceLayer::new())
        .layer(metrics())
        .layer(TotalTimeoutLayer::new(settings.total_timeout))
        .layer(compression)
        .layer(RetryLayer::new(settings.retry))
        .layer(sniffer.layer())
        .service(attempt);
    let compression = compression.compresses();
    let shared = Shared { pool, sniffer, compression, product, close };
    let transport = Transport::new(request, shared);
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
