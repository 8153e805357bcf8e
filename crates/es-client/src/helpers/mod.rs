//! What takes more than one call: writing much, reading all.
//!
//! | helper | what it does |
//! | --- | --- |
//! | [`bulk`] | writes any number of documents, with bounded memory |
//! | [`read_all`] | reads every document that matches, as a stream |

pub mod bulk;
mod handle;
pub mod read_all;
mod request;

pub use handle::Helpers;
