//! The connections of each host.
//!
//! [`Connections`] is a `Service<http::Request<Body>>` for absolute URIs. For each host
//! (scheme, host name and port) it keeps a list of idle connections and takes the one that
//! was used last.
//! - A request that finds no idle connection starts a connect and takes whatever is there
//!   first: its own new connection or one that becomes free. The connect goes on, and its
//!   connection is kept.
//! - At the limit of connections requests wait, first come, first served, and for a limited
//!   time: one that waits too long fails and was not sent.
//! - A request that comes back from a reused connection with no byte taken is sent on
//!   another one. If it was taken and the connection broke, it fails: only the retry layer
//!   knows whether it may be repeated.
//! - A connection is used again only after its response was read to the end. A cancelled
//!   request, or a large response that is dropped unread, closes it, and so does a server
//!   that responds and does not read the rest of the request.
//! - A response with both `Content-Length` and chunks is an error and closes the connection:
//!   proxies disagree on where such a response ends, and what one of them takes for the next
//!   would be given to another request.
//! - Idle connections are closed after a timeout, at a maximum age, if they are too many, if
//!   their node left ([`Connections::retain`]), if the process was suspended meanwhile
//!   ([`SuspendDetector`]), and if a connection that had responded later than they did turned
//!   out to be dead.
//! - A connection serves only requests of the runtime that drives it.
//! - With the feature `http2`, a connection that negotiated it is shared by all requests. One
//!   whose request timed out is not used again.
//!
//! It follows no redirects, repeats nothing that was sent, and keeps no task alive while
//! nothing is idle.
//!
//! ```
//! use std::time::Duration;
//! use es_transport::connect::{Connections, Connector, TlsSettings};
//!
//! # fn main() -> es_transport::Result<()> {
//! let connector = Connector::builder()
//!     .connect_timeout(Duration::from_secs(2))
//!     .tls(TlsSettings::new().ssl_assert_fingerprint(
//!         "a52dd93511e8c6045e21f16654b77c9ee0f34aea26d9f40320b531c474676228",
//!     ))
//!     .build()?;
//! let connections = Connections::builder().max_per_node(32).build(connector);
//! # let _ = connections;
//! # Ok(())
//! # }
//! ```

mod connection;
mod host;
mod long_head;
mod service;
mod settings;
mod shared;

pub use connection::{Io, PooledBody};
pub use service::{Connections, ResponseFuture};
pub use settings::{ConnectionEvent, ConnectionsBuilder, SuspendDetector, SystemClock};
