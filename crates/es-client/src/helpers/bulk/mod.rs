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
//! The input, the requests and the reader of the outcomes wait for each other
//! only at the bounds above:
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
//! # Outcomes
//!
//! Every operation ends as written, failed (not applied) or
//! [unknown](ItemError::is_unknown) (it may have been applied):
//!
//! | response | operations with ids | without ids |
//! | --- | --- | --- |
//! | success; 404 for a deletion | written | written |
//! | success by way of the [failure store](Effect::FailureStore) | written, and [counted](BulkReport::in_failure_store) | the same |
//! | 429 for the request or the item | retried | retried |
//! | 503 for the item | retried; unknown once retries are used up | unknown |
//! | no status for the item, or fewer items than operations | unknown | unknown |
//! | not sent: no connection | retried | retried |
//! | sent, and the response lost: broken connection, timeout, 502, 503, 504 | retried | unknown |
//! | 409 on a `create` whose id the helper [made](Bulk::make_ids) | written: nobody else makes that id | – |
//! | 409 with an id of the caller's, no response lost and no 503 before | failed: the document exists or has changed | – |
//! | 409, or another error, after a lost response or a 503 | unknown: it may be with this very operation | – |
//! | 401, after another request was accepted or the cluster was away | retried | retried |
//! | 413, the request is too large | in halves; later requests are smaller | in halves |
//! | 400 for the whole request | in halves, until the operation that causes it is alone | unknown; the run stops |
//! | any other error of an item, or a status of 400 and above without one | failed | failed |
//! | any other error of a request, or retries used up | the run stops | the run stops |
//!
//! Only the operations that need it are retried, after a wait that doubles. An
//! operation without an id is written twice if it is sent twice, which cannot be
//! seen from outside: it is never retried unless the server has refused it.
//! Where that matters, give ids, or let the helper make them. An update with a
//! script counts as one without an id. An ingest pipeline that changes ids takes
//! the promise away.
//!
//! A primary that fails while it writes makes the server itself retry on the new
//! primary. With ids of the caller's, a `create` may then be refused (409) by its
//! own first write, which the server does not tell: it counts as failed, with
//! [`is_conflict`](ItemError::is_conflict). Made ids and `index` are exact there.
//!
//! # Pipelines
//!
//! - [`Operation::context`] attaches a value, such as an offset, that comes back
//!   with the operation's outcome.
//! - [`on_durable`](Bulk::on_durable) and
//!   [`durable_up_to`](BulkReport::durable_up_to) say up to where everything is
//!   settled: the position to resume the input from.
//! - [`dead_letters`](Bulk::dead_letters) writes the lines of what failed, with the
//!   reason, before that position passes them.
//! - [`stop_after_failures`](Bulk::stop_after_failures) and
//!   [`continue_on_error`](Bulk::continue_on_error) decide when a run stops.
//! - [`BulkSink`] takes operations that are pushed.
//! - [`keep_order`](Bulk::keep_order) sends operations on one document one after
//!   the other. Otherwise they may be in different requests, and one of them may
//!   be retried; [`Operation::external_version`] holds whatever happens.
//!
//! ```
//! use es_client::{Elasticsearch, helpers::bulk::Operation};
//! use futures_util::TryStreamExt;
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let cluster = es_testkit::Cluster::builder().start().await?;
//! # let client = Elasticsearch::builder().nodes(cluster.urls()).build()?;
//! let messages = (100..200_u64).map(|offset| {
//!     Operation::index(json!({"offset": offset})).id(offset.to_string()).context(offset)
//! });
//! let mut outcomes = client.helpers().bulk("messages", messages).stream();
//! let mut newest = 0;
//! while let Some(outcome) = outcomes.try_next().await? {
//!     newest = newest.max(outcome.context);
//! }
//! assert_eq!((newest, outcomes.durable_up_to()), (199, 100));
//! # Ok(())
//! # }
//! ```

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
