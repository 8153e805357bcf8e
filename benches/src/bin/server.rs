//! `server [nodes]`: see [`programs::server`].

use es_benches::{operation::BoxError, programs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    programs::server().await
}
