//! Helpers for what takes more than one call: bulk writes, exports, tasks.
//!
//! | helper | what it does |
//! | --- | --- |
//! | [`bulk`] | writes any number of documents, with bounded memory |
//! | [`read_all`] | reads every document that matches, as a stream |
//! | [`Helpers::reindex`] | copies an index to another cluster, by both |
//! | [`Helpers::copy_index`] | creates an index with the mapping and settings of another |
//! | [`msearch`] | sends the searches of many tasks together |
//! | [`task`] | waits for a task of the server, with its progress |
//! | [`esql`] | reads the rows of an ES\|QL query into structs |
//! | [`sql`] | reads the rows of an SQL query, page after page |

pub mod bulk;
mod copy_index;
pub mod esql;
mod handle;
pub mod msearch;
pub mod read_all;
mod request;
mod rows;
pub mod sql;
pub mod task;

pub use copy_index::CopyIndex;
pub use handle::Helpers;
pub(crate) use request::node_statuses;
