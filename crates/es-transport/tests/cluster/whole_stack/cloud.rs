//! A Cloud ID, from its text to a verified response.

use std::sync::{Arc, Mutex};

use base64::{Engine, prelude::BASE64_STANDARD};
use es_testkit::Cluster;
use es_transport::{BoxError, Transport};
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tower::service_fn;

use crate::whole_stack::{
    cluster_support::{get, post},
    start,
};

const HOST: &str = "c10ud.eu-test-1.example.org";

/// Opens every connection to one address, verifies the name that was asked
/// for, and notes it.
async fn connect(
    target: Uri,
    address: String,
    ca: Arc<RootCertStore>,
) -> Result<TokioIo<TlsStream<TcpStream>>, BoxError> {
    let tcp = TcpStream::connect(address).await?;
    let config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(ca)
            .with_no_client_auth();
    let name = ServerName::try_from(target.host().unwrap_or_default().to_owned())?;
    Ok(TokioIo::new(
        TlsConnector::from(Arc::new(config))
            .connect(name, tcp)
            .await?,
    ))
}

#[tokio::test]
async fn it_names_the_node_and_switches_compression_on() {
    let cluster = start(Cluster::builder().tls(true).certificate_names([HOST])).await;
    let cloud_id = format!(
        "my-deployment:{}",
        BASE64_STANDARD.encode("eu-test-1.example.org$c10ud$kibana")
    );
    let mut roots = RootCertStore::empty();
    roots
        .add(cluster.authority().unwrap().certificate().clone())
        .unwrap();
    let (roots, targets) = (Arc::new(roots), Arc::new(Mutex::new(Vec::new())));
    let (address, asked) = (cluster.url(0).replace("https://", ""), Arc::clone(&targets));
    let connector = service_fn(move |target: Uri| {
        asked.lock().unwrap().push(target.to_string());
        connect(target, address.clone(), Arc::clone(&roots))
    });
    let transport = Transport::builder()
        .cloud_id(&cloud_id)
        .basic_auth(cluster.username(), cluster.password())
        .connector(connector)
        .build()
        .unwrap();

    assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
    let document = format!(r#"{{"text":"{}"}}"#, "many words, ".repeat(1_000));
    assert_eq!(
        transport
            .send(post("/i/_doc", document.clone()))
            .await
            .unwrap()
            .status(),
        201
    );
    assert_eq!(*targets.lock().unwrap(), [format!("https://{HOST}:443/")]);
    let [info, index] = &cluster.node(0).requests()[..] else {
        panic!("two requests")
    };
    assert_eq!(info.header("host"), Some(&*format!("{HOST}:443")));
    assert_eq!(info.header("accept-encoding"), Some("gzip"));
    assert_eq!(index.header("content-encoding"), Some("gzip"));
    assert_eq!(index.body, document.as_bytes());
}

#[test]
fn it_cannot_be_sniffed() {
    let cloud_id = format!("x:{}", BASE64_STANDARD.encode("example.org$c10ud$"));
    let builder = Transport::builder().cloud_id(cloud_id).sniff_on_start(true);
    assert_eq!(builder.build().unwrap_err().setting(), Some("cloud_id"));
}
