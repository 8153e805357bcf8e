//! The HTTP API: from a whole request to a whole answer, without any I/O.

pub(crate) mod access;
pub(crate) mod alias;
pub(crate) mod analyze;
pub(crate) mod body;
pub(crate) mod bulk;
pub(crate) mod by_query;
pub(crate) mod call;
pub(crate) mod cat;
pub(crate) mod cluster;
pub(crate) mod document;
pub(crate) mod error;
pub(crate) mod filter_path;
pub(crate) mod finish;
pub(crate) mod index;
pub(crate) mod info;
pub(crate) mod mapping;
pub(crate) mod media_type;
pub(crate) mod multi;
pub(crate) mod nodes;
pub(crate) mod params;
pub(crate) mod pit;
pub(crate) mod reply;
pub(crate) mod router;
pub(crate) mod scroll;
pub(crate) mod search;
pub(crate) mod security;
pub(crate) mod settings;
pub(crate) mod source_filter;
pub(crate) mod state;
pub(crate) mod task;
pub(crate) mod template;
pub(crate) mod update;
pub(crate) mod value;
pub(crate) mod version;

pub(crate) use router::{Outcome, answer};
