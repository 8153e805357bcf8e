//! Helpers that use several requests: bulk writes, exports, tasks.
//!
//! | helper | what it does |
//! | --- | --- |
//! | [`bulk`] | writes any number of documents, with bounded memory |
//! | [`read_all`] | reads all matching documents as a stream |
//! | [`Helpers::reindex`] | copies the documents of an index to another cluster |
//! | [`Helpers::copy_index`] | creates an index with the mapping and settings of another |
//! | [`msearch`] | batches the searches of several tasks |
//! | [`task`] | waits for a task of the server, and reports its progress |
//! | [`esql`] | reads the rows of an ES\|QL query into structs |
//! | [`sql`] | reads the rows of an SQL query page by page |

mod arrow;
pub mod bulk;
mod clusters;
mod copy_index;
pub mod esql;
mod handle;
pub mod msearch;
pub mod read_all;
mod request;
mod rows;
pub mod sql;
pub mod task;

use std::pin::Pin;

use tokio::runtime::Handle;

pub use copy_index::CopyIndex;
pub use handle::Helpers;
pub(crate) use request::node_statuses;

/// Runs a future in the background. It is boxed, so that a task of tokio's is compiled once
/// for all of them.
fn spawn(runtime: &Handle, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
    runtime.spawn(future);
}
