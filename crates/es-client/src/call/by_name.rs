//! Calls of endpoints by their names, for tools and scripts.

use std::{borrow::Cow, fmt, future::IntoFuture, sync::Arc};

use es_transport::Body;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use super::{
    future::{CallFuture, StreamFuture},
    outcome::AcceptedResponse,
    parts::RequestParts,
};
use crate::{
    client::Elasticsearch,
    endpoint::{BodyForm, COMMON, Endpoint},
    error::{Error, Result},
    params::{Param, ToParam, raw},
    response::Response,
};

impl Elasticsearch {
    /// Calls an endpoint by its name in Elasticsearch's specification.
    ///
    /// `params` is an object with path parts and query parameters; lists are joined by
    /// commas, and `null` is not sent. `body` is any serializable value: for endpoints
    /// that take newline-delimited JSON, a list of the lines; `()` for no body. To send
    /// existing JSON text unchanged, pass a [`RawValue`] or use
    /// [`raw_body`](CallByName::raw_body).
    ///
    /// # Errors
    /// Returns an error, and sends nothing, if the name or a parameter is unknown, or
    /// if a required parameter or body is missing. [`param`](CallByName::param) sets
    /// parameters that the client does not know.
    ///
    /// ```no_run
    /// # async fn tool(client: es_client::Elasticsearch) -> es_client::Result<()> {
    /// use serde_json::json;
    ///
    /// let body = json!({"settings": {"number_of_shards": 3}});
    /// client.call("indices.create", json!({"index": "products"}), body).await?;
    /// let health = client.call("cluster.health", json!({"level": "shards"}), ()).await?;
    ///
    /// let lines = "{\"index\":{}}\n{\"title\":\"trail shoes\"}\n";
    /// client.call("bulk", json!({"index": "products"}), ()).raw_body(lines).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call(&self, name: &str, params: impl Serialize, body: impl Serialize) -> CallByName {
        let inner = Endpoint::find(name)
            .ok_or_else(|| Error::invalid(format!("there is no endpoint `{name}`")))
            .and_then(|endpoint| by_name(self, endpoint, params, body));
        match inner {
            Ok((endpoint, parts)) => CallByName {
                endpoint: Some(endpoint),
                parts,
                error: None,
            },
            Err(error) => {
                let parts = RequestParts::new(self, &Endpoint::NEW);
                CallByName {
                    endpoint: None,
                    parts,
                    error: Some(Arc::new(error)),
                }
            }
        }
    }
}

/// A call of an endpoint by its name. Created by [`Elasticsearch::call`].
#[must_use = "a call is sent when it is awaited"]
pub struct CallByName {
    endpoint: Option<&'static Endpoint>,
    parts: RequestParts,
    error: Option<Arc<Error>>,
}

impl CallByName {
    /// Sets any query parameter, including those that the client does not know.
    pub fn param(mut self, name: impl Into<Cow<'static, str>>, value: impl ToParam) -> Self {
        self.parts.any_query(name.into(), value);
        self
    }

    /// Sets the paths of the response to return, such as `hits.hits._id`. Default: all.
    pub fn filter_path(self, paths: impl Param<[String]>) -> Self {
        self.param("filter_path", paths)
    }

    /// Sets the body to bytes, text, or a [stream](Body::stream), which are sent unchanged.
    ///
    /// Its media type is that of the endpoint unless [`header`](Self::header) sets
    /// another one.
    pub fn raw_body(mut self, body: impl Into<Body>) -> Self {
        self.parts.raw(body.into());
        self
    }

