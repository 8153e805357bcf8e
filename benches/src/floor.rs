//! The floor: one hyper http/1.1 connection, with nothing around it and no header
//! but the host.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::{
    JSON,
    operation::{BoxError, Operation, Page, check_hits, check_text, hits_of, not_measured, query},
    product::{Product, Raw, Typed},
};

/// One connection to one node.
pub struct Floor {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
}

impl Floor {
    /// Connects; the connection is driven by a task of its own.
    pub async fn connect(url: &str) -> Result<Self, BoxError> {
        let host = url.trim_start_matches("http://");
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self {
            sender,
            host: HeaderValue::from_str(host)?,
        })
    }

    /// Performs one operation a number of times.
    pub async fn run(&mut self, operation: Operation, times: u64) -> Result<(), BoxError> {
        match operation {
            Operation::Head => self.head(times).await,
            Operation::Info => self.info(times).await,
            Operation::Index => self.index(times).await,
            Operation::Value(page) => {
                self.search(page, times, |found: &Value| hits_of(found))
                    .await
            }
            Operation::Typed(page) => {
                self.search(page, times, |found: &Typed| found.hits.hits.len())
                    .await
            }
            Operation::Bulk => Err(not_measured()),
            Operation::Raw(page) => {
                self.search(page, times, |found: &Raw| found.hits.hits.len())
                    .await
            }
        }
    }

    async fn head(&mut self, times: u64) -> Result<(), BoxError> {
        for _ in 0..times {
            self.send(Method::HEAD, "/", Bytes::new()).await?;
        }
        Ok(())
    }

    async fn info(&mut self, times: u64) -> Result<(), BoxError> {
        for _ in 0..times {
            let response = self.send(Method::GET, "/", Bytes::new()).await?;
            let info: Value = serde_json::from_slice(&response)?;
            check_text(&info["tagline"], "You Know, for Search")?;
        }
        Ok(())
    }

    async fn index(&mut self, times: u64) -> Result<(), BoxError> {
        let product = Product::numbered(1);
        for _ in 0..times {
            let body = Bytes::from(serde_json::to_vec(&product)?);
            let response = self.send(Method::PUT, "/products/_doc/1", body).await?;
            let response: Value = serde_json::from_slice(&response)?;
            check_text(&response["result"], "created")?;
        }
        Ok(())
    }

    async fn search<T: for<'de> Deserialize<'de>>(
        &mut self,
        page: Page,
        times: u64,
        count: impl Fn(&T) -> usize,
    ) -> Result<(), BoxError> {
        let query = query();
        for _ in 0..times {
            let body = Bytes::from(serde_json::to_vec(&query)?);
            let bytes = self.send(Method::POST, page.path(), body).await?;
            check_hits(count(&serde_json::from_slice(&bytes)?), page)?;
        }
        Ok(())
    }

    async fn send(
        &mut self,
        method: Method,
        path: &'static str,
        body: Bytes,
    ) -> Result<Bytes, BoxError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.host.clone());
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, JSON);
        }
        self.sender.ready().await?;
        let response = self
            .sender
            .send_request(request.body(Full::new(body))?)
            .await?;
        if !response.status().is_success() {
            return Err(format!("status {}", response.status()).into());
        }
        Ok(response.into_body().collect().await?.to_bytes())
    }
}
