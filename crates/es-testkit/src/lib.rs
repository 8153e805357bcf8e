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
//! cluster.node(0).kill().await?;
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
//! # What it does
//!
//! - documents (index, create, get, `_source`, update, delete, bulk, `_mget`) with versions,
//!   sequence numbers and conflicts; search, `_msearch`, `_count`, scroll and points in time, with
//!   `match_all`, `match_none`, `match`, `match_phrase`, `multi_match`, `term`, `terms`, `range`,
//!   `prefix`, `wildcard`, `bool`, `ids`, `exists`, `constant_score`; sorting, `search_after`,
//!   slices, source filtering; the aggregations `terms`, `avg`, `min`, `max`, `sum`,
//!   `value_count`, `cardinality`, `stats`;
//! - indices, dynamic and given mappings, aliases, cluster health, some of `_cat`, `_nodes/http`;
//! - users, API keys, bearer tokens, 401 and 403; compatibility media types, product and warning
//!   headers, gzip both ways, errors in Elasticsearch's form, as 7.17, 8.19, 9.2 and OpenSearch
//!   were seen to send them;
//! - faults by call, per node: see [`Fault`] and [`NodeHandle`].
//!
//! # What it deliberately does not
//!
//! - It keeps everything in memory and all nodes share one store: there are no shards, no
//!   replication, and nothing is lost when a node dies.
//! - Documents are searchable at once, without a refresh.
//! - Scores order hits sensibly but are not BM25's numbers; texts are split into lower-case words,
//!   whatever analyzer the mapping names. Fields of documents come back sorted by name.
//! - No scripts, pipelines, templates, tasks, by-query calls, SQL, or licences; they get 400 as
//!   from a server without the module. Bodies are JSON only (no CBOR, SMILE, YAML).
//! - Query parameters that it does not know are passed over, `filter_path` and `human` among
//!   them; a genuine node refuses those that an endpoint does not have.
//! - Scrolls, points in time and tokens do not expire by themselves.
//! - `Accept-Encoding: *` is answered uncompressed (a genuine node takes `snappy`).

mod api;
mod assemble;
mod builder;
mod capacity;
mod cluster;
mod fault;
mod json;
mod latency;
mod node;
mod random;
mod record;
mod security;
mod settings;
mod shared;
mod simulated;
mod store;
mod sync;
pub mod tls;

pub use builder::ClusterBuilder;
pub use capacity::Capacity;
pub use cluster::Cluster;
pub use fault::Fault;
pub use latency::Latency;
pub use node::NodeHandle;
pub use record::{ConnectionCounts, Recorded, ShardOperations};
pub use settings::Flavor;
pub use simulated::{SimulatedCluster, SimulatedError, SimulatedService};
