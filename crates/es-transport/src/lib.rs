//! es-transport
pub mod attempt;
pub mod body;
pub mod credentials;
pub mod error;
pub mod node;
pub mod options;

pub use body::{Body, Replay, ResponseBody};
pub use credentials::Credentials;
pub use error::{BoxError, Error, Result};
pub use node::{Node, NodeFacts};
pub use options::{RequestAuth, RequestOptions};
