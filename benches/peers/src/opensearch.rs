//! The `opensearch` crate.

use ::opensearch::{
    IndexParts, OpenSearch, SearchParts,
    auth::Credentials,
    http::{
        Url,
        transport::{SingleNodeConnectionPool, TransportBuilder},
    },
};
use serde::Deserialize;
use serde_json::Value;

use es_benches::{
    operation::{
        BoxError, INDEX, Operation, PASSWORD, Page, USER, check_hits, check_text, hits_of,
        not_measured, query,
    },
    product::{Product, Raw, Typed},
};

/// The client; it knows one node only.
pub struct Open {
    client: OpenSearch,
}

impl Open {
    /// A client of the node.
    pub fn new(url: &str) -> Result<Self, BoxError> {
        let transport = TransportBuilder::new(SingleNodeConnectionPool::new(Url::parse(url)?))
            .auth(Credentials::Basic(USER.into(), PASSWORD.into()))
            .build()?;
        Ok(Self {
            client: OpenSearch::new(transport),
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
            self.client.ping().send().await?.error_for_status_code()?;
        }
        Ok(())
    }

    async fn info(&self, times: u64) -> Result<(), BoxError> {
        for _ in 0..times {
            let response = self.client.info().send().await?.error_for_status_code()?;
            check_text(
                &response.json::<Value>().await?["tagline"],
                "You Know, for Search",
            )?;
        }
        Ok(())
    }

    async fn index(&self, times: u64) -> Result<(), BoxError> {
        let product = Product::numbered(1);
        for _ in 0..times {
            let request = self
                .client
                .index(IndexParts::IndexId(INDEX, "1"))
                .body(&product);
            let response = request.send().await?.error_for_status_code()?;
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
        let index = [page.index()];
        for _ in 0..times {
            let request = self.client.search(SearchParts::Index(&index)).body(&query);
            let response = request.send().await?.error_for_status_code()?;
            check_hits(count(&response.json().await?), page)?;
        }
        Ok(())
    }
}
