//! The layers, each over a mock service.

mod alone;
mod auth;
mod classification;
mod collect;
mod compression;
mod exchange;
mod headers;
mod hedge;
mod media_type;
mod metrics;
mod named;
mod response_check;
mod retry;
mod seams;
mod select_node;
mod timeout;
mod trace;
mod window;
