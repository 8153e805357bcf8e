//! Requests and answers as layers hand them on: by themselves, or in a box.
//!
//! A request has 256 bytes and an answer 160, and every layer moves both; in a
//! box each is one word. The transport puts each into a box once: requests at its
//! edge, with what its layers tell each other beside them ([`Outgoing`]), answers
//! above the layer that collects them. Layers that are composed by hand take and
//! hand on the types of [`http`].

mod outgoing;
mod request;
mod response;

pub(crate) use outgoing::{Address, Boxing, Outgoing, Unboxing};
pub use request::AnyRequest;
pub(crate) use request::Notes;
pub(crate) use response::BoxingAnswers;
pub use response::{AnyResponse, Erase};

/// Keeps [`AnyResponse`] and [`Erase`] this crate's own, as [`Notes`] keeps [`AnyRequest`].
pub trait Sealed {}
