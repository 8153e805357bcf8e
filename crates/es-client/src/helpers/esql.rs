//! Reads the rows of an [ES|QL](https://www.elastic.co/docs/reference/query-languages/esql)
//! query into structs.
//!
//! ```no_run
//! # async fn rows(client: es_client::Elasticsearch) -> es_client::Result<()> {
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Brand {
//!     brand: String,
//!     average: f64,
//! }
//!
//! let brands: Vec<Brand> = client
//!     .helpers()
//!     .esql("FROM products | WHERE price > ?least | STATS average = AVG(price) BY brand | LIMIT 100")
//!     .param("least", 20)
//!     .rows()
//!     .await?;
//! for brand in brands {
//!     println!("{} {}", brand.brand, brand.average);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A row is deserialized into a struct or map by the names of the columns, or into a
//! tuple or list in the order of the columns. Columns without a field are ignored. A
//! single value can be read into a list.
//!
//! Pass values as [parameters](Esql::param), not by concatenating strings, so that user
//! input cannot change the query.
//!
//! A result that lacks rows of some clusters or shards is an error unless it is
//! [allowed](Esql::allow_partial_results), and so is one that the server truncated
//! ([`allow_truncated`](Esql::allow_truncated)): to 1,000 rows because the query has no
//! `LIMIT`, or to 10,000 rows, the default of `esql.query.result_truncation_max_size`. The
//! server does not report the latter, so a result of exactly 10,000 rows is an error
//! unless this number occurs in the query or its parameters; another maximum is not
//! detected.

pub use super::rows::{Column, Rows};

use std::fmt;

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};

use super::{
    arrow,
    rows::{csv_rows, default_limit},
};
use crate::{
    Call,
    client::Elasticsearch,
    error::{Error, Result},
    helpers::request::{RetryConfig, send_with_retry},
    response::{Meta, Response},
};

/// The most rows that a server returns by default, whatever the `LIMIT` of a query is.
const DEFAULT_MAX_ROWS: usize = 10_000;

/// An ES|QL query; see the [module](self). Created by
/// [`Helpers::esql`](crate::helpers::Helpers::esql).
#[must_use = "a query is run when its rows are asked for"]
pub struct Esql {
    client: Elasticsearch,
    query: String,
    params: Vec<Box<RawValue>>,
    properties: Vec<(&'static str, Box<RawValue>)>,
    allow_partial: bool,
    allow_truncated: bool,
    error: Option<Error>,
}

impl Esql {
    pub(in crate::helpers) fn new(client: Elasticsearch, query: String) -> Self {
        let (params, properties) = (Vec::new(), Vec::new());
        Self {
            client,
            query,
            params,
            properties,
            allow_partial: false,
            allow_truncated: false,
            error: None,
        }
    }

    fn raw<V: Serialize + ?Sized>(&mut self, what: &str, value: &V) -> Option<Box<RawValue>> {
        match to_raw_value(value) {
            Ok(raw) => Some(raw),
            Err(error) => {
                self.error.get_or_insert(Error::encode(what, error));
                None
            }
        }
    }

    /// Sets the value of `?name` in the query.
    pub fn param(mut self, name: &str, value: impl Serialize) -> Self {
        let value = self.raw(name, &value);
        let named = std::collections::BTreeMap::from([(name, value)]);
        let param = self.raw(name, &named);
        self.params.extend(param);
        self
    }

    /// Adds the value of the next `?` in the query. A query has either positional or
    /// named parameters.
    pub fn positional_param(mut self, value: impl Serialize) -> Self {
        let value = self.raw("params", &value);
        self.params.extend(value);
        self
    }

    /// Sets a filter (Query DSL) that documents must match as well.
    pub fn filter<Q: Serialize + ?Sized>(self, filter: &Q) -> Self {
        self.property("filter", filter)
    }

    /// Sets any other property of the request body, such as `locale`. `columnar` is
    /// refused, because values are read as rows.
    pub fn property<V: Serialize + ?Sized>(mut self, name: &'static str, value: &V) -> Self {
        if name == "columnar" {
            let message = "`columnar` cannot be set: values are read as rows";
            self.error.get_or_insert(Error::invalid(message));
        }
        let value = self.raw(name, value);
        self.properties.extend(value.map(|value| (name, value)));
        self
    }

    /// Sets whether a result may lack rows of failed shards or clusters. Default:
    /// `false`; such a result is an error ([`is_partial`](Error::is_partial)).
    pub fn allow_partial_results(mut self, allow: bool) -> Self {
        self.allow_partial = allow;
        self
    }

    /// Sets whether the server may truncate the result: of a query without `LIMIT` to its
    /// default of 1,000 rows, and of any other to 10,000 rows. Default: `false`; a
    /// truncated result is an error ([`is_partial`](Error::is_partial)).
    ///
    /// ```
    /// use es_client::{Elasticsearch, es_transport::Body, http::Response};
    /// use serde_json::Value;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> es_client::Result<()> {
    /// let client = Elasticsearch::from_service(tower::service_fn(async |_| {
    ///     let rows = vec!["[1]"; 1_000].join(",");
    ///     let table = format!(r#"{{"columns": [{{"name": "n"}}], "values": [{rows}]}}"#);
    ///     let warning = r#"299 - "No limit defined, adding default limit of [1000]""#;
    ///     Response::builder().header("warning", warning).body(Body::from(table))
    /// }));
    /// let query = || client.helpers().esql("FROM numbers");
    /// assert!(query().rows::<u64>().await.unwrap_err().is_partial());
    /// assert!(query().allow_truncated(true).table::<u64>().await?.is_truncated);
    /// # Ok(())
    /// # }
    /// ```
    pub fn allow_truncated(mut self, allow: bool) -> Self {
        self.allow_truncated = allow;
        self
    }

