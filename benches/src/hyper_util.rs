//! hyper-util's pooling client, with nothing around it.

use ::hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use bytes::Bytes;
use http::{
    Method, Request, Uri, header,
    uri::{Authority, PathAndQuery, Scheme},
};
use http_body_util::{BodyExt, Full};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    AUTHORIZATION, CLIENT_META, JSON, USER_AGENT,
    operation::{BoxError, Operation, Page, check_hits, check_text, hits_of, not_measured, query},
    product::{Product, Raw, Typed},
};

/// A client and the node it talks to.
#[derive(Clone)]
pub struct HyperUtil {
    client: Client<HttpConnector, Full<Bytes>>,
    authority: Authority,
}

impl HyperUtil {
    /// Creates a client with default settings, except that `TCP_NODELAY` is set.
    pub fn new(url: &str) -> Result<Self, BoxError> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let authority = url.trim_start_matches("http://").parse()?;
        Ok(Self { client, authority })
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
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_static(path));
        let mut request = Request::builder()
            .method(method)
            .uri(Uri::from_parts(parts)?)
            .header(header::ACCEPT, JSON)
            .header(header::USER_AGENT, USER_AGENT)
            .header("x-elastic-client-meta", CLIENT_META)
            .header(header::AUTHORIZATION, AUTHORIZATION);
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, JSON);
        }
        let response = self.client.request(request.body(Full::new(body))?).await?;
        if !response.status().is_success() {
            return Err(format!("status {}", response.status()).into());
        }
        Ok(response.into_body().collect().await?.to_bytes())
    }
}
