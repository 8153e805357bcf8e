//! Reads the rows of an SQL query into structs, page by page.
//!
//! ```no_run
//! # async fn rows(client: es_client::Elasticsearch) -> es_client::Result<()> {
//! use futures_util::TryStreamExt;
//!
//! let mut rows = client
//!     .helpers()
//!     .sql("SELECT brand, price FROM products WHERE price > ?")
//!     .param(20)
//!     .fetch_size(500)
//!     .stream::<(String, f64)>();
//! while let Some((brand, price)) = rows.try_next().await? {
//!     println!("{brand} {price}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Rows are read as those of [ES|QL](super::esql). The cursor is closed at the end and
//! when the stream is dropped. If the response with a page is lost, the page is not
//! requested again, because the cursor may have advanced; this is an error. So is a
//! result that the server has not completed (`wait_for_completion_timeout`).

use std::{fmt, pin::Pin};

use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};

use super::rows::{Column, read_rows};
use crate::{
    client::Elasticsearch,
    error::{Error, Result},
    helpers::request::{RetryConfig, send_with_retry},
    json_read::{self, ReadError},
    response::Response,
};

/// An SQL query; see the [module](self). Created by
/// [`Helpers::sql`](crate::helpers::Helpers::sql).
#[must_use = "a query is run when its rows are read"]
pub struct Sql {
    client: Elasticsearch,
    query: String,
    params: Vec<Box<RawValue>>,
    properties: Vec<(&'static str, Box<RawValue>)>,
    error: Option<Error>,
}

/// A page of rows.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    columns: Vec<Column>,
    #[serde(borrow)]
    rows: Vec<Vec<&'a RawValue>>,
    #[serde(default)]
    cursor: Option<String>,
    /// Of a query with `wait_for_completion_timeout`, whose rows come later.
    #[serde(default)]
    is_running: Option<bool>,
    #[serde(default)]
    is_partial: Option<bool>,
}

impl Page<'_> {
    /// # Errors
    /// There are rows that it does not have.
    fn check(&self) -> Result<()> {
        let reason = if self.is_running == Some(true) {
            "the query has not ended; set a longer `wait_for_completion_timeout`, or none"
        } else if self.is_partial == Some(true) {
            "the query ended early"
        } else {
            return Ok(());
        };
        Err(Error::incomplete(reason))
    }
}

/// The rest of a result, if there is one; closed when it is dropped.
struct Cursor {
    client: Elasticsearch,
    id: Option<String>,
}

impl Drop for Cursor {
    fn drop(&mut self) {
        let (Some(id), Ok(runtime)) = (self.id.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let close = self.client.sql().clear_cursor().cursor(id).send();
        let closing = async move {
            if let Err(error) = close.await {
                tracing::debug!(%error, "the cursor was not closed");
            }
        };
        super::spawn(&runtime, Box::pin(closing));
    }
}

impl Sql {
    pub(in crate::helpers) fn new(client: Elasticsearch, query: String) -> Self {
        Self {
            client,
            query,
            params: Vec::new(),
            properties: Vec::new(),
            error: None,
        }
    }

    /// Adds the value of the next `?` in the query.
    pub fn param(mut self, value: impl Serialize) -> Self {
        match to_raw_value(&value) {
            Ok(value) => self.params.push(value),
            Err(error) => {
                self.error.get_or_insert(Error::encode("params", error));
            }
        }
        self
    }

    /// Sets the number of rows per page. Default: the server's default of 1,000.
    pub fn fetch_size(self, rows: u32) -> Self {
        self.property("fetch_size", &rows)
    }

    /// Sets a filter (Query DSL) that documents must match as well.
    pub fn filter<Q: Serialize + ?Sized>(self, filter: &Q) -> Self {
        self.property("filter", filter)
    }

    /// Sets any other property of the request body, such as `time_zone`. `columnar` is
    /// refused, because values are read as rows.
    pub fn property<V: Serialize + ?Sized>(mut self, name: &'static str, value: &V) -> Self {
        if name == "columnar" {
            let message = "`columnar` cannot be set: values are read as rows";
            self.error.get_or_insert(Error::invalid(message));
        }
        match to_raw_value(value) {
            Ok(value) => self.properties.push((name, value)),
            Err(error) => {
                self.error.get_or_insert(Error::encode(name, error));
            }
        }
        self
    }

