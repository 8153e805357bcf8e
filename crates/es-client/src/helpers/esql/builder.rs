use std::fmt;

use bytes::Bytes;
use http::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};

use super::rows::Rows;
use crate::{
    client::Elasticsearch,
    error::{Error, Result},
    helpers::request::{HelperRequest, Patience, path_and_query, send_patiently},
    json_body::JsonBody,
    response::Meta,
};

/// An ES|QL query; see the [module](super). Made by
/// [`Helpers::esql`](crate::helpers::Helpers::esql).
#[must_use = "a query is run when its rows are asked for"]
pub struct Esql {
    client: Elasticsearch,
    query: String,
    params: Vec<Box<RawValue>>,
    properties: Vec<(&'static str, Box<RawValue>)>,
    allow_partial: bool,
    error: Option<Error>,
}

impl Esql {
    pub(in crate::helpers) fn new(client: Elasticsearch, query: String) -> Self {
        let (params, properties) = (Vec::new(), Vec::new());
        Self { client, query, params, properties, allow_partial: false, error: None }
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

    /// A value for `?name` in the query.
    pub fn param(mut self, name: &str, value: impl Serialize) -> Self {
        let value = self.raw(name, &value);
        let named = std::collections::BTreeMap::from([(name, value)]);
        let param = self.raw(name, &named);
        self.params.extend(param);
        self
    }

    /// The value for the next `?` in the query. One query takes either these
    /// or named ones.
    pub fn positional_param(mut self, value: impl Serialize) -> Self {
        let value = self.raw("params", &value);
        self.params.extend(value);
        self
    }

    /// What rows must match besides, in Elasticsearch's query DSL.
    pub fn filter<Q: Serialize + ?Sized>(self, filter: &Q) -> Self {
        self.property("filter", filter)
    }

    /// Any other property of the request's body, such as `locale`.
    pub fn property<V: Serialize + ?Sized>(mut self, name: &'static str, value: &V) -> Self {
        let value = self.raw(name, value);
        self.properties.extend(value.map(|value| (name, value)));
        self
    }

    /// Whether an answer that lacks something is none the less one. Default: no;
    /// if so, the server's settings decide whether it gives one.
    pub fn allow_partial_results(mut self, allow: bool) -> Self {
        self.allow_partial = allow;
        self
    }

    /// The rows, each as a `T`.
    ///
    /// # Errors
    /// No answer, an error of the query, or a row that is no `T`.
    pub async fn rows<T: DeserializeOwned>(self) -> Result<Vec<T>> {
        Ok(self.table().await?.rows)
    }

    /// The rows with their columns.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub async fn table<T: DeserializeOwned>(self) -> Result<Rows<T>> {
        let allow_partial = self.allow_partial;
        let (meta, body) = self.send("").await?;
        Rows::read(meta, body, allow_partial)
    }

    /// The rows as CSV text with a line of the columns' names. Servers before
    /// 8.18 take this only with [`allow_partial_results`](Self::allow_partial_results).
    ///
    /// # Errors
    /// No answer, or an error of the query.
    pub async fn csv(self) -> Result<Bytes> {
        Ok(self.send("csv").await?.1)
    }

    /// The rows in the stream format of [Apache Arrow](https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format),
    /// for readers such as `arrow-ipc`'s. For servers see [`csv`](Self::csv).
    ///
    /// # Errors
    /// No answer, or an error of the query.
    pub async fn arrow(self) -> Result<Bytes> {
        Ok(self.send("arrow").await?.1)
    }

    async fn send(mut self, format: &str) -> Result<(Meta, Bytes)> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let mut body = JsonBody::default();
        for (name, value) in &self.properties {
            body.set(name, value)?;
        }
        body.set("query", &*self.query)?;
        if !self.params.is_empty() {
            body.set("params", &self.params)?;
        }
        let mut target = String::from("/_query");
        if !format.is_empty() {
            target.push_str("?format=");
            target.push_str(format);
            if !self.allow_partial {
                // Such an answer has no place to say that it lacks something.
                target.push_str("&allow_partial_results=false");
            }
        }
        let request = HelperRequest {
            name: "esql.query",
            method: Method::POST,
            target: path_and_query(target)?,
            ndjson: false,
            gzip: false,
            repeatable: true,
            body: body.finish(),
        };
        send_patiently(&self.client, &request, Patience::default()).await
    }
}

impl fmt::Debug for Esql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Esql").field("query", &self.query).finish_non_exhaustive()
    }
}
