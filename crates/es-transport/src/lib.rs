//! es-transport
pub mod attempt;
pub mod body;
pub mod connect;
pub mod credentials;
pub mod error;
pub mod layer;
pub mod node;
pub mod options;
pub mod rng;

pub use body::{Body, Replay, ResponseBody};
pub use credentials::{Credentials, IntoApiKey};
pub use error::{BoxError, Error, Result};
pub use node::{Node, NodeFacts, NodePool, NodeSelector};
pub use options::{RequestAuth, RequestOptions};
