//! A connector below TLS: nodes are reached through a Unix socket, as a local gateway offers
//! one, and the connect timeout, TLS and the fingerprint check hold as they do over TCP.
//!
//!     cargo run --example custom_connector

use std::{path::Path, time::Duration};

use es_client::Elasticsearch;
use es_testkit::Cluster;
use examples::Result;
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixListener, UnixStream},
};
use tower::service_fn;

#[tokio::main]
async fn main() -> Result {
    let cluster = Cluster::builder().tls(true).start().await?;
    let directory = std::env::temp_dir().join(format!("custom-connector-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let socket = directory.join("gateway.sock");
    serve_gateway(&socket)?;

    let path = socket.clone();
    let unix_socket = service_fn(move |node: Uri| {
        let path = path.clone();
        async move {
            // The gateway learns the node's port from the first two bytes.
            let mut stream = UnixStream::connect(path).await?;
            let port = node.port_u16().unwrap_or(9200);
            stream.write_u16(port).await?;
            Ok::<_, std::io::Error>(TokioIo::new(stream))
        }
    });
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .basic_auth(cluster.username(), cluster.password())
        .ssl_assert_fingerprint(cluster.ca_fingerprint())
        .connect_timeout(Duration::from_secs(2))
        .tcp_connector(unix_socket.clone())
        .build()?;

    let info = client.info().await?;
    println!(
        "{} {} through {}",
        info.cluster_name,
        info.version.number,
        socket.display()
    );

    let stranger = Elasticsearch::builder()
        .nodes(cluster.urls())
        .ssl_assert_fingerprint("00".repeat(32))
        .tcp_connector(unix_socket)
        .build()?;
    match stranger.info().await {
        Err(error) => println!("another fingerprint: {error}"),
        Ok(_) => return Err("another fingerprint must be refused".into()),
    }

    std::fs::remove_dir_all(directory)?;
    Ok(())
}

/// Connects each client of the socket with the port that it names.
fn serve_gateway(socket: &Path) -> std::io::Result<()> {
    let listener = UnixListener::bind(socket)?;
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let port = client.read_u16().await?;
                let mut node = TcpStream::connect(("127.0.0.1", port)).await?;
                tokio::io::copy_bidirectional(&mut client, &mut node).await
            });
        }
    });
    Ok(())
}
