//! From a node's address to a response over a verified connection.
//!
//! - [`TlsSettings`]: whom to trust, and the client's own certificate;
//! - [`Connector`]: TCP, through a [`Proxy`] if one is set, then TLS, all within the connect
//!   timeout. The part below TLS can be replaced ([`ConnectorBuilder::tcp_connector`]), and
//!   so can the [resolver](Resolve) of names;
//! - [`Connections`]: the pool, each host's own connections over any connector.
//!
//! This module knows nothing of nodes, their pool or layers.

mod connector;
mod error;
mod fingerprint;
mod pem;
mod pool;
mod proxy;
mod roots;
mod tcp;
mod tls;
mod validity;
mod verifier;

pub use connector::{ConnectFuture, Connector, ConnectorBuilder, Stream};
pub use fingerprint::Fingerprint;
pub use pem::Pem;
pub use pool::{
    ConnectionEvent, Connections, ConnectionsBuilder, Io, PooledBody, ResponseFuture,
    SuspendDetector, SystemClock,
};
use proxy::ForwardProxy;
pub use proxy::Proxy;
pub use roots::TrustRoots;
pub use tcp::{Resolve, ResolveFuture};
pub use tls::{MinTlsVersion, TlsSettings};
pub use verifier::FingerprintVerifier;
