//! Connections to nodes: TCP, proxies, TLS and pooling.
//!
//! - [`TlsSettings`]: the certificates to trust, and the client's own certificate;
//! - [`Connector`]: TCP, through a [`Proxy`] if one is set, then TLS, all within the connect
//!   timeout. TCP can be replaced ([`ConnectorBuilder::tcp_connector`]), and so can the [DNS
//!   resolver](Resolve);
//! - [`Connections`]: a pool of connections for each host, over any connector.
//!
//! This module depends on neither nodes nor layers.

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
