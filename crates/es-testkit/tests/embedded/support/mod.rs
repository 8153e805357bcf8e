//! A raw HTTP/1.1 client: the server is tested without the client it is made for.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed step is a failed test"
)]

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// One connection.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    pub(crate) headers: Vec<(String, String)>,
}

/// A response with its body.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Outcome {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {:?}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn address(url: &str) -> &str {
    url.split_once("://").unwrap().1
}

impl Client {
    pub(crate) async fn connect(url: &str) -> Self {
        Self::over(TcpStream::connect(address(url)).await.unwrap()).await
    }

    pub(crate) async fn over<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        stream: S,
    ) -> Self {
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        Self {
            sender,
            headers: Vec::new(),
        }
    }

    /// The same headers with every request from now on.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) async fn try_send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> hyper::Result<Outcome> {
        let body = body.into();
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "localhost");
        let own = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let mut typed = body.is_empty();
        for (name, value) in own.chain(headers.iter().copied()) {
            typed |= name == "content-type";
            request = request.header(name, value);
        }
        if !typed {
            request = request.header("content-type", "application/json");
        }
        self.sender.ready().await?;
        let response = self
            .sender
            .send_request(request.body(Full::new(body)).unwrap())
            .await?;
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Outcome {
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Outcome {
        self.try_send(method, target, headers, body).await.unwrap()
    }

    /// A call with a JSON body (`null` for none) that must succeed.
    pub(crate) async fn ok(&mut self, method: &str, target: &str, body: Value) -> Value {
        let response = self.call(method, target, body).await;
        assert!(
            response.status.is_success(),
            "{method} {target}: {response:?}"
        );
        response.json()
    }

    pub(crate) async fn call(&mut self, method: &str, target: &str, body: Value) -> Outcome {
        let body = if body.is_null() {
            Bytes::new()
        } else {
            body.to_string().into()
        };
        self.send(method, target, &[], body).await
    }
}

/// Sends bytes as they are and reads until the end or an error.
pub(crate) async fn raw(url: &str, bytes: &[u8]) -> (Vec<u8>, std::io::Result<usize>) {
    let mut stream = TcpStream::connect(address(url)).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut response = Vec::new();
    let end = stream.read_to_end(&mut response).await;
    (response, end)
}

/// A TLS connection that trusts these roots.
pub(crate) async fn tls(
    url: &str,
    roots: &[CertificateDer<'static>],
    name: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let config = client_config(roots);
    tls_with(url, config, name).await
}

pub(crate) fn client_config(roots: &[CertificateDer<'static>]) -> Arc<rustls::ClientConfig> {
    let mut store = rustls::RootCertStore::empty();
    for root in roots {
        store.add(root.clone()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    Arc::new(config)
}

pub(crate) async fn tls_with(
    url: &str,
    config: Arc<rustls::ClientConfig>,
    name: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address(url)).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    tokio_rustls::TlsConnector::from(config)
        .connect(name, tcp)
        .await
}
