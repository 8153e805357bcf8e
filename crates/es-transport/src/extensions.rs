//! The types that are passed between the caller and the layers in [`http::Extensions`].
//!
//! | type | on | written by | read by |
//! |---|---|---|---|
//! | `Arc<`[`RequestOptions`]`>` | request | the caller | the layers, each its own settings |
//! | [`OperationName`] | request | the caller | spans, metrics, layers of your own |
//! | `Arc<`[`OperationDetails`]`>` | request | the caller | spans, metrics |
//! | [`Deadline`] | request | [`Transport::send`], [`TotalTimeoutLayer`] | retry, attempt timeout, [`WindowLayer`] |
//! | [`RetryContext`] | request | [`RetryLayer`] | node selection, spans |
//! | [`Hedge`] | request | [`HedgeLayer`] | node selection |
//! | [`ThreadPool`](crate::ThreadPool) | request | the caller | [`WindowLayer`] |
//! | [`SelectedNode`] | request | the caller, [`HedgeLayer`] | filled by node selection |
//! | `HedgedAttempt` | request | [`HedgeLayer`], [`WindowLayer`] | node selection, [`HedgeLayer`] |
//! | [`RoutingKey`](crate::shard_aware::RoutingKey), [`HolderNodes`](crate::shard_aware::HolderNodes) | request | the caller, `es-client` | node selection |
//! | [`ServedBy`] | response | node selection | retry, the caller |
//! | [`Attempts`] | response | [`RetryLayer`], [`HedgeLayer`] | spans, metrics, the caller |
//!
//! A value of any other type that the caller attaches to a request is visible to every
//! layer, in every attempt.
//!
//! [`RequestOptions`]: crate::RequestOptions
//! [`HedgeLayer`]: crate::layer::HedgeLayer
//! [`RetryLayer`]: crate::layer::RetryLayer
//! [`TotalTimeoutLayer`]: crate::layer::TotalTimeoutLayer
//! [`Transport::send`]: crate::Transport::send
//! [`WindowLayer`]: crate::layer::WindowLayer

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{Extensions, StatusCode};
use tokio::time::Instant;
use tracing::level_filters::LevelFilter;

use crate::{
    attempt::{Attempt, RetryReason},
    node::Node,
    options::{RequestOptions, Setting},
};

/// The name of the operation in Elasticsearch's API, such as `search`. It is an
/// extension of the request, for spans, metrics and layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationName(pub &'static str);

impl OperationName {
    /// Attaches the name to a request.
    ///
    /// ```
    /// use es_transport::{Body, OperationName};
    ///
    /// let mut request = http::Request::get("/books/_search").body(Body::empty()).unwrap();
    /// OperationName("search").attach(&mut request);
    /// ```
    pub fn attach<B>(self, request: &mut http::Request<B>) {
        request.extensions_mut().insert(self);
    }
}

/// Attributes of an operation for spans and metrics, besides its name. It is an
/// extension of the request that is set by a client above the transport.
///
/// It need not be attached if [`are_read`](Self::are_read) is `false`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OperationDetails {
    /// Dynamic parts of the path, by their name in Elasticsearch's API.
    pub parameters: Vec<(&'static str, String)>,
    /// Number of operations of a batch.
    pub batch_size: Option<usize>,
    /// The query without its values.
    pub query_text: Option<String>,
    /// Error statuses that are ordinary responses, such as the 404 of a missing document.
    pub expected_statuses: Cow<'static, [u16]>,
}

impl OperationDetails {
    /// Whether spans or metrics use the details: if a `tracing` subscriber accepts the
    /// level `INFO`, or the feature `metrics` is enabled.
    pub fn are_read() -> bool {
        cfg!(feature = "metrics") || LevelFilter::current() >= LevelFilter::INFO
    }

    /// Attaches the details to a request.
    pub fn attach<B>(self, request: &mut http::Request<B>) {
        request.extensions_mut().insert(Arc::new(self));
    }

    /// Returns the details in the extensions of a request.
    pub fn find(extensions: &Extensions) -> Option<&Arc<Self>> {
        extensions.get()
    }

    /// Returns a dynamic part of the path.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let parameter = self.parameters.iter().find(|(known, _)| *known == name);
        parameter.map(|(_, value)| &**value)
    }

    pub(crate) fn is_error(details: Option<&Self>, status: StatusCode) -> bool {
        let expected = |details: &Self| details.expected_statuses.contains(&status.as_u16());
        (status.is_client_error() || status.is_server_error()) && !details.is_some_and(expected)
    }
}

/// The time at which a request with all its attempts must have ended. It is an
/// extension of requests with a total timeout. No attempt or wait is started that would
/// end later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The time.
    pub at: Instant,
    /// The total timeout, for the error that names it.
    pub after: Duration,
}

