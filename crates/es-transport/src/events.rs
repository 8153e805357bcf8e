//! Events of a transport: changes of nodes, sniffs, retries and connections.
//!
//! All events of a transport are reported through the [`Events`] of its pool
//! ([`NodePool::events`](crate::NodePool::events)). Each is also a `tracing` event;
//! without a [subscriber](Events::subscribe), there is no further cost.
//!
//! | event | tracing level |
//! |---|---|
//! | [`NodeDied`](Event::NodeDied), [`SniffFailed`](Event::SniffFailed) | WARN |
//! | [`NodeRevived`](Event::NodeRevived), [`NodeAdded`](Event::NodeAdded), [`NodeRemoved`](Event::NodeRemoved), [`Sniffed`](Event::Sniffed), [`ShardsUnknown`](Event::ShardsUnknown), [`Retried`](Event::Retried) | INFO |
//! | [`Hedged`](Event::Hedged), [`ConnectionOpened`](Event::ConnectionOpened), [`ConnectionClosed`](Event::ConnectionClosed) | DEBUG |
//!
//! ```
//! use es_transport::{Node, NodePool, events::Event};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), es_transport::Error> {
//! let pool = NodePool::new(["http://a:9200".parse::<Node>()?])?;
//! let mut events = pool.events().subscribe();
//!
//! pool.add("http://b:9200".parse()?)?;
//! match events.recv().await {
//!     Some(Event::NodeAdded { node }) => assert_eq!(&*node, "http://b:9200"),
//!     other => panic!("{other:?}"),
//! }
//! # Ok(())
//! # }
//! ```

use std::{fmt, sync::Arc, time::Duration};

use http::StatusCode;
use tokio::sync::broadcast::{
    self,
    error::{RecvError, TryRecvError},
};

use crate::{attempt::RetryReason, connect::ConnectionEvent};

/// Number of events that a subscriber may lag behind before it misses some.
const CAPACITY: usize = 256;

/// Something that happened to a node, a connection or a request.
///
/// Nodes are identified by their URL, without user info.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A node was marked as dead or ejected: it is not used for some time.
    NodeDied {
        /// The node's URL.
        node: Arc<str>,
        /// The cause.
        cause: DeathCause,
        /// The time from now until a request may probe the node.
        dead_time: Duration,
        /// Number of dead times in a row, including this one.
        failures: u32,
    },
    /// A dead node is used again.
    NodeRevived {
        /// The node's URL.
        node: Arc<str>,
    },
    /// A node has joined the pool.
    NodeAdded {
        /// The node's URL.
        node: Arc<str>,
    },
    /// A node has left the pool.
    NodeRemoved {
        /// The node's URL.
        node: Arc<str>,
    },
    /// Sniffing succeeded, and the pool was updated.
    Sniffed {
        /// Number of nodes in the pool.
        nodes: usize,
    },
    /// Sniffing failed; the pool is unchanged.
    SniffFailed {
        /// The error's message.
        error: Arc<str>,
    },
    /// The shards of an index are not known, so requests to it may go to any node.
    ShardsUnknown {
        /// The index.
        index: Arc<str>,
        /// The error's message.
        error: Arc<str>,
    },
    /// A request is retried.
    Retried {
        /// The URL of the node of this attempt.
        node: Arc<str>,
        /// The URL of the node of the failed attempt, if it is known.
        failed: Option<Arc<str>>,
        /// The number of this attempt. The first retry is attempt 2.
        attempt: u32,
        /// The reason for the retry.
        reason: RetryReason,
    },
    /// A slow request is sent to a second node.
    Hedged {
        /// The URL of the second node.
        node: Arc<str>,
        /// The URL of the node that has not responded yet, if it is known.
        waiting_for: Option<Arc<str>>,
    },
    /// A connection was opened.
    ConnectionOpened {
        /// Scheme, host and port.
        host: Arc<str>,
    },
    /// A connection was closed.
    ConnectionClosed {
        /// Scheme, host and port.
        host: Arc<str>,
    },
    /// The subscriber was too slow and has missed events.
    Lagged {
        /// Number of events that were missed.
        missed: u64,
    },
}

/// The reason why a node was marked as dead or ejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeathCause {
    /// The node returned this status.
    Status(StatusCode),
    /// An attempt failed with this [kind of error](crate::Error::type_name).
    Error(&'static str),
    /// This number of attempts in a row failed: the node is
    /// [ejected](crate::node::Ejection).
    FailuresInARow(u32),
    /// Only this percentage of its requests succeeded: the node is
    /// [ejected](crate::node::Ejection).
    SuccessRate {
        /// The percentage, rounded down.
        percent: u32,
    },
    /// [`NodePool::mark_dead`](crate::NodePool::mark_dead) was called.
    Marked,
    /// An attempt was [finished](crate::node::Selection::finish) without naming a cause.
    Unknown,
}

