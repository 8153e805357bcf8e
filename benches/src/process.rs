//! The local server as a child process.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use peers::operation::BoxError;

use crate::callgrind::sibling;

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
        let mut child =
            Command::new(sibling(name)?).args(arguments).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let server = Self { child, line: line.trim().into() };
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
