//! `client <name> <operation> <times> <urls>`: see [`programs::client`].

use es_benches::{operation::BoxError, programs};
use peers::Peers;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    programs::client::<Peers>().await
}
