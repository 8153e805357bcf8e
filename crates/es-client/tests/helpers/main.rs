//! The helpers.

mod bulk;
mod helpers;
mod queries;
mod read_all;
mod tasks;
