//! `client <name> <operation> <times> <urls>`: see [`programs::client`].

use es_benches::{clients::Own, operation::BoxError, programs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    programs::client::<Own>().await
}
