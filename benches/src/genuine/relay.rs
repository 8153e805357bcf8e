//! A relay in front of a node: its address can change, and its connections can be cut.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncReadExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::faulty::listen;

/// A relay that listens on an address of its own on the port of its node.
pub struct Relay {
    node: SocketAddr,
    address: Mutex<Ipv4Addr>,
    accepting: Mutex<Option<JoinHandle<()>>>,
    shared: Arc<Shared>,
}

struct Shared {
    node: SocketAddr,
    /// An order to the open connections.
    order: watch::Sender<Order>,
    /// Whether new connections are silent from their start.
    is_silent: AtomicBool,
    /// Number of open connections that swallow all bytes.
    silent: watch::Sender<usize>,
}

#[derive(Clone, Copy)]
enum Order {
    Close,
    Silence,
}

impl Relay {
    /// Listens on an address for a node.
    ///
    /// # Errors
    /// If the address is in use.
    pub fn start(node: SocketAddr, address: Ipv4Addr) -> io::Result<Self> {
        let relay = Self {
            node,
            address: Mutex::new(address),
            accepting: Mutex::new(None),
            shared: Arc::new(Shared {
                node,
                order: watch::Sender::new(Order::Close),
                is_silent: AtomicBool::new(false),
                silent: watch::Sender::new(0),
            }),
        };
        relay.open()?;
        Ok(relay)
    }

    /// Returns the address that DNS has for the node.
    pub fn address(&self) -> IpAddr {
        (*lock(&self.address)).into()
    }

    /// Refuses connections from now on; those that are open stay.
    pub async fn refuse(&self) {
        let accepting = lock(&self.accepting).take();
        if let Some(accepting) = accepting {
            accepting.abort();
            let _ = accepting.await;
        }
    }

    /// Closes the open connections.
    pub fn cut(&self) {
        self.shared.order.send_replace(Order::Close);
    }

    /// Accepts connections.
    ///
    /// # Errors
    /// If the address is in use.
    pub fn open(&self) -> io::Result<()> {
        let listener = listen(SocketAddr::new(self.address(), self.node.port()))?;
        let accepting = tokio::spawn(accept(listener, Arc::clone(&self.shared)));
        *lock(&self.accepting) = Some(accepting);
        Ok(())
    }

    /// Accepts connections at another address, which DNS has from now on.
    ///
    /// # Errors
    /// If the address is in use.
    pub fn move_to(&self, address: Ipv4Addr) -> io::Result<()> {
        *lock(&self.address) = address;
        self.open()
    }

    /// Swallows all bytes of the open connections, and never closes them.
    pub fn silence(&self) {
        self.shared.order.send_replace(Order::Silence);
    }

    /// Sets whether new connections are silent, too.
    pub fn silence_new(&self, silent: bool) {
        self.shared.is_silent.store(silent, SeqCst);
    }

    /// Waits until the client has closed all silent connections.
    pub async fn none_is_silent(&self) {
        // It fails when the sender is gone, which `self` holds.
        let _ = self.shared.silent.subscribe().wait_for(|n| *n == 0).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move { shared.carry(client).await });
    }
}

impl Shared {
    async fn carry(&self, mut client: TcpStream) {
        if self.is_silent.load(SeqCst) {
            return self.swallow(client).await;
        }
        let mut order = self.order.subscribe();
        let Ok(mut node) = TcpStream::connect(self.node).await else {
            return;
        };
        let _ = client.set_nodelay(true);
        let _ = node.set_nodelay(true);
        tokio::select! {
            // Whichever side ended it, the other one sees its end.
            _ = copy_bidirectional(&mut client, &mut node) => return,
            _ = order.changed() => {}
        }
        let order = *order.borrow();
        match order {
            Order::Close => {}
            // The node does not learn of it either.
            Order::Silence => self.swallow(client).await,
        }
    }

    async fn swallow(&self, mut client: TcpStream) {
        self.silent.send_modify(|silent| *silent += 1);
        let mut buffer = [0; 4096];
        while client.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
        self.silent.send_modify(|silent| *silent -= 1);
    }
}
