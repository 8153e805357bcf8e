//! The builder of transports.
//!
//! The setters are in one file per topic. `stack.rs` composes the layers and is the
//! only file that depends on every module.

mod auth;
pub mod config;
mod connections;
mod headers;
mod nodes;
mod retry;
mod seams;
mod sniffing;
mod stack;
mod tls;

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use seams::Seams;

use crate::{
    backoff::Backoff,
    connect::{Connections, ConnectionsBuilder, Connector, ConnectorBuilder},
    error::{Error, Result},
    layer::{
        auth::AuthLayer,
        compression::CompressionLayer,
        default_headers::DefaultHeadersLayer,
        hedge::HedgeLayer,
        media_type::CompatibilityMode,
        response_check::ProductCheck,
        retry::{RetryPolicy, StandardRetry},
        select_node::Classify,
        trace::Propagate,
        window::WindowLayer,
    },
    node::{DEAD_TIME, Ejection, Node, NodePool, NodeSelector},
    sniff::SniffOptions,
    transport::Transport,
};

/// A builder of a [`Transport`], or of a type `T` that wraps one.
///
/// Building does no network I/O and needs no runtime, so [`build`](Self::build) works
/// in a plain `main` or a static; only the files named by settings are read. The
/// setters do not fail: `build` reports the first invalid setting.
///
/// ```
/// use es_transport::Transport;
///
/// let transport = Transport::builder()
///     .nodes(["http://localhost:9200", "http://localhost:9201"])
///     .basic_auth("elastic", "changeme")
///     .build()?;
///
/// let error = Transport::builder().node("localhost:9200").build().unwrap_err();
/// assert_eq!(error.setting(), Some("nodes"));
/// # Ok::<(), es_transport::Error>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct TransportBuilder<T = Transport> {
    settings: Settings,
    /// The first setting that cannot be used.
    error: Option<Error>,
    /// The settings that come from environment variables, for errors.
    variables: Vec<(&'static str, String)>,
    target: PhantomData<fn() -> T>,
}

/// Everything that can be set.
struct Settings {
    nodes: Vec<Node>,
    pool: Option<Arc<NodePool>>,
    cloud: bool,
    selector: Option<Arc<dyn NodeSelector>>,
    /// Whether a part that was given, except for layers, sees the extensions of requests.
    reads_extensions: bool,
    shard_aware: bool,
    classify: Option<Classify>,
    dead_time: Backoff,
    ejection: Option<Ejection>,
    slow_start: Option<Duration>,
    failure_penalty: Option<Duration>,
    sniff: SniffOptions,
    connector: ConnectorBuilder,
    acquire_timeout: Option<Duration>,
    connections: ConnectionsBuilder,
    /// The first setting of `connections` that was given.
    connections_given: Option<&'static str>,
    backend: HttpBackend,
    auth: Option<AuthLayer>,
    headers: DefaultHeadersLayer,
    compatibility: Option<CompatibilityMode>,
    product: ProductCheck,
    compress: Option<bool>,
    compression: CompressionLayer,
    retry: StandardRetry,
    /// The first setting of `retry` that was given.
    retry_given: Option<&'static str>,
    retry_policy: Option<Arc<dyn RetryPolicy>>,
    hedge: Option<HedgeLayer>,
    windows: Option<WindowLayer>,
    seams: Seams,
    request_timeout: Option<Duration>,
    total_timeout: Option<Duration>,
    max_response_size: Option<usize>,
    propagate: Option<Propagate>,
}

/// The innermost service.
enum HttpBackend {
    /// The connections, opened by the built-in connector.
    BuiltIn,
    /// The connections, opened by a connector of the caller's.
    Connector(Box<dyn FnOnce(ConnectionsBuilder) -> Connections + Send>),
    /// A service of the caller's, and the stack over it: the stack is compiled
    /// once more only where there is one.
    Service(Box<dyn FnOnce(Settings) -> Result<Transport> + Send>),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            pool: None,
            cloud: false,
            selector: None,
            reads_extensions: false,
            shard_aware: false,
            classify: None,
            dead_time: DEAD_TIME,
            ejection: None,
            slow_start: None,
            failure_penalty: None,
            sniff: SniffOptions::default(),
            connector: Connector::builder(),
            acquire_timeout: None,
            connections: Connections::builder(),
            connections_given: None,
            backend: HttpBackend::BuiltIn,
            auth: None,
            headers: DefaultHeadersLayer::new(),
            compatibility: None,
            product: ProductCheck::default(),
            compress: None,
            compression: CompressionLayer::new(),
            retry: StandardRetry::default(),
            retry_given: None,
            retry_policy: None,
            hedge: None,
            windows: None,
            seams: Seams::default(),
            request_timeout: Some(Duration::from_secs(30)),
            total_timeout: None,
            max_response_size: Some(512 << 20),
            propagate: None,
        }
    }
}

/// A type that a [`TransportBuilder`] builds: the transport, or a client on top of it.
pub trait BuildTarget: From<Transport> {
    /// The error of [`build`](TransportBuilder::build), which is also that of the type's
    /// requests, so that callers handle a single type.
    type Error: From<Error>;
}

impl BuildTarget for Transport {
    type Error = Error;
}

impl<T> TransportBuilder<T> {
    /// Creates a builder with the default settings. A node or a Cloud ID must be added.
    pub fn new() -> Self {
        Self {
            settings: Settings::default(),
            error: None,
            variables: Vec::new(),
            target: PhantomData,
        }
    }

    /// Checks the settings and composes the stack. It reads the files named by settings
    /// and does no other I/O.
    ///
    /// # Errors
    /// Returns an error that names the first invalid setting.
    pub fn build(self) -> Result<T, T::Error>
    where
        T: BuildTarget,
    {
        let built = match self.error {
            Some(error) => Err(error),
            None => stack::build(self.settings),
        };
        match built {
            Ok(transport) => Ok(transport.into()),
            Err(error) => {
                let variable = self
                    .variables
                    .iter()
                    .find(|(name, _)| error.setting() == Some(*name));
                Err(match variable {
                    Some((_, variable)) => error.with_variable(variable).into(),
                    None => error.into(),
                })
            }
        }
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    fn try_set(mut self, change: impl FnOnce(&mut Settings) -> Result<()>) -> Self {
        if let Err(error) = change(&mut self.settings) {
            self.error.get_or_insert(error);
        }
        self
    }
}

impl<T> Default for TransportBuilder<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for TransportBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportBuilder")
            .field("nodes", &self.settings.nodes)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