impl Deadline {
    /// Returns the deadline of a request that is sent at `now`: the earlier of the one
    /// that is attached to it and the one that its options, or else `timeout`, set.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::extensions::Deadline;
    /// use http::Extensions;
    /// use tokio::time::Instant;
    ///
    /// let now = Instant::now();
    /// // Three of five seconds are left.
    /// let carried = Deadline { at: now + Duration::from_secs(3), after: Duration::from_secs(5) };
    /// let mut extensions = Extensions::new();
    /// extensions.insert(carried);
    /// assert_eq!(Deadline::of(&extensions, Some(Duration::from_secs(60)), now), Some(carried));
    /// ```
    pub fn of(extensions: &Extensions, timeout: Option<Duration>, now: Instant) -> Option<Self> {
        let own = RequestOptions::find(extensions)
            .map_or(Setting::Inherit, |options| options.total_timeout);
        // A time that no clock can express never ends.
        let set = own.or(timeout).and_then(|after| {
            let at = now.checked_add(after)?;
            Some(Self { at, after })
        });
        let carried = if extensions.is_empty() {
            None
        } else {
            extensions.get::<Self>().copied()
        };

        match (set, carried) {
            (Some(set), Some(carried)) if carried.at < set.at => Some(carried),
            (set, carried) => set.or(carried),
        }
    }
}

/// The attempts before a retry. It is an extension of every attempt except the first.
///
/// ```
/// use es_transport::{Error, extensions::RetryContext, layer::RetryLayer};
/// use http::{Request, Response};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let service = RetryLayer::default().layer(service_fn(async |request: Request<()>| {
///     match request.extensions().get::<RetryContext>() {
///         None => Err(Error::connect_message("refused")),
///         Some(context) => Ok(Response::new(context.attempt)),
///     }
/// }));
/// let response = service.oneshot(Request::new(())).await.unwrap();
/// assert_eq!(response.into_body(), 2);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RetryContext {
    /// The number of this attempt. The first retry is attempt 2.
    pub attempt: u32,
    /// The URLs of the nodes that were tried, without user info, in order.
    pub tried: Arc<[Arc<str>]>,
    /// The reason for this attempt.
    pub reason: RetryReason,
}

/// Marks the second attempt of a hedged request, which also has a [`RetryContext`]. It
/// must be sent to a live node that has not been tried, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hedge;

/// The node that sent a response. The layer that selects the node attaches it to every
/// response with a status of 400 or above, and to every response to a retry.
///
/// Other responses do not have it; [`ResponseBody::node`](crate::ResponseBody::node)
/// returns the node of every response.
#[derive(Clone, Debug)]
pub struct ServedBy {
    /// The URL of the node, without user info.
    pub node: Arc<str>,
    /// Whether the pool has another live node that this request has not tried yet, so a
    /// retry need not wait.
    pub has_untried_node: bool,
}

/// The attempts of a request that needed more than one, in the order in which they
/// started. It is an extension of the response.
#[derive(Clone, Debug)]
pub struct Attempts(pub Arc<[Attempt]>);

/// An extension of a request that returns the selected node to its sender, regardless of
/// the layers between. The layer that selects the node sets it.
///
/// ```
/// use es_transport::{Body, Transport};
/// use es_transport::extensions::SelectedNode;
/// use http::{Request, Response};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> es_transport::Result<()> {
/// let transport = Transport::builder()
///     .nodes(["http://a:9200", "http://b:9200"])
///     .http_service(tower::service_fn(|_: Request<Body>| async {
///         Ok::<_, std::io::Error>(Response::new(Body::from("{}")))
///     }))
///     .product_check(es_transport::layer::response_check::ProductCheck::Off)
///     .build()?;
///
/// let selected = SelectedNode::default();
/// let mut request = Request::new(Body::empty());
/// request.extensions_mut().insert(selected.clone());
/// transport.send(request).await?;
/// assert!(selected.node().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct SelectedNode(Arc<Mutex<Option<Node>>>);

impl SelectedNode {
    /// Returns the node of the last attempt; `None` if none was selected.
    pub fn node(&self) -> Option<Node> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Stores the node.
    pub fn set(&self, node: &Node) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(node.clone());
    }
}

/// One of the attempts of a request that may be hedged.
#[derive(Clone, Debug, Default)]
pub(crate) struct HedgedAttempt(Arc<HedgedState>);

#[derive(Debug, Default)]
struct HedgedState {
    has_waited: AtomicBool,
    is_outrun: AtomicBool,
}

impl HedgedAttempt {
    /// Notes that it waits in this client before its node is selected.
    pub fn set_waited(&self) {
        self.0.has_waited.store(true, Ordering::Relaxed);
    }

    pub fn has_waited(&self) -> bool {
        self.0.has_waited.load(Ordering::Relaxed)
    }

    /// Notes that the other attempt was faster, before this one is dropped.
    pub fn set_outrun(&self) {
        self.0.is_outrun.store(true, Ordering::Relaxed);
    }

    pub fn is_outrun(&self) -> bool {
        self.0.is_outrun.load(Ordering::Relaxed)
    }
}
