//! The local server as a process of its own, or in a thread; and what the kernel
//! says of this process.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::operation::BoxError;
use tokio::runtime::Builder;

use crate::{callgrind::sibling, server};

/// A server that ends with this value.
pub struct Server {
    child: Child,
    line: String,
}

impl Server {
    /// Starts one of this package's servers and waits until it listens.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(name: &str, arguments: &[&str]) -> Result<Self, BoxError> {
        let mut child = Command::new(sibling(name)?)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let server = Self {
            child,
            line: line.trim().into(),
        };
        if server.line.is_empty() {
            return Err(format!("{name} ended before it listened").into());
        }
        Ok(server)
    }

    /// The line it printed when it was ready: the nodes' URLs, with commas.
    pub fn line(&self) -> &str {
        &self.line
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the server in a thread, for as long as the process lives, and returns
/// the nodes' URLs.
///
/// # Errors
/// When no port can be had.
pub fn serve_from_thread(nodes: usize) -> Result<Vec<String>, BoxError> {
    let (sender, receiver) = mpsc::channel();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || {
        runtime.block_on(async {
            // Nobody else listens to the channel: its other end is below.
            let _ = sender.send(server::start(nodes).await);
            std::future::pending::<()>().await;
        });
    });
    let addresses = receiver.recv()??;
    Ok(addresses
        .iter()
        .map(|address| format!("http://{address}"))
        .collect())
}

/// The CPU time of the calling thread, from Linux's own account.
///
/// # Errors
/// When the kernel does not tell it.
pub fn thread_time() -> Result<Duration, BoxError> {
    let account = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = account
        .split_whitespace()
        .next()
        .ok_or("the kernel tells no time")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}

/// The most that was resident until now, from Linux's own account.
///
/// # Errors
/// When the kernel does not tell it.
pub fn peak_kibibytes() -> Result<u64, BoxError> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB"));
    Ok(kibibytes
        .ok_or("the kernel tells no peak")?
        .trim()
        .parse()?)
}