    /// Returns the rows, each as a `T`: a struct or map by the columns' names, a
    /// tuple or list in their order, or the value of the only column.
    ///
    /// ```
    /// use es_client::{Elasticsearch, es_transport::Body, http::Response};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> es_client::Result<()> {
    /// let client = Elasticsearch::from_service(tower::service_fn(async |_| {
    ///     let rows = r#"{"columns": [{"name": "brand", "type": "keyword"},
    ///         {"name": "n", "type": "long"}], "values": [["acme", 3]]}"#;
    ///     Ok::<_, std::io::Error>(Response::new(Body::from(rows)))
    /// }));
    /// let query = client.helpers().esql("FROM products | STATS n = COUNT(*) BY brand | LIMIT 10");
    /// assert_eq!(query.rows::<(String, u64)>().await?, [("acme".to_owned(), 3)]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no response, if the query is invalid, if a row
    /// cannot be deserialized, or if the result is partial or truncated.
    pub async fn rows<T: DeserializeOwned>(self) -> Result<Vec<T>> {
        Ok(self.table().await?.rows)
    }

    /// Returns the rows with their columns.
    ///
    /// # Errors
    /// The same as those of [`rows`](Self::rows).
    pub async fn table<T: DeserializeOwned>(mut self) -> Result<Rows<T>> {
        let response = self.send("").await?;
        let mut rows = Rows::read(response.meta().clone(), response.bytes().clone())?;
        if rows.is_partial && !self.allow_partial {
            let reason = "rows of some shards or clusters are missing (`allow_partial_results`)";
            return Err(Error::incomplete(reason));
        }
        let truncated = self.truncated(response.meta(), || rows.rows.len());
        rows.is_truncated = truncated.is_some();
        match truncated {
            Some(error) if !self.allow_truncated => Err(error),
            _ => Ok(rows),
        }
    }

    /// Returns the rows as CSV with a header line. Servers before 8.18 support this
    /// only with [`allow_partial_results`](Self::allow_partial_results).
    ///
    /// # Errors
    /// Returns an error if there is no response, if the query is invalid, or if the result
    /// is partial or truncated.
    pub async fn csv(self) -> Result<Bytes> {
        self.text("csv", csv_rows).await
    }

    /// Returns the rows in the stream format of [Apache
    /// Arrow](https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format), for readers
    /// such as that of `arrow-ipc`. The requirement on servers is the same as that of
    /// [`csv`](Self::csv).
    ///
    /// # Errors
    /// Returns an error if there is no response, if the query is invalid, or if the result
    /// is partial or truncated.
    pub async fn arrow(self) -> Result<Bytes> {
        self.text("arrow", arrow::row_count).await
    }

    /// Returns the rows in a format, of which `count` counts them.
    async fn text(mut self, format: &'static str, count: fn(&[u8]) -> usize) -> Result<Bytes> {
        let response = self.send(format).await?;
        let text = response.bytes();
        match self.truncated(response.meta(), || count(text)) {
            Some(error) if !self.allow_truncated => Err(error),
            _ => Ok(text.clone()),
        }
    }

    /// Returns the error of a result that the server truncated.
    fn truncated(&self, meta: &Meta, rows: impl Fn() -> usize) -> Option<Error> {
        let reason = if let Some(limit) = default_limit(meta) {
            let rows = Some(rows()).filter(|rows| *rows >= limit)?;
            format!("the server cut the result at {rows} rows; give the query a `LIMIT`")
        } else if !self.has_number(DEFAULT_MAX_ROWS) && rows() == DEFAULT_MAX_ROWS {
            format!(
                "the server returns at most {DEFAULT_MAX_ROWS} rows, and this query may have more; \
                 filter them, or ask for `LIMIT {DEFAULT_MAX_ROWS}`"
            )
        } else {
            return None;
        };
        Some(Error::incomplete(reason))
    }

    /// Returns whether a number occurs anywhere in the query or its parameters.
    fn has_number(&self, number: usize) -> bool {
        let number = number.to_string();
        let params = self.params.iter().map(|param| param.get());
        let mut texts = params.chain([&*self.query]);
        let is_digit = |char: char| char.is_ascii_digit();
        texts.any(|text| {
            text.split(|char| !is_digit(char))
                .any(|digits| digits == number)
        })
    }

    async fn send(&mut self, format: &'static str) -> Result<Response> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let client = self.client.options().for_helper(true);
        let sent = send_with_retry(RetryConfig::default(), true, || {
            let mut query = client.esql().query().query(&*self.query);
            for (name, value) in &self.properties {
                query = query.property(name, value);
            }
            if !self.params.is_empty() {
                query = query.property("params", &self.params);
            }
            if !format.is_empty() {
                query = query.param("format", format);
                if !self.allow_partial {
                    // Such a response has no place to say that it is incomplete.
                    query = query.param("allow_partial_results", false);
                }
            }
            query.send()
        });
        sent.await
    }
}

impl fmt::Debug for Esql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Esql")
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}
