//! A node: what it does with requests, its sockets, and the handle that tests hold.

mod connection;
mod core;
mod handle;
mod listener;
mod served_body;
mod stream;

pub(crate) use core::{Action, Node};
pub(crate) use listener::{Sockets, Welcome};

pub use handle::NodeHandle;
