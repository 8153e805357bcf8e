//! The node's port: open, closed but reserved, or accepting without a word.
//!
//! A socket that never listens holds the port from the start to the end. The listener shares it
//! (`SO_REUSEPORT`), so nobody else gets the port between closing and reserving it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::connection;
use super::core::Node;
use crate::sync::lock;

/// The treatment of a connection before its first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Welcome {
    #[default]
    Serve,
    /// Accepted, then neither read nor written.
    Silent,
    /// Accepted, then reset.
    Reset,
}

/// The sockets of a node.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub address: SocketAddr,
    pub tls: Mutex<Option<Arc<ServerConfig>>>,
    pub next_connection: AtomicU64,
    /// Counts calls to close what is idle.
    pub idle_drops: watch::Sender<u64>,
    accepting: Mutex<Option<JoinHandle<()>>>,
    /// `None` once the cluster is dropped.
    connections: Mutex<Option<JoinSet<()>>>,
    /// Bound but not listening: without a listener, connections are refused, and nobody else
    /// gets the port.
    reserved: Mutex<Option<TcpSocket>>,
}

impl Sockets {
    /// Reserves a free port.
    pub fn new(ip: IpAddr, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        // Others could listen on a port whose address may be reused.
        let reserved = bind((ip, 0).into(), false)?;
        Ok(Self {
            address: reserved.local_addr()?,
            tls: Mutex::new(tls),
            next_connection: AtomicU64::new(0),
            idle_drops: watch::Sender::new(0),
            accepting: Mutex::default(),
            connections: Mutex::new(Some(JoinSet::new())),
            reserved: Mutex::new(Some(reserved)),
        })
    }

    /// Opens the port and accepts connections for `node`.
    pub fn accept(&self, node: &Arc<Node>) -> io::Result<()> {
        let mut accepting = lock(&self.accepting);
        if accepting.is_some() {
            return Ok(());
        }
        // The connections of before may still be in TIME_WAIT.
        let listener = bind(self.address, true)?.listen(1024)?;
        let node = Arc::downgrade(node);
        let task = tokio::spawn(async move {
            loop {
                let accepted = listener.accept().await;
                let Some(node) = node.upgrade() else { return };
                match accepted {
                    Ok((stream, _)) => {
                        if let Some(sockets) = &node.sockets {
                            let id = sockets.next_connection.fetch_add(1, Ordering::Relaxed) + 1;
                            let mut connections = lock(&sockets.connections);
                            let Some(connections) = connections.as_mut() else {
                                return;
                            };
                            while connections.try_join_next().is_some() {}
                            connections.spawn(connection::serve(Arc::clone(&node), stream, id));
                        }
                    }
                    // Out of file descriptors, say: give others a chance to free some.
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        });
        *accepting = Some(task);
        Ok(())
    }

    /// Closes the listener and keeps the port; connections stay. Connections are refused when
    /// this returns.
    pub async fn stop_accepting(&self) {
        let task = lock(&self.accepting).take();
        let Some(task) = task else { return };
        task.abort();
        // The listener is closed when the task has ended, not before.
        let _ = task.await;
    }

    /// Ends every connection.
    pub async fn close_connections(&self) {
        let connections = lock(&self.connections).as_mut().map(std::mem::take);
        if let Some(mut connections) = connections {
            connections.shutdown().await;
        }
    }

    /// Ends everything without waiting, for a cluster that is dropped.
    pub fn abort(&self) {
        if let Some(task) = lock(&self.accepting).take() {
            task.abort();
        }
        // Dropping the set aborts its tasks.
        lock(&self.connections).take();
        lock(&self.reserved).take();
    }
}

fn bind(address: SocketAddr, reuse_address: bool) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(reuse_address)?;
    #[cfg(unix)]
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}
