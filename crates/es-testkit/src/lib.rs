//! An embedded cluster that speaks Elasticsearch's HTTP API: for examples, tests and simulations.
//!
//! It starts within milliseconds inside the process, on real loopback sockets with real TLS, and
//! goes away when it is dropped. Nodes fail on demand, and tell what they received.
//!
//! ```
//! use es_testkit::{Cluster, Fault};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! // Three https nodes with one certificate authority, basic auth, API keys.
//! let cluster = Cluster::builder().nodes(3).tls(true).user("elastic", "changeme").start().await?;
//! println!("{:?}, CA {}", cluster.urls(), cluster.ca_fingerprint());
//!
//! cluster.node(0).kill().await;
//! cluster.node(1).inject(Fault::status(503).times(2).on_path("_search"));
//! // .. whatever is under test talks to cluster.urls() ..
//! for request in cluster.node(2).requests() {
//!     println!("{} {}", request.method, request.target);
//! }
//! cluster.assert_never_received("changeme");
//! # Ok(())
//! # }
//! ```
//!
//! # Which form to choose
//!
//! | for | take |
//! |---|---|
//! | a client over real sockets and TLS | [`ClusterBuilder::start`] → [`Cluster`] |
//! | many nodes, latencies, queues, zones, a paused clock | [`ClusterBuilder::simulated`] → [`SimulatedCluster`] |
//! | strange certificates | [`tls`] with [`NodeHandle::set_server_config`] |
//!
//! The [recipes] show tests of typical cases.
//!
//! # Features
//!
//! The test kit behaves as a genuine 9.2.0: `tests/conformance` has requests with the responses of
//! that server, which the test kit must give too. Everything else is refused with a 400 whose reason
//! begins with `es-testkit does not support`.
//!
//! - Documents (index, create, get, `_source`, update, delete, bulk, `_mget`) with versions,
//!   sequence numbers, routing and conflicts; indices with typed and dynamic mappings, settings,
//!   analyzers and aliases with filters and routing; data streams, templates, rollover.
//! - Ingest pipelines with the processors `append`, `convert`, `date`, `drop`, `fail`, `gsub`,
//!   `join`, `lowercase`, `pipeline`, `remove`, `rename`, `set`, `split`, `trim` and `uppercase`.
//! - Search, `_msearch`, `_count`, scroll and points in time that expire: full text with BM25,
//!   terms, ranges with date math, nested, geo, vectors, `query_string`, `function_score`; sorting,
//!   `search_after`, collapse, rescore, highlighting, suggesters; aggregations with aggregations
//!   inside.
//! - Cluster health and state, shards on nodes, some of `_cat`, `_nodes/http`.
//! - Users, API keys, bearer tokens, 401 and 403; compatibility media types, product and warning
//!   headers, gzip both ways, errors in Elasticsearch's form, as 7.17, 8.19, 9.2 and OpenSearch
//!   send them.
//! - Faults by call, per node: see [`Fault`] and [`NodeHandle`].
//!
//! # Cost
//!
//! A cluster of three nodes with TLS starts with 6 ms of CPU time, the start of the process included
//! (debug build, mean of 20 starts); without TLS with 4 ms.
//!
//! # How it differs
//!
//! - It keeps everything in memory and all nodes share one store: shards lie on nodes for routing
//!   and counting only, and nothing is lost when a node dies.
//! - Documents are searchable at once, unless
//!   [`refresh_on_request`](ClusterBuilder::refresh_on_request) is set.
//! - Vectors are compared exactly, without quantization; percentiles and cardinalities are exact.
//! - Limits on the number of fields, and on the depth of objects and queries, are not enforced.
//! - The plain highlighter with `order: score`, or with fewer fragments than there are, and the
//!   unified one with `require_field_match: false` may choose other fragments. Highlights of
//!   phrases with slop, of `match_phrase_prefix`, and of queries inside `function_score` and
//!   `boosting` are refused.
//! - `percentile_ranks` may differ over a mix of `-0.0` and `0.0`. A `long` with a fraction and more
//!   digits than a double holds is refused.
//! - Scripts, SQL, ES|QL, phrase suggesters, machine learning and licences are refused. Bodies are
//!   JSON only (no CBOR, SMILE, YAML).
//! - Bearer tokens do not expire by themselves.
//! - `Accept-Encoding: *` gets an uncompressed response (a genuine node takes `snappy`).

mod analysis;
mod api;
mod assemble;
mod builder;
mod capacity;
mod cluster;
mod dates;
mod fault;
mod ingest;
mod json;
mod latency;
mod node;
mod random;
pub mod recipes;
mod record;
mod search;
mod security;
mod settings;
mod shared;
mod simulated;
mod store;
mod strict;
mod sync;
pub mod tls;

pub use builder::ClusterBuilder;
pub use capacity::Capacity;
pub use cluster::{Cluster, Connection};
pub use fault::Fault;
pub use latency::Latency;
pub use node::NodeHandle;
pub use record::{ConnectionCounts, Recorded, ShardOperations};
pub use settings::Flavor;
pub use simulated::{SimulatedCluster, SimulatedError, SimulatedService};

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
