//! A layered transport for Elasticsearch: sends each request to a node of a cluster, and
//! returns its response.
//!
//! ```no_run
//! use es_transport::{Body, Transport};
//!
//! # async fn story() -> Result<(), Box<dyn std::error::Error>> {
//! let transport = Transport::builder()
//!     .nodes(["https://localhost:9200", "https://localhost:9201"])
//!     .ssl_assert_fingerprint("A5:2D:D9:35:11:E8:C6:04:5E:21:F1:66:54:B7:7C:9E:E0:F3:4A:EA:26:D9:F4:03:20:B5:31:C4:74:67:62:28")
//!     .basic_auth("elastic", "changeme")
//!     .build()?;
//!
//! let response = transport.send(http::Request::get("/").body(Body::empty())?).await?;
//! println!("{} {:?}", response.status(), response.into_body().bytes().await?);
//! # Ok(())
//! # }
//! ```
//!
//! Every step is a separate [tower] layer. [`Transport::builder`] composes the built-in
//! stack, and [`layer`] lists its layers in order. Each layer can be used alone or in a
//! custom stack ([`Transport::from_service`]).
//!
//! | module | contents |
//! | --- | --- |
//! | [`transport`] | [`Transport`], the handle that callers keep |
//! | [`builder`] | the settings, and the built-in stack |
//! | [`layer`] | the layers, and the reasons for their order |
//! | [`node`] | [`Node`], [`NodePool`], [`NodeSelector`] and the selectors |
//! | [`connect`] | TCP, proxies, TLS with fingerprints, connection pools |
//! | [`sniff`] | finding the nodes of a cluster |
//! | [`shard_aware`] | requests to the nodes that hold their shard |
//! | [`events`] | changes of nodes, sniffs, retries, connections |
//! | [`cloud_id`] | parsing Cloud IDs |
//! | [`curl`], [`warning`] | requests as curl commands; warnings of servers |
//! | [`options`], [`extensions`], [`attempt`] | per-request settings, extensions, and the log of attempts |
//! | [`body`], [`credentials`], [`backoff`], [`error`], [`rng`] | types that all modules share |
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `ring` (default) | TLS cryptography by `ring`, unless the process installed another provider |
//! | `aws-lc-rs` | TLS cryptography by `aws-lc-rs`; takes precedence over `ring` |
//! | `native-roots` | the operating system's certificate store: `TrustRoots::System` |
//! | `platform-verifier` | the operating system's certificate verifier: `TrustRoots::Platform` |
//! | `http2` | HTTP/2 to https nodes that offer it: `TransportBuilder::http2` |
//! | `metrics` | metrics through the `metrics` facade: `layer::metrics` |

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod attempt;
pub mod backoff;
pub mod body;
pub mod builder;
pub mod cloud_id;
pub mod connect;
pub mod credentials;
pub mod curl;
pub mod error;
pub mod events;
pub mod extensions;
pub mod layer;
pub mod node;
pub mod options;
mod retry_after;
pub mod rng;
pub mod shard_aware;
mod shared_service;
pub mod sniff;
mod thread_pool;
mod timer;
pub mod transport;
pub mod warning;

pub use backoff::Backoff;
pub use body::{Body, ResponseBody, TryCloneBody};
pub use builder::{BuildTarget, TransportBuilder, config::Config};
pub use credentials::{Credentials, IntoApiKey};
pub use error::{BoxError, Error, Result};
pub use extensions::OperationName;
pub use layer::{compression::Gzip, media_type::CompatibilityMode};
pub use node::{Node, NodeFacts, NodePool, NodeSelector};
pub use options::{RequestAuth, RequestOptions, Setting};
pub use retry_after::retry_after;
pub use shared_service::StackService;
pub use thread_pool::ThreadPool;
pub use transport::Transport;
