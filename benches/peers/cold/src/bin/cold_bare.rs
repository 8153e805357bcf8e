//! `cold_bare <url> <ca file>`: hyper over hyper-rustls and nothing else, from
//! `main` to the first response of a verified server.

use std::sync::Arc;

use bytes::Bytes;
use cold::BoxError;
use http::{Request, Uri, header};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_rustls::HttpsConnectorBuilder;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use tower::ServiceExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, ca] = arguments.as_slice() else {
        return Err("cold_bare <url> <ca file>".into());
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca)? {
        roots.add(certificate?)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_http1()
        .build();
    let uri: Uri = url.parse()?;
    let host = uri.authority().ok_or("the URL has no host")?.to_string();
    let (mut sender, connection) = http1::handshake(connector.oneshot(uri).await?).await?;
    tokio::spawn(connection);
    let request = Request::get("/")
        .header(header::HOST, host)
        .header(header::AUTHORIZATION, "Basic ZWxhc3RpYzpjaGFuZ2VtZQ==")
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    if status.is_success() && !body.is_empty() {
        Ok(())
    } else {
        Err(status.as_str().into())
    }
}