    /// Sets a header of this call. The value is treated as a secret.
    ///
    /// A `Content-Type` replaces that of the endpoint.
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.options(|options| options.header(name.as_ref(), value.as_ref()))
    }

    /// Sets options of this call: credentials, timeouts, retries.
    pub fn options(
        mut self,
        change: impl FnOnce(crate::ClientOptions) -> crate::ClientOptions,
    ) -> Self {
        self.parts.options(change);
        self
    }

    /// Adds a value to the extensions of the request, for custom layers.
    pub fn extension<V: Clone + Send + Sync + 'static>(mut self, value: V) -> Self {
        self.parts.extension(value);
        self
    }

    /// Returns the call as a curl command without secrets; see
    /// [`curl`](es_transport::curl). Headers and credentials that options set are left out.
    ///
    /// ```
    /// use es_client::Elasticsearch;
    /// use serde_json::json;
    ///
    /// let client = Elasticsearch::builder().node("http://localhost:9200").build()?;
    /// let call = client.call("indices.delete", json!({"index": ["a", "b"]}), ());
    /// assert_eq!(call.curl()?, r#"curl -X DELETE "$ES_URL"'/a,b'"#);
    ///
    /// let unknown = client.call("indices.destroy", json!({}), ());
    /// assert!(unknown.curl().unwrap_err().is_invalid());
    /// # Ok::<(), es_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the call is invalid and cannot be sent.
    pub fn curl(&self) -> Result<String> {
        self.check()?;
        self.parts.curl()
    }

    /// Sends the call, and returns the response undecoded; the same as awaiting it.
    pub fn send(self) -> CallFuture<Response> {
        self.send_as(AcceptedResponse::raw)
    }

    /// Sends the call, and decodes the response into any type.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// use es_client::types::ClusterHealth;
    ///
    /// let call = client.call("cluster.health", serde_json::json!({"timeout": "2s"}), ());
    /// let health: ClusterHealth = call.json().await?;
    /// assert_eq!(health.number_of_nodes, 1);
    /// # Ok(()) }
    /// ```
    pub fn json<T: DeserializeOwned>(self) -> CallFuture<T> {
        self.send_as(AcceptedResponse::json)
    }

    /// Sends the call, and returns the response as a stream, in constant memory.
    pub fn stream(self) -> StreamFuture {
        match self.into_parts() {
            Ok(parts) => parts.stream(),
            Err(error) => StreamFuture::new(std::future::ready(Err(error))),
        }
    }

    fn send_as<T>(self, decode: fn(AcceptedResponse) -> Result<T>) -> CallFuture<T> {
        match self.into_parts() {
            Ok(parts) => parts.send(decode),
            Err(error) => CallFuture::failed(error, decode),
        }
    }

    fn into_parts(self) -> Result<RequestParts> {
        self.check()?;
        Ok(self.parts)
    }

    /// Returns the errors that the parts do not have.
    fn check(&self) -> Result<()> {
        if let Some(error) = &self.error {
            return Err(Error::shared(Arc::clone(error)));
        }
        match self.endpoint {
            Some(endpoint) if endpoint.body_required && !self.parts.has_body() => {
                Err(Error::invalid(format!("`{}` needs a body", endpoint.name)))
            }
            _ => Ok(()),
        }
    }
}

impl IntoFuture for CallByName {
    type Output = Result<Response>;
    type IntoFuture = CallFuture<Response>;

    fn into_future(self) -> CallFuture<Response> {
        self.send_as(AcceptedResponse::raw)
    }
}

impl fmt::Debug for CallByName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.fmt(f)
    }
}

fn by_name(
    client: &Elasticsearch,
    endpoint: &'static Endpoint,
    params: impl Serialize,
    body: impl Serialize,
) -> Result<(&'static Endpoint, RequestParts)> {
    let params = serde_json::to_value(params).map_err(|error| Error::encode("params", error))?;
    let params = match params {
        Value::Null => serde_json::Map::new(),
        Value::Object(params) => params,
        _ => return Err(Error::invalid("`params` must be an object")),
    };
    for required in endpoint.required {
        if params.get(*required).is_none_or(Value::is_null) {
            let name = endpoint.name;
            return Err(Error::invalid(format!(
                "`{name}` needs the parameter `{required}`"
            )));
        }
    }
    let mut parts = RequestParts::new(client, endpoint);
    for (name, value) in params {
        set(&mut parts, endpoint, name, value)?;
    }
    set_body(&mut parts, endpoint, body)?;
    Ok((endpoint, parts))
}

fn set(parts: &mut RequestParts, endpoint: &Endpoint, name: String, value: Value) -> Result<()> {
    if value.is_object() {
        return Err(Error::invalid(format!(
            "the parameter `{name}` cannot be an object"
        )));
    }
    let value = match value {
        Value::Array(values) => values.into_iter().map(raw).collect::<Vec<_>>().to_param(),
        value => value.to_param(),
    };
    let number = endpoint.parts.iter().position(|part| part.name == name);
    let known = |names: &[&str]| names.contains(&&*name);
    if let Some(number) = number {
        parts.part(number, value);
    } else if known(endpoint.query) || known(endpoint.required) || known(&COMMON) {
        parts.any_query(name.into(), value);
    } else {
        let endpoint = endpoint.name;
        return Err(Error::invalid(format!(
            "`{endpoint}` has no parameter `{name}`"
        )));
    }
    Ok(())
}

fn set_body(parts: &mut RequestParts, endpoint: &Endpoint, body: impl Serialize) -> Result<()> {
    let body = serde_json::to_string(&body).map_err(|error| Error::encode("body", error))?;
    if body == "null" {
        return Ok(());
    }
    match endpoint.body {
        BodyForm::None => {
            return Err(Error::invalid(format!("`{}` takes no body", endpoint.name)));
        }
        BodyForm::Ndjson => {
            let lines: Vec<&RawValue> = serde_json::from_str(&body).map_err(|_| {
                Error::invalid(format!(
                    "the body of `{}` must be a list of lines",
                    endpoint.name
                ))
            })?;
            parts.lines(lines);
        }
        BodyForm::Json => parts.raw(body.into()),
    }
    Ok(())
}
