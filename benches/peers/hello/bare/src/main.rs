//! Asks a node for its information and prints it.

use std::error::Error;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Uri, client::conn::http1, header};
use hyper_rustls::HttpsConnectorBuilder;
use rustls::crypto::ring;
use tower::ServiceExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(ring::default_provider())?
        .https_only()
        .enable_http1()
        .build();
    let uri = Uri::from_static("https://localhost:9200");
    let (mut sender, connection) = http1::handshake(connector.oneshot(uri).await?).await?;
    tokio::spawn(connection);
    let request = Request::get("/")
        .header(header::HOST, "localhost:9200")
        .header(header::AUTHORIZATION, "Basic ZWxhc3RpYzpjaGFuZ2VtZQ==")
        .body(Empty::<Bytes>::new())?;
    let body = sender
        .send_request(request)
        .await?
        .into_body()
        .collect()
        .await?
        .to_bytes();
    println!("{}", String::from_utf8_lossy(&body));
    Ok(())
}
