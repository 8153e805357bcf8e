//! The connections of each host.
//!
//! [`Connections`] is a `Service<http::Request<Body>>` for absolute URIs. For each host
//! (scheme, host name and port) it keeps a list of idle connections and uses the most
//! recently used one.
//! - A request that finds no idle connection opens one, and uses whichever is available
//!   first: its own new connection or one that becomes idle. In the latter case the new
//!   connection is added to the pool.
//! - At the connection limit, requests wait in order of arrival, for a limited time. A
//!   request that waits too long fails as not sent.
//! - If a reused connection turns out to be closed before any byte of the request was
//!   sent, the request is sent on another one. If it breaks later, the request fails: only
//!   the retry layer knows whether it may be repeated.
//! - A connection is reused only after its response has been read to the end. It is
//!   closed if a request is cancelled, if a large response is dropped unread, or if the
//!   server responds without reading the rest of the request.
//! - A response with both `Content-Length` and chunked encoding is an error and closes the
//!   connection: proxies disagree on where such a response ends, so the remainder could be
//!   delivered to another request (response smuggling).
//! - Idle connections are closed after a timeout, at a maximum age, if there are too many, if
//!   their node has left ([`Connections::retain`]), if the process was suspended
//!   ([`SuspendDetector`]), and if a more recently used connection turned out to be dead.
//! - A connection serves only requests of the tokio runtime that drives it.
//! - With the feature `http2`, all requests share a connection that negotiated HTTP/2. After
//!   a request on it has timed out, it is not reused.
//!
//! It does not follow redirects or repeat sent requests, and it runs no background task
//! while no connection is idle.
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

pub use connection::{Io, PooledBody};
pub use service::{Connections, ResponseFuture};
pub use settings::{ConnectionEvent, ConnectionsBuilder, SuspendDetector, SystemClock};
