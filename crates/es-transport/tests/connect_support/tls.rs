//! A TLS server that records all that it gets after the handshake.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use rustls::{
    HandshakeKind, RootCertStore, ServerConfig, SupportedProtocolVersion,
    server::WebPkiClientVerifier,
    sign::{CertifiedKey, SingleCertAndKey},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::{SECRET, ca::Identity};

/// Responds to every request on the loopback with 200 over TLS, until it is dropped.
pub struct TlsServer {
    pub address: SocketAddr,
    record: Arc<Mutex<Record>>,
    task: JoinHandle<()>,
}

/// The requests that the server saw.
#[derive(Default)]
struct Record {
    /// Connections that are open.
    open: usize,
    /// All bytes of all connections after their handshakes.
    received: Vec<u8>,
    handshakes: Vec<HandshakeKind>,
}

/// Settings of a [`TlsServer`].
pub struct TlsServerBuilder {
    identity: Identity,
    version: &'static SupportedProtocolVersion,
    client_ca: Option<RootCertStore>,
    alpn: Vec<Vec<u8>>,
}

impl TlsServer {
    pub fn builder(identity: Identity) -> TlsServerBuilder {
        TlsServerBuilder {
            identity,
            version: &rustls::version::TLS13,
            client_ca: None,
            alpn: Vec::new(),
        }
    }

    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}/", self.address.port())
    }

    pub fn url_by_name(&self) -> String {
        format!("https://localhost:{}/", self.address.port())
    }

    /// Whether the password arrived.
    pub fn saw_the_secret(&self) -> bool {
        self.saw(SECRET.as_bytes())
    }

    /// Whether these bytes arrived after a handshake.
    pub fn saw(&self, text: &[u8]) -> bool {
        let record = self.record.lock().unwrap();
        record
            .received
            .windows(text.len())
            .any(|bytes| bytes == text)
    }

    /// Whether anything arrived after a handshake.
    pub fn saw_anything(&self) -> bool {
        !self.record.lock().unwrap().received.is_empty()
    }

    /// The handshakes that came to their end.
    pub fn handshakes(&self) -> Vec<HandshakeKind> {
        self.record.lock().unwrap().handshakes.clone()
    }

    /// Waits until all connections were read to their end.
    pub async fn settled(&self) {
        let settled = async {
            while self.record.lock().unwrap().open > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), settled)
            .await
            .unwrap();
    }

    /// Forgets what was seen.
    pub fn forget(&self) {
        let mut record = self.record.lock().unwrap();
        record.received.clear();
        record.handshakes.clear();
    }

    /// Stops listening, so that another can listen at the same address.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
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

    /// Speaks this protocol only.
    pub fn alpn(mut self, protocol: &[u8]) -> Self {
        self.alpn.push(protocol.to_vec());
        self
    }

    pub fn config(&self) -> ServerConfig {
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
        // Whether the key belongs to the certificate is not checked here: some
        // servers of these tests are thieves.
        let provider = rustls::crypto::ring::default_provider();
        let key = provider
            .key_provider
            .load_private_key(self.identity.private_key())
            .unwrap();
        let identity = CertifiedKey::new(self.identity.chain.clone(), key);
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
        config.alpn_protocols.clone_from(&self.alpn);
        config
    }

    pub async fn start(self) -> TlsServer {
        self.start_at(([127, 0, 0, 1], 0).into()).await
    }

    pub async fn start_at(self, address: SocketAddr) -> TlsServer {
        let acceptor = TlsAcceptor::from(Arc::new(self.config()));
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let record = Arc::new(Mutex::new(Record::default()));
        let shared = Arc::clone(&record);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, record) = (acceptor.clone(), Arc::clone(&shared));
                record.lock().unwrap().open += 1;
                tokio::spawn(async move {
                    serve(acceptor, stream, &record).await;
                    record.lock().unwrap().open -= 1;
                });
            }
        });
        TlsServer {
            address,
            record,
            task,
        }
    }
}

async fn serve(acceptor: TlsAcceptor, stream: TcpStream, record: &Mutex<Record>) {
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    if let Some(kind) = stream.get_ref().1.handshake_kind() {
        record.lock().unwrap().handshakes.push(kind);
    }
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        record
            .lock()
            .unwrap()
            .received
            .extend_from_slice(&buffer[..read]);
        head.extend_from_slice(&buffer[..read]);
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            let response = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            if stream.write_all(response).await.is_err() || stream.flush().await.is_err() {
                return;
            }
        }
    }
}
