//! A TLS server that records all that it gets after the handshake.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use rustls::{
    HandshakeKind, RootCertStore, ServerConfig, SupportedProtocolVersion,
    server::WebPkiClientVerifier,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::{SECRET, ca::Identity};

/// Answers every request on the loopback with 200 over TLS, until it is dropped.
pub struct TlsServer {
    pub address: SocketAddr,
    record: Arc<Mutex<Record>>,
    task: JoinHandle<()>,
}

/// What the server saw.
#[derive(Default)]
struct Record {
    /// All bytes of all connections after their handshakes.
    received: Vec<u8>,
    handshakes: Vec<HandshakeKind>,
}

/// Settings of a [`TlsServer`].
pub struct TlsServerBuilder {
    identity: Identity,
    version: &'static SupportedProtocolVersion,
    client_ca: Option<RootCertStore>,
}

impl TlsServer {
    pub fn builder(identity: Identity) -> TlsServerBuilder {
        TlsServerBuilder { identity, version: &rustls::version::TLS13, client_ca: None }
    }

    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}/", self.address.port())
    }

    pub fn url_by_name(&self) -> String {
        format!("https://localhost:{}/", self.address.port())
    }

    /// Whether the password arrived.
    pub fn saw_the_secret(&self) -> bool {
        let record = self.record.lock().unwrap();
        record.received.windows(SECRET.len()).any(|bytes| bytes == SECRET.as_bytes())
    }

    /// Whether anything arrived after a handshake.
    pub fn saw_anything(&self) -> bool {
        !self.record.lock().unwrap().received.is_empty()
    }

    pub fn handshakes(&self) -> Vec<HandshakeKind> {
        self.record.lock().unwrap().handshakes.clone()
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TlsServerBuilder {
    pub fn version(mut self, version: &'static SupportedProtocolVersion) -> Self {
        self.version = version;
        self
    }

    /// Demands a client certificate under this CA.
    pub fn client_ca(mut self, ca: rustls::pki_types::CertificateDer<'static>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(ca).unwrap();
        self.client_ca = Some(roots);
        self
    }

    fn config(&self) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[self.version])
            .unwrap();
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(roots) => builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(roots.clone().into(), provider)
                    .build()
                    .unwrap(),
            ),
        };
        let (chain, key) = (self.identity.chain.clone(), self.identity.private_key());
        builder.with_single_cert(chain, key).unwrap()
    }

    pub async fn start(self) -> TlsServer {
        let acceptor = TlsAcceptor::from(Arc::new(self.config()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let record = Arc::new(Mutex::new(Record::default()));
        let shared = Arc::clone(&record);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(acceptor.clone(), stream, Arc::clone(&shared)));
            }
        });
        TlsServer { address, record, task }
    }
}

async fn serve(acceptor: TlsAcceptor, stream: TcpStream, record: Arc<Mutex<Record>>) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    if let Some(kind) = stream.get_ref().1.handshake_kind() {
        record.lock().unwrap().handshakes.push(kind);
    }
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        record.lock().unwrap().received.extend_from_slice(&buffer[..read]);
        head.extend_from_slice(&buffer[..read]);
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            if stream.write_all(answer).await.is_err() || stream.flush().await.is_err() {
                return;
            }
        }
    }
}
