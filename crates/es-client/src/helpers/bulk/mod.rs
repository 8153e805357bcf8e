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
//! The input is an iterator or a stream of documents or [`Operation`]s. Each operation
//! is serialized directly into the body of the next request and then dropped. A request
//! is sent when it is full (in bytes or operations) or when its
//! [interval](Bulk::flush_interval) has passed. Several requests are in flight at the
//! same time; while their number is at its maximum, no more input is read. Memory is
//! therefore bounded by [`flush_bytes`](Bulk::flush_bytes) times
//! [`max_in_flight`](Bulk::max_in_flight), plus the responses, regardless of the length
//! of the input. If the client compresses requests, a body is compressed while it is
//! written.
//! A shard-aware client groups operations by their node ([`by_node`](Bulk::by_node)).
//!
//! Every operation that was taken from the input has exactly one outcome. Awaiting the
//! helper returns totals and the first failures; [`stream`](Bulk::stream) returns the
//! outcome of every operation.
//!
//! # Progress
//!
//! The input, the requests and the reader of the outcomes run independently within the
//! bounds above:
//!
//! - An iterator runs on a separate thread, which also serializes the operations. While
//!   it blocks (on standard input or a database cursor) or computes, requests continue
//!   and the interval holds, even on a single-threaded runtime. It must therefore be
//!   `Send + 'static`. A stream is polled by a separate task.
//! - Each request is a separate task, which completes even if the reader of the
//!   outcomes pauses. While the outcomes are not read, no more requests are sent.
//! - An error or a panic of the input ends the run: all operations taken before have an
//!   outcome, and the error is the last item.
//! - Dropping the future or stream cancels requests in flight and ends the input: a
//!   stream immediately, an iterator when its `next` returns.
//!
//! # Outcomes
//!
//! Every operation ends as written, failed (not applied) or
//! [unknown](ItemError::is_unknown) (it may have been applied):
//!
//! | response | operations with ids | without ids |
//! | --- | --- | --- |
//! | success; 404 for a deletion | written | written |
//! | success in the [failure store](Effect::FailureStore) | written, and [counted](BulkReport::in_failure_store) | the same |
//! | 429 for the request or the item | retried | retried |
//! | 503 for the item | retried; unknown once retries are used up | unknown |
//! | 502 or 504 for the item | unknown | unknown |
//! | no status for the item, or fewer items than operations | unknown | unknown |
//! | not sent: no connection | retried | retried |
//! | sent, and the response lost: broken connection, timeout, 502, 503, 504 | retried | unknown |
//! | 409 on a `create` with an ID that the helper [generated](Bulk::make_ids) | written: the ID is unique | – |
//! | 409 with an ID of the caller, without a lost response or a 503 before | failed: the document exists or has changed | – |
//! | 409, or another error, after a lost response or a 503 | unknown: the conflict may be with the same operation | – |
//! | 401, after another request was accepted or the cluster was unavailable | retried | retried |
//! | 413, the request is too large | in halves; later requests are smaller, and grow again while they are accepted | the same |
//! | 400 for the whole request | in halves, until the invalid operation is isolated | unknown; the run stops |
//! | any other error of an item, or a status of 400 and above without one | failed | failed |
//! | any other error of a request, or retries used up | the run stops | the run stops |
//!
//! A server or proxy that closes the connection while a request that is too large is sent
//! may give no status: that counts as a lost response. Set IDs, or
//! [`flush_bytes`](Bulk::flush_bytes) below its limit.
//!
//! Only operations that need it are retried, after a wait that doubles. An operation
//! without an ID that is sent twice may be written twice without notice, so it is
//! retried only if the server refused it. To avoid unknown outcomes, set IDs, or let
//! the helper generate them. An update with a script is treated like an operation
//! without an ID. An ingest pipeline that changes IDs invalidates these guarantees.
//!
//! If a primary shard fails during a write, the server itself retries on the new
//! primary. A `create` with an ID of the caller may then be refused (409) because of
//! its own first write, which the server does not report: it counts as failed, with
//! [`is_conflict`](ItemError::is_conflict). With generated IDs, and for `index`, the
//! outcome is exact.
//!
//! If the client checks the [product](es_transport::TransportBuilder::product_check) and
//! no response has passed the check yet, a run begins with `GET /`. Nothing is sent to
//! another product. Without a response (a connection that fails, a timeout, 429, 502, 503
//! or 504), that request is retried as often as a
//! [first request](Bulk::initial_retries); then the run stops before anything was taken
//! from the input. If the request is refused otherwise, such as with 403 to an API key
//! that may only write, the run begins.
//!
//! # Pipelines
//!
//! - [`Operation::context`] attaches a value, such as an offset, that is returned with
//!   the outcome of the operation.
//! - [`on_durable`](Bulk::on_durable) and [`durable_up_to`](BulkReport::durable_up_to)
//!   return the position up to which every operation has its final outcome, from which
//!   the input can be resumed.
//! - [`dead_letters`](Bulk::dead_letters) writes failed operations, with the reason,
//!   before that position passes them.
//! - [`stop_after_failures`](Bulk::stop_after_failures) and
//!   [`continue_on_error`](Bulk::continue_on_error) decide when a run stops.
//! - [`BulkSink`] accepts operations one by one (push instead of pull).
//! - [`keep_order`](Bulk::keep_order) sends operations on the same document one after
//!   the other. Otherwise they may be in different requests, and one of them may be
//!   retried; [`Operation::external_version`] keeps their order in all cases.
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
mod batch_builder;
mod builder;
mod classify;
mod concurrency;
mod context;
mod dead_letter;
mod encode;
mod engine;
mod groups;
mod ids;
mod operation;
mod outcome;
mod outcome_channel;
mod plan;
mod progress;
mod rate_limit;
mod report;
mod request;
mod request_size;
mod response;
mod run_state;
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
