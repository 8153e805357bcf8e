//! A bulk load without a helper, at its best: some hyper connections, each of
//! which writes a body, sends it and reads the response into a value, in a loop.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, task::JoinSet};

use crate::{operation::BoxError, product::Product};

/// A bulk load.
pub struct Load {
    pub url: String,
    /// Documents in turn.
    pub products: Vec<Product>,
    /// Total number.
    pub count: usize,
    /// A request goes when it has so many bytes.
    pub flush_bytes: usize,
    /// The requests under way at once.
    pub concurrency: usize,
}

/// Writes them and returns how many were written.
///
/// # Errors
/// When a request or an operation fails.
pub async fn write(load: Load) -> Result<usize, BoxError> {
    let (load, next) = (Arc::new(load), Arc::new(AtomicUsize::new(0)));
    let mut connections = JoinSet::new();
    for _ in 0..load.concurrency {
        connections.spawn(run(Arc::clone(&load), Arc::clone(&next)));
    }
    let mut written = 0;
    while let Some(ended) = connections.join_next().await {
        written += ended??;
    }
    Ok(written)
}

async fn run(load: Arc<Load>, next: Arc<AtomicUsize>) -> Result<usize, BoxError> {
    let host = load.url.trim_start_matches("http://");
    let stream = TcpStream::connect(host).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let host = HeaderValue::from_str(host)?;
    let mut written = 0;
    loop {
        let body = fill(&load, &next)?;
        if body.is_empty() {
            return Ok(written);
        }
        written += send(&mut sender, &host, body).await?;
    }
}

fn fill(load: &Load, next: &AtomicUsize) -> Result<Bytes, BoxError> {
    let mut body = Vec::with_capacity(load.flush_bytes);
    while body.len() < load.flush_bytes {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= load.count {
            break;
        }
        body.extend_from_slice(br#"{"index":{"_id":""#);
        body.extend_from_slice(number.to_string().as_bytes());
        body.extend_from_slice(b"\"}}\n");
        serde_json::to_writer(&mut body, &load.products[number % load.products.len()])?;
        body.push(b'\n');
    }
    Ok(body.into())
}

async fn send(
    sender: &mut SendRequest<Full<Bytes>>,
    host: &HeaderValue,
    body: Bytes,
) -> Result<usize, BoxError> {
    let request = Request::post("/products/_bulk")
        .header(header::HOST, host.clone())
        .header(header::CONTENT_TYPE, "application/x-ndjson")
        .body(Full::new(body))?;
    sender.ready().await?;
    let response = sender
        .send_request(request)
        .await?
        .into_body()
        .collect()
        .await?
        .to_bytes();
    let response: Value = serde_json::from_slice(&response)?;
    match response["items"].as_array() {
        Some(items) if response["errors"] == false => Ok(items.len()),
        _ => Err("a bulk request failed".into()),
    }
}
