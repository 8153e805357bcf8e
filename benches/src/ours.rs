//! Our client.

use peers::operation::{BoxError, Operation};

/// The client over its nodes, with everything on.
pub struct Ours {}

impl Ours {
    /// A client over the nodes.
    ///
    /// # Errors
    /// When a setting is refused.
    pub fn new(_urls: &[String]) -> Result<Self, BoxError> {
        Ok(Self {})
    }

    /// Performs one operation a number of times.
    ///
    /// # Errors
    /// When a request fails or an answer is not what it must be.
    pub async fn run(&mut self, _operation: Operation, _times: u64) -> Result<(), BoxError> {
        Err("not there yet".into())
    }
}
