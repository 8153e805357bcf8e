//! es-transport
pub mod attempt;
pub mod body;
pub mod builder;
pub mod connect;
pub mod credentials;
pub mod error;
pub mod layer;
pub mod node;
pub mod options;
pub mod rng;
pub mod transport;

pub use body::{Body, Replay, ResponseBody};
pub use builder::TransportBuilder;
pub use credentials::{Credentials, IntoApiKey};
pub use error::{BoxError, Error, Result};
pub use layer::media_type::CompatibilityMode;
pub use node::{Node, NodeFacts, NodePool, NodeSelector};
pub use options::{RequestAuth, RequestOptions};
pub use transport::Transport;
