//! Our client, with everything on: several nodes, credentials, retries, a deadline
//! per attempt, product check, compatibility mode, spans without a subscriber.

use std::time::Duration;

use crate::{
    operation::{
        BULK, BoxError, INDEX, Operation, PASSWORD, Page, USER, check_hits, check_text, hits_of,
        query,
    },
    product::Product,
};
use es_client::{Elasticsearch, SearchResponse, helpers::bulk::Operation as Write};
use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

/// The client over its nodes.
#[derive(Clone)]
pub struct Ours {
    client: Elasticsearch,
}

impl Ours {
    /// A client over the nodes.
    ///
    /// # Errors
    /// When a setting is refused.
    pub fn new(urls: &[String]) -> Result<Self, BoxError> {
        let client = Elasticsearch::builder()
            .nodes(urls)
            .basic_auth(USER, PASSWORD)
            .build()?;
        Ok(Self { client })
    }

    /// Performs one operation a number of times.
    ///
    /// # Errors
    /// When a request fails or a response is not what it must be.
    pub async fn run(&mut self, operation: Operation, times: u64) -> Result<(), BoxError> {
        match operation {
            Operation::Head => self.head(times).await,
            Operation::Info => self.info(times).await,
            Operation::Index => self.index(times).await,
            Operation::Value(page) => self.search_value(page, times).await,
            Operation::Typed(page) => self.search::<Product>(page, times).await,
            Operation::Bulk => self.bulk(times).await,
            Operation::Raw(page) => self.search_raw(page, times).await,
        }
    }

    async fn head(&self, times: u64) -> Result<(), BoxError> {
        for _ in 0..times {
            if !self.client.ping().await? {
                return Err("the server is not found".into());
            }
        }
        Ok(())
    }

    async fn info(&self, times: u64) -> Result<(), BoxError> {
        for _ in 0..times {
            let info: Value = self.client.info().send().await?.json()?;
            check_text(&info["tagline"], "You Know, for Search")?;
        }
        Ok(())
    }

    async fn index(&self, times: u64) -> Result<(), BoxError> {
        let product = Product::numbered(1);
        for _ in 0..times {
            let call = self.client.index(INDEX).id("1").document(&product);
            let response: Value = call.send().await?.json()?;
            check_text(&response["result"], "created")?;
        }
        Ok(())
    }

    async fn search_value(&self, page: Page, times: u64) -> Result<(), BoxError> {
        let query = query();
        for _ in 0..times {
            let call = self.client.search::<Value>(page.index()).body(&query);
            check_hits(hits_of(&call.send().await?.json()?), page)?;
        }
        Ok(())
    }

    /// By the helper, which may ask for less of the response than the others do;
    /// the server gives all of it to everybody.
    async fn bulk(&self, times: u64) -> Result<(), BoxError> {
        // The source runs on a thread of its own, so it borrows nothing shorter-lived.
        let products: &'static [Product] = Product::many(BULK).leak();
        for _ in 0..times {
            let writes = products.iter().enumerate();
            let writes = writes.map(|(id, product)| Write::index(product).id(id.to_string()));
            // Under callgrind, a batch takes longer to fill than the default interval.
            let bulk = self.client.helpers().bulk(INDEX, writes);
            let report = bulk.flush_interval(Duration::from_secs(60)).await?;
            if report.succeeded != BULK as u64 || report.requests != 1 {
                return Err(report.to_string().into());
            }
        }
        Ok(())
    }

    async fn search_raw(&self, page: Page, times: u64) -> Result<(), BoxError> {
        let query = query();
        for _ in 0..times {
            let call = self.client.search::<Value>(page.index()).body(&query);
            let response = call.send().await?;
            let found: SearchResponse<&RawValue> = response.json_borrowed()?;
            check_hits(found.documents().count(), page)?;
        }
        Ok(())
    }

    async fn search<T: DeserializeOwned>(&self, page: Page, times: u64) -> Result<(), BoxError> {
        let query = query();
        for _ in 0..times {
            let call = self.client.search::<T>(page.index()).body(&query);
            let found: SearchResponse<T> = call.await?;
            check_hits(found.documents().count(), page)?;
        }
        Ok(())
    }
}
