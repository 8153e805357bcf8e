//! A node: what it does with requests, its sockets, and the handle that tests hold.

mod answer_body;
mod connection;
mod core;
mod handle;
mod listener;
mod stream;

pub(crate) use core::{Node, Verdict};
pub(crate) use listener::{Sockets, Welcome};

pub use handle::NodeHandle;
