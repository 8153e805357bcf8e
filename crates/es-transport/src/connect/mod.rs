//! From a node's address to an answer over a verified connection.
//!
//! - [`TlsSettings`]: whom to trust, and who we are;
//! - [`Connector`]: TCP, through a [`Proxy`] if there is one, then TLS, all
//!   within the connect timeout;
//! - [`Connections`]: the bottom of the stack, each node's own HTTP/1.1
//!   connections over any connector;
//! - [`http_client`]: another bottom, hyper-util's client with HTTP/2.
//!
//! This room knows nothing of nodes, pools or layers.

mod connections;
mod connector;
mod failure;
mod fingerprint;
mod legacy;
mod pem;
mod proxy;
mod roots;
mod tcp;
mod tls;
mod validity;
mod verifier;

pub use connections::{
    AnswerBody, Connections, ConnectionsBuilder, Io, ResponseFuture, SystemClock, WallClock,
};
pub use connector::{ConnectFuture, Connector, ConnectorBuilder, Stream};
pub use fingerprint::Fingerprint;
pub use legacy::{HttpClient, HttpClientBody, HttpClientFuture, http_client};
pub use pem::Pem;
pub use proxy::Proxy;
pub use roots::TrustRoots;
pub use tls::{MinTlsVersion, TlsSettings};
