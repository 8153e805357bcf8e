//! The helpers.

mod bulk;
mod helpers;
mod msearch;
mod queries;
mod read_all;
mod tasks;
