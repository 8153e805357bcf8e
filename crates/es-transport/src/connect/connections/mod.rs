//! The bottom of the stack: each node's own HTTP/1.1 connections.
//!
//! [`Connections`] is a `Service<http::Request<Body>>` for absolute URIs. It
//! keeps, per origin (scheme and authority), a list of idle connections and
//! takes the one that was used last. What it does:
//! - a request that finds no idle connection starts a dial and takes whatever
//!   is there first: its own new connection or one that becomes idle. The
//!   dial goes on and its connection is kept;
//! - a request without `Host` gets its node's;
//! - at the limit of connections per node requests wait, first come, first served;
//! - a request that comes back from a reused connection with no byte taken is
//!   sent again on another one. What was taken and then broke is an error:
//!   only the retry layer can know whether it may be repeated;
//! - a connection is used again only after its answer was read to the end. A
//!   cancelled request, or a large answer that is dropped unread, closes it,
//!   and so does a server that answered and does not read the rest of the request;
//! - an answer with both `Content-Length` and chunks is an error and closes it:
//!   proxies disagree on where such an answer ends, and what one of them takes for
//!   the next would be given to another request;
//! - idle connections are closed after a timeout, when they are too many, when
//!   their node left ([`Connections::retain`]) and when the process was frozen
//!   meanwhile ([`WallClock`], [`ConnectionsBuilder::on_thaw`]).
//!
//! What it deliberately does not: HTTP/2 (see [`http_client`](super::http_client)),
//! redirects, retries, timeouts of requests, or keeping a task alive while
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

mod body;
mod clock;
mod dial;
mod future;
mod lease;
mod line;
mod origin;
mod origins;
mod queue;
mod reaper;
mod service;
mod settings;
mod state;
mod waiting;

pub use body::AnswerBody;
pub use clock::{SystemClock, WallClock};
pub use dial::Io;
pub use future::ResponseFuture;
pub use service::Connections;
pub use settings::ConnectionsBuilder;
