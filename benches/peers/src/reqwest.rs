//! reqwest, with the headers of a client as its defaults.

use ::reqwest::{Client, Method, Response};
use http::header::{self, HeaderMap};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use es_benches::{
    AUTHORIZATION, CLIENT_META, JSON, USER_AGENT,
    operation::{BoxError, Operation, Page, check_hits, check_text, hits_of, not_measured, query},
    product::{Product, Raw, Typed},
};

/// A client and the node it talks to.
pub struct Plain {
    client: Client,
    url: String,
}

impl Plain {
    /// A client with its default headers.
    pub fn new(url: &str) -> Result<Self, BoxError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, JSON);
        headers.insert(header::USER_AGENT, USER_AGENT);
        headers.insert("x-elastic-client-meta", CLIENT_META);
        headers.insert(header::AUTHORIZATION, AUTHORIZATION);
        let client = Client::builder().default_headers(headers).build()?;
        Ok(Self {
            client,
            url: url.trim_end_matches('/').into(),
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

    async fn head(&self, times: u64) -> Result<(), BoxError> {
        for _ in 0..times {
            self.send(Method::HEAD, "/", None::<&()>)
                .await?
                .bytes()
                .await?;
        }
        Ok(())
    }

    async fn info(&self, times: u64) -> Result<(), BoxError> {
        for _ in 0..times {
            let info: Value = self
                .send(Method::GET, "/", None::<&()>)
                .await?
                .json()
                .await?;
            check_text(&info["tagline"], "You Know, for Search")?;
        }
        Ok(())
    }

    async fn index(&self, times: u64) -> Result<(), BoxError> {
        let product = Product::numbered(1);
        for _ in 0..times {
            let response = self
                .send(Method::PUT, "/products/_doc/1", Some(&product))
                .await?;
            check_text(&response.json::<Value>().await?["result"], "created")?;
        }
        Ok(())
    }

    async fn search<T: for<'de> Deserialize<'de>>(
        &self,
        page: Page,
        times: u64,
        count: impl Fn(&T) -> usize,
    ) -> Result<(), BoxError> {
        let query = query();
        for _ in 0..times {
            let response = self.send(Method::POST, page.path(), Some(&query)).await?;
            check_hits(count(&response.json().await?), page)?;
        }
        Ok(())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Response, BoxError> {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, JSON).json(body);
        }
        Ok(request.send().await?.error_for_status()?)
    }
}
