//! What takes more than one call: writing much, reading all.
//!
//! | helper | what it does |
//! | --- | --- |
//! | [`bulk`] | writes any number of documents, with bounded memory |

pub mod bulk;
mod handle;
mod request;

pub use handle::Helpers;
