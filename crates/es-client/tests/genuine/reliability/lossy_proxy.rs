//! A proxy that loses responses.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A request of so many bytes is a bulk.
const BULK: usize = 16 << 10;

/// The proxy of a node. It forwards bytes, and ends the connection instead of
/// forwarding every third response to a bulk.
#[derive(Clone, Debug)]
pub(crate) struct LossyProxy {
    pub(crate) url: String,
    responses: Arc<AtomicU64>,
}

impl LossyProxy {
    pub(crate) async fn start(node: &str) -> Self {
        let (scheme, address) = node.split_once("://").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            url: format!("{scheme}://{}", listener.local_addr().unwrap()),
            responses: Arc::default(),
        };
        let (address, accepting) = (address.to_owned(), proxy.clone());
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (address, proxy) = (address.clone(), accepting.clone());
                tokio::spawn(async move {
                    // Without the node, the connection ends.
                    if let Ok(node) = TcpStream::connect(address).await {
                        proxy.forward(client, node).await;
                    }
                });
            }
        });
        proxy
    }

    /// Returns the number of responses to bulks that were lost.
    pub(crate) fn lost(&self) -> u64 {
        self.responses.load(Ordering::Relaxed) / 3
    }

    async fn forward(&self, mut client: TcpStream, mut node: TcpStream) {
        let (from_client, to_client) = client.split();
        let (from_node, to_node) = node.split();
        let sent = AtomicUsize::new(0);
        let requests = copy(from_client, to_node, |bytes| {
            sent.fetch_add(bytes, Ordering::Relaxed);
            true
        });
        let responses = copy(from_node, to_client, |_| {
            let is_bulk = sent.swap(0, Ordering::Relaxed) >= BULK;
            let number = || self.responses.fetch_add(1, Ordering::Relaxed) + 1;
            !is_bulk || !number().is_multiple_of(3)
        });
        // Both directions end with the first.
        tokio::select! {
            () = requests => {}
            () = responses => {}
        }
    }
}

/// Copies until the end, or until bytes are not to be forwarded.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut forwards: impl FnMut(usize) -> bool,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(bytes) = from.read(&mut buffer).await {
        if bytes == 0 || !forwards(bytes) || to.write_all(&buffer[..bytes]).await.is_err() {
            return;
        }
    }
}
