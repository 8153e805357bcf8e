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
//! The input is an iterator or a stream of documents or [`Operation`]s. Each
//! operation is written straight into the body of the next request and then
//! dropped. A request is sent when it is full (bytes or operations) or when its
//! [interval](Bulk::flush_interval) is over, and several are in flight at once;
//! while as many as allowed are, no more input is read. Memory is therefore
//! bounded by [`flush_bytes`](Bulk::flush_bytes) times
//! [`max_in_flight`](Bulk::max_in_flight), plus the responses, whatever the
//! length of the input. Where the client compresses requests, a body is
//! compressed while it is written.
//!
//! Every operation that was taken from the input has an outcome in the end.
//! Awaited, the helper returns totals and the first failures;
//! [`stream`](Bulk::stream) returns the outcome of every operation.
//!
//! # Progress
//!
//! The input, the requests and the reader of the outcomes do not wait for each
//! other longer than the bounds above ask for:
//!
//! - An iterator runs on a thread of its own, which writes the operations as
//!   JSON, too. However long it blocks (standard input, a database cursor) or
//!   computes, requests go on and the interval holds, on a runtime of one
//!   thread as well. It must therefore be `Send + 'static`.
//!   A stream is polled by a task of its own.
//! - Each request is a task of its own: it ends while the reader of the outcomes
//!   pauses. When nobody reads, nothing more is sent.
//! - An error or a panic of the input ends the run: what was taken before has
//!   its outcome, and the error comes last.
//! - Dropped, the future or stream cuts off what is in flight and ends the
//!   input: a stream at once, an iterator when its `next` returns.
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
mod classify;
mod concurrency;
mod context;
mod dead_letter;
mod encode;
mod engine;
mod ids;
mod operation;
mod outcome;
mod report;
mod response;
mod shared;
mod sink;
mod source;
mod stream;

pub use builder::Bulk;
pub use dead_letter::DeadLetter;
pub use operation::{Action, IntoOperation, Operation};
pub use outcome::{Effect, ItemError, Outcome, Written};
pub use report::{BulkReport, BulkStopped, WaitsFor};
pub use sink::{BulkSink, Push, SinkOutcomes};
pub use source::{IntoOperations, Source, ViaIterator, ViaStream, ViaTryIterator, ViaTryStream};
pub use stream::{BulkFuture, BulkStream};