impl fmt::Display for DeathCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {}", status.as_u16()),
            Self::Error(kind) => f.write_str(kind),
            Self::FailuresInARow(failures) => write!(f, "{failures} failures in a row"),
            Self::SuccessRate { percent } => write!(f, "{percent} % of its requests succeeded"),
            Self::Marked => f.write_str("marked"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

impl From<&ConnectionEvent> for Event {
    fn from(event: &ConnectionEvent) -> Self {
        let host = |target: &http::Uri| target.to_string().trim_end_matches('/').into();
        match event {
            ConnectionEvent::Opened { target } => Self::ConnectionOpened { host: host(target) },
            ConnectionEvent::Closed { target } => Self::ConnectionClosed { host: host(target) },
        }
    }
}

impl Event {
    fn trace(&self) {
        match self {
            Self::NodeDied {
                node,
                cause,
                dead_time,
                failures,
            } => {
                tracing::warn!(%node, %cause, ?dead_time, failures, "node died");
            }
            Self::NodeRevived { node } => tracing::info!(%node, "node revived"),
            Self::NodeAdded { node } => tracing::info!(%node, "node added"),
            Self::NodeRemoved { node } => tracing::info!(%node, "node removed"),
            Self::Sniffed { nodes } => tracing::info!(nodes, "sniffed the nodes of the cluster"),
            Self::SniffFailed { error } => {
                tracing::warn!(%error, "sniffing failed; the nodes stay as they are");
            }
            Self::ShardsUnknown { index, error } => {
                tracing::info!(%index, %error, "the shards of an index are not known");
            }
            Self::Retried {
                node,
                failed,
                attempt,
                reason,
            } => {
                let failed = failed.as_deref();
                tracing::info!(%node, failed, attempt, %reason, "request retried");
            }
            Self::Hedged { node, waiting_for } => {
                let waiting_for = waiting_for.as_deref();
                tracing::debug!(%node, waiting_for, "request hedged");
            }
            Self::ConnectionOpened { host } => tracing::debug!(%host, "connection opened"),
            Self::ConnectionClosed { host } => tracing::debug!(%host, "connection closed"),
            Self::Lagged { .. } => {}
        }
    }
}

/// The source of a transport's events. Clones share their subscribers.
#[derive(Clone, Debug)]
pub struct Events(broadcast::Sender<Event>);

impl Events {
    /// Creates a source without subscribers.
    pub fn new() -> Self {
        Self(broadcast::Sender::new(CAPACITY))
    }

    /// Subscribes to all later events.
    ///
    /// A subscriber that falls 256 events behind misses the oldest ones and
    /// receives an [`Event::Lagged`] with their number.
    ///
    /// ```
    /// use es_transport::events::{Event, Events};
    ///
    /// let events = Events::new();
    /// let mut subscription = events.subscribe();
    /// for nodes in 0..300 {
    ///     events.emit(Event::Sniffed { nodes });
    /// }
    /// assert_eq!(subscription.try_recv(), Some(Event::Lagged { missed: 44 }));
    /// assert_eq!(subscription.try_recv(), Some(Event::Sniffed { nodes: 44 }));
    /// ```
    pub fn subscribe(&self) -> Subscription {
        Subscription(self.0.subscribe())
    }

    /// Sends an event to `tracing` and to every subscriber.
    ///
    /// ```
    /// use es_transport::events::{Event, Events};
    ///
    /// let events = Events::new();
    /// let mut subscription = events.subscribe();
    /// events.emit(Event::Sniffed { nodes: 3 });
    /// assert_eq!(subscription.try_recv(), Some(Event::Sniffed { nodes: 3 }));
    /// ```
    pub fn emit(&self, event: Event) {
        event.trace();
        self.send(event);
    }

    /// Reports events that were [sent](Self::send) under a lock to tracing,
    /// whose subscribers may need that lock.
    pub(crate) fn trace(events: &[Event]) {
        events.iter().for_each(Event::trace);
    }

    pub(crate) fn send(&self, event: Event) {
        // An error says that nobody subscribes.
        let _ = self.0.send(event);
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

/// A subscription to the events of a pool and its transports.
#[derive(Debug)]
pub struct Subscription(broadcast::Receiver<Event>);

impl Subscription {
    /// Waits for the next event. Returns `None` once all sources of events have been
    /// dropped.
    ///
    /// It is cancel safe: no event is lost if the future is dropped.
    pub async fn recv(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(missed)) => Some(Event::Lagged { missed }),
            Err(RecvError::Closed) => None,
        }
    }

    /// Returns the next event if one is available.
    pub fn try_recv(&mut self) -> Option<Event> {
        match self.0.try_recv() {
            Ok(event) => Some(event),
            Err(TryRecvError::Lagged(missed)) => Some(Event::Lagged { missed }),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(number: usize) -> Event {
        Event::ConnectionOpened {
            host: format!("http://{number}").into(),
        }
    }

    #[test]
    fn a_subscriber_sees_what_follows_in_order() {
        let events = Events::new();
        events.emit(opened(0));
        let mut subscription = events.subscribe();
        events.emit(opened(1));
        events.clone().emit(opened(2));
        assert_eq!(subscription.try_recv(), Some(opened(1)));
        assert_eq!(subscription.try_recv(), Some(opened(2)));
        assert_eq!(subscription.try_recv(), None);
    }

    #[tokio::test]
    async fn a_slow_subscriber_learns_what_it_missed() {
        let events = Events::new();
        let mut subscription = events.subscribe();
        (0..CAPACITY + 3).for_each(|number| events.emit(opened(number)));
        assert_eq!(subscription.recv().await, Some(Event::Lagged { missed: 3 }));
        assert_eq!(subscription.recv().await, Some(opened(3)));
        drop(events);
        for _ in 1..CAPACITY {
            assert!(subscription.recv().await.is_some());
        }
        assert_eq!(subscription.recv().await, None);
    }
}
