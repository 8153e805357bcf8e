//! The types that travel in [`http::Extensions`] between a caller, the layers and
//! the caller again.
//!
//! | type | on | written by | read by |
//! |---|---|---|---|
//! | `Arc<`[`RequestOptions`]`>` | request | the caller | the layers, each its own settings |
//! | [`OperationName`] | request | the caller | spans, metrics, layers of your own |
//! | `Arc<`[`OperationDetails`]`>` | request | the caller | spans, metrics |
//! | [`Deadline`] | request | [`Transport::send`], [`TotalTimeoutLayer`] | retry, attempt timeout |
//! | [`RetryContext`] | request | [`RetryLayer`] | node selection, spans |
//! | [`Hedge`] | request | [`HedgeLayer`] | node selection |
//! | [`ThreadPool`](crate::ThreadPool) | request | the caller | [`WindowLayer`] |
//! | [`SelectedNode`] | request | the caller, [`HedgeLayer`], [`WindowLayer`] | filled by node selection |
//! | [`ServedBy`] | response | node selection | retry, the caller |
//! | [`Attempts`] | response | [`RetryLayer`], [`HedgeLayer`] | spans, metrics, the caller |
//!
//! A value of any other type that a caller puts on a request reaches every layer,
//! in every attempt.
//!
//! [`RequestOptions`]: crate::RequestOptions
//! [`HedgeLayer`]: crate::layer::HedgeLayer
//! [`RetryLayer`]: crate::layer::RetryLayer
//! [`TotalTimeoutLayer`]: crate::layer::TotalTimeoutLayer
//! [`Transport::send`]: crate::Transport::send
//! [`WindowLayer`]: crate::layer::WindowLayer

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
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

/// The name of the operation in Elasticsearch's API, such as `search`: an
/// extension of the request, for spans, metrics and layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationName(pub &'static str);

impl OperationName {
    /// Names the operation of a request.
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

/// Facts of an operation for spans and metrics, besides its name: an extension of the
/// request, written by the client on top.
///
/// A client need not attach it where [`are_read`](Self::are_read) is `false`.
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
    /// Whether spans or metrics read the details: a `tracing` subscriber accepts the level
    /// `INFO`, or the feature `metrics` is on.
    pub fn are_read() -> bool {
        cfg!(feature = "metrics") || LevelFilter::current() >= LevelFilter::INFO
    }

    /// Attaches the details to a request.
    pub fn attach<B>(self, request: &mut http::Request<B>) {
        request.extensions_mut().insert(Arc::new(self));
    }

    pub(crate) fn find(extensions: &Extensions) -> Option<&Arc<Self>> {
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

/// The moment at which a request with all its attempts must be over: an extension
/// of a request that has a total timeout. Nothing is started that would end later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The moment.
    pub at: Instant,
    /// The total timeout, for the error that names it.
    pub after: Duration,
}

impl Deadline {
    /// Returns the deadline of a request that is sent at `now`: the earlier of the
    /// one that it carries and the one that its options or `timeout` set.
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

/// The attempts before a retry: an extension of every attempt but the first.
#[derive(Clone, Debug)]
pub struct RetryContext {
    /// The number of this attempt; the first retry is 2.
    pub attempt: u32,
    /// The URLs of the nodes that were tried, without user info, in order.
    pub tried: Arc<[Arc<str>]>,
    /// The reason for this attempt.
    pub reason: RetryReason,
}

/// A mark of the second attempt of a hedged request, which has a [`RetryContext`] as
/// well: it must go to a live node that was not tried, or not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hedge;

/// The node that served a response: an extension of every response with a status of
/// 400 or above, and of every response to a retry. The layer that chose the node
/// writes it.
///
/// Responses that succeed at once carry none, which costs nothing; their
/// [`ResponseBody::node`](crate::ResponseBody::node) names the node.
#[derive(Clone, Debug)]
pub struct ServedBy {
    /// The URL of the node, without user info.
    pub node: Arc<str>,
    /// Whether the pool has another live node that this request did not try yet:
    /// a retry then need not wait.
    pub has_untried_node: bool,
}

/// The attempts of a request that needed more than one, in the order in which they
/// began: an extension of its response.
#[derive(Clone, Debug)]
pub struct Attempts(pub Arc<[Attempt]>);

/// An extension of a request through which its sender learns the selected node, whatever
/// layers lie between. The layer that selects the node fills it.
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
