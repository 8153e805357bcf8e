//! Writes any number of documents, with bounded memory.
//!
//! ```
//! use es_client::{Elasticsearch, helpers::bulk::Operation};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let cluster = es_testkit::Cluster::builder().nodes(2).start().await?;
//! # let client = Elasticsearch::builder().nodes(cluster.urls()).build()?;
//! let documents = (0..12_000).map(|n| Operation::index(json!({"n": n})).id(n.to_string()));
//! let report = client
//!     .helpers()
//!     .bulk("numbers", documents)
//!     .max_in_flight(2)
//!     .on_progress(|totals| println!("{totals}"))
//!     .await?;
//! assert_eq!(report.succeeded, 12_000);
//! for failure in &report.failures {
//!     println!("{}: {:?}", failure.number, failure.result);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The input is an iterator or a stream of documents or [`Operation`]s. Each is
//! written straight into the body of the next request and then dropped. A
//! request goes when it is full (bytes or operations) or when its time is over,
//! and several are under way at once; when as many are, no more input is read.
//! Memory is therefore bounded by [`flush_bytes`](Bulk::flush_bytes) times
//! [`max_in_flight`](Bulk::max_in_flight), with the answers, whatever the
//! length of the input. Where the client compresses requests, a body is
//! compressed while it is written.
//!
//! Every operation that was read has an outcome in the end. Awaited, the helper
//! gives totals and the first failures; [`stream`](Bulk::stream) gives the
//! outcome of every operation.
//!
//! # What is sent again
//!
//! | what happened | operations with ids | without |
//! | --- | --- | --- |
//! | 429 for the request or for single operations | sent again | sent again |
//! | 503 for single operations | sent again | [unknown](ItemError::is_unknown) |
//! | never sent: no connection | sent again | sent again |
//! | sent, and the answer lost: broken connection, timeout, 502, 503, 504 | sent again | [unknown](ItemError::is_unknown) |
//! | 401, after another request was accepted or the cluster was away: restarted, it refuses good credentials until its security index is back | sent again | sent again |
//! | 413, the request is too large | in halves; later requests are smaller | in halves |
//! | 400 for the whole request | in halves, until the operation that causes it is alone | unknown; the helper stops |
//! | any other error of an operation | failed | failed |
//! | any other error of a request, or retries used up | the helper stops | the helper stops |
//!
//! Only the operations that need it are sent again, after a wait that doubles.
//! An operation without an id is written twice if it is sent twice, which
//! nobody can see from outside: so it is never sent again unless the server has
//! refused it. Where that matters, give ids, or let the helper
//! [make them](Bulk::make_ids). An update with a script counts as one without an
//! id. An ingest pipeline that changes ids takes the promise away.
//!
//! # What it does not do
//!
//! - It does not keep the order of operations on one document: they may travel
//!   in different requests, or one of them be sent again. Versions do:
//!   [`Operation::external_version`].
//! - It does not look for the documents of an index that does not exist: the
//!   server makes the index, as its settings say.

mod batch;
mod builder;
mod concurrency;
mod encode;
mod engine;
mod ids;
mod judge;
mod lane;
mod operation;
mod outcome;
mod packed;
mod reply;
mod report;
mod source;
mod stream;

pub use builder::Bulk;
pub use operation::{Action, IntoOperation, Operation};
pub use outcome::{Effect, ItemError, Outcome, Written};
pub use report::{BulkReport, BulkStopped};
pub use source::{
    FromIter, FromStream, FromTryIter, FromTryStream, IntoOperations, ViaIterator, ViaStream,
    ViaTryIterator, ViaTryStream,
};
pub use stream::{BulkFuture, BulkStream};
