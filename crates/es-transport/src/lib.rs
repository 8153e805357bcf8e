//! A layered Elasticsearch transport: from a request without a host to a
//! response of some node of a cluster.
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
//! let answer = transport.send(http::Request::get("/").body(Body::empty())?).await?;
//! println!("{} {:?}", answer.status(), answer.into_body().bytes().await?);
//! # Ok(())
//! # }
//! ```
//!
//! Every step is a [tower] layer of its own. [`Transport::builder`] puts them
//! together; [`layer`] lists them in their order, and each can be used alone or
//! in a stack of another shape ([`Transport::from_service`]).
//!
//! | module | contents |
//! | --- | --- |
//! | [`transport`] | [`Transport`], the handle that callers keep |
//! | [`builder`] | settings → stack |
//! | [`layer`] | the layers, and why they stand in this order |
//! | [`node`] | [`Node`], [`NodePool`], [`NodeSelector`] and the selectors |
//! | [`connect`] | TCP, proxy, TLS with fingerprints, each node's connections |
//! | [`sniff`] | finding the nodes of a cluster |
//! | [`shard_aware`] | requests to the nodes that hold their shard |
//! | [`events`] | nodes that die and come back, sniffs, retries, connections |
//! | [`cloud_id`] | Cloud ID → node |
//! | [`curl`], [`warning`] | a request as a line for curl; what a server warns of |
//! | [`options`], [`extensions`], [`attempt`] | per-request settings, and what travels with requests and responses |
//! | [`body`], [`credentials`], [`backoff`], [`error`], [`rng`] | shared by all modules |
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `native-roots` | the operating system's certificate store as [`connect::TrustRoots`] |
//! | `metrics` | numbers of requests by the facade of that name: `layer::metrics` |
//! | `http2` | HTTP/2 to https nodes that offer it: `TransportBuilder::http2` |

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
pub use shared_service::StackService;
pub use thread_pool::ThreadPool;
pub use transport::Transport;