    /// Returns all rows, deserialized into `T`.
    ///
    /// ```
    /// use es_client::{Elasticsearch, es_transport::Body, http::Response};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> es_client::Result<()> {
    /// let client = Elasticsearch::from_service(tower::service_fn(async |_| {
    ///     let rows = r#"{"columns": [{"name": "brand", "type": "keyword"},
    ///         {"name": "price", "type": "double"}], "rows": [["acme", 12.5]]}"#;
    ///     Ok::<_, std::io::Error>(Response::new(Body::from(rows)))
    /// }));
    /// let query = client.helpers().sql("SELECT brand, price FROM products WHERE price > ?");
    /// let query = query.param(10);
    /// assert_eq!(query.rows::<(String, f64)>().await?, [("acme".to_owned(), 12.5)]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no response, if the query is invalid, or if a row
    /// cannot be deserialized.
    pub async fn rows<T: DeserializeOwned + Send + 'static>(self) -> Result<Vec<T>> {
        self.stream().try_collect().await
    }

    /// Returns the rows as a stream, deserialized into `T`. If an error occurs, it is the
    /// last item.
    pub fn stream<T>(self) -> Pin<Box<dyn Stream<Item = Result<T>> + Send>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let pages =
            stream::try_unfold(Reader::Query(self), |reader| async move {
                let page = reader.next_page::<T>().await?;
                Ok::<_, Error>(page.map(|(rows, reader)| {
                    (stream::iter(rows.into_iter().map(Ok::<_, Error>)), reader)
                }))
            });
        pages.try_flatten().boxed()
    }
}

/// The next thing to read.
enum Reader {
    Query(Sql),
    /// With the columns, and the number of rows that were read.
    Rest(Cursor, Vec<Column>, usize),
    Ended,
}

impl Reader {
    async fn next_page<T: DeserializeOwned>(self) -> Result<Option<(Vec<T>, Self)>> {
        let (response, mut cursor, columns, read) = match self {
            Self::Ended => return Ok(None),
            Self::Query(sql) => {
                let (response, cursor) = sql.send().await?;
                (response, cursor, Vec::new(), 0)
            }
            Self::Rest(cursor, columns, read) => (cursor.send().await?, cursor, columns, read),
        };
        let decode = |error: ReadError| {
            let (meta, body) = (response.meta().clone(), response.bytes().clone());
            Error::decode("the rows of `sql.query`", error, meta, body)
        };
        let page: Page<'_> = json_read::from_bytes(response.bytes()).map_err(decode)?;
        page.check()?;
        // A response that could not be read leaves the cursor to be closed.
        cursor.id = page.cursor.filter(|id| !id.is_empty());
        let columns = if page.columns.is_empty() {
            columns
        } else {
            page.columns
        };
        let rows = read_rows(&columns, &page.rows, read).map_err(|error| decode(error.into()))?;
        let read = read + rows.len();
        let next = match cursor.id {
            Some(_) => Self::Rest(cursor, columns, read),
            None => Self::Ended,
        };
        Ok(Some((rows, next)))
    }
}

impl Sql {
    /// Requests the first page. Returns a cursor that has no position yet.
    async fn send(mut self) -> Result<(Response, Cursor)> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let client = self.client.options().for_helper(true);
        // If the response is lost, the server closes its cursor some time later.
        let sent = send_with_retry(RetryConfig::default(), true, || {
            let mut query = client.sql().query().query(&*self.query);
            if !self.params.is_empty() {
                query = query.property("params", &self.params);
            }
            for (name, value) in &self.properties {
                query = query.property(name, value);
            }
            query.send()
        });
        let (response, client) = (sent.await?, self.client);
        Ok((response, Cursor { client, id: None }))
    }
}

impl Cursor {
    /// Requests the next page.
    async fn send(&self) -> Result<Response> {
        let client = self.client.options().for_helper(false);
        let id = self.id.as_deref().unwrap_or_default();
        let sent = send_with_retry(RetryConfig::default(), false, || {
            client.sql().query().cursor(id).send()
        });
        sent.await
    }
}

impl fmt::Debug for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sql")
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}
