//! `tls_server <ca file>`: one https node with a CA of its own, which goes into
//! the file. Prints the URL and the CA's fingerprint, and responses until it is ended.

use es_benches::operation::{PASSWORD, USER};
use es_testkit::Cluster;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("tls_server <ca file>")?;
    let cluster = Cluster::builder()
        .tls(true)
        .user(USER, PASSWORD)
        .recording(false);
    let cluster = cluster.start().await?;
    std::fs::write(file, cluster.ca_pem())?;
    println!("{} {}", cluster.url(0), cluster.ca_fingerprint());
    std::future::pending().await
}
