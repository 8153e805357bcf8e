//! The helpers.

mod bulk;
mod helpers;
mod read_all;
