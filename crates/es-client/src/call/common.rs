//! The methods of every call.

use std::{borrow::Cow, future::IntoFuture, time::Duration};

use es_transport::Setting;
use serde::de::DeserializeOwned;

use super::{
    future::{CallFuture, StreamFuture, TypedFuture},
    outcome::AcceptedResponse,
    parts::RequestParts,
};
use crate::{
    error::Result,
    options::ClientOptions,
    params::{Param, ToParam},
    types::Documents,
};

/// Access to the parts of a call.
pub trait Sealed: Clone {
    /// Returns the parts.
    fn parts(&mut self) -> &mut RequestParts;
}

/// Methods of every call. To use them, import this trait or the
/// [`prelude`](crate::prelude).
///
/// ```
/// use std::time::Duration;
/// use es_client::Call;
/// use serde_json::Value;
///
/// # async fn story(client: es_client::Elasticsearch) -> es_client::Result<()> {
/// let search = client
///     .search::<Value>("products")
///     .size(20)
///     .header("x-tenant", "7")
///     .opaque_id("shop-17")
///     .request_timeout(Duration::from_secs(2))
///     .max_retries(1);
/// println!("{}", search.curl()?);
///
/// // A call can be sent many times.
/// let page = search.clone().await?;
/// let raw = search.filter_path("hits.total").send().await?;
/// println!("{} from {:?}", raw.status(), raw.meta().node());
/// # Ok(())
/// # }
/// ```
pub trait Call: Sealed + Sized {
    /// Sets the paths of the response to return, such as `hits.hits._id`. Default: all.
    ///
    /// ```
    /// use es_client::prelude::*;
    ///
    /// let client = Elasticsearch::builder().node("http://localhost:9200").build()?;
    /// let search = client.search::<()>("products").filter_path(["took", "hits.hits._id"]);
    /// assert!(search.curl()?.contains("filter_path=took,hits.hits._id"));
    /// # Ok::<(), es_client::Error>(())
    /// ```
    #[must_use]
    fn filter_path(self, paths: impl Param<[String]>) -> Self {
        self.param("filter_path", paths)
    }

    /// Sets whether the response is indented. Default: `false`.
    #[must_use]
    fn pretty(self, value: impl Param<bool>) -> Self {
        self.param("pretty", value)
    }

    /// Sets whether times and sizes in the response are human-readable. Default:
    /// `false`.
    #[must_use]
    fn human(self, value: impl Param<bool>) -> Self {
        self.param("human", value)
    }

    /// Sets whether errors include the server's stack trace. Default: `false`.
    #[must_use]
    fn error_trace(self, value: impl Param<bool>) -> Self {
        self.param("error_trace", value)
    }

    /// Sets a query parameter by its name, for parameters that the client does not know.
    ///
    /// ```
    /// use es_client::prelude::*;
    ///
    /// let client = Elasticsearch::builder().node("http://localhost:9200").build()?;
    /// let search = client.search::<()>("products").param("a_parameter_of_a_later_version", 7);
    /// assert!(search.curl()?.contains("a_parameter_of_a_later_version=7"));
    /// # Ok::<(), es_client::Error>(())
    /// ```
    #[must_use]
    fn param(mut self, name: impl Into<Cow<'static, str>>, value: impl ToParam) -> Self {
        self.parts().any_query(name.into(), value);
        self
    }

    /// Sets a header of this call. The value is treated as a secret.
    #[must_use]
    fn header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.options(|options| options.header(name.as_ref(), value.as_ref()))
    }

    /// Sets `X-Opaque-Id`, which Elasticsearch includes in its logs and tasks.
    #[must_use]
    fn opaque_id(self, id: impl AsRef<str>) -> Self {
        self.options(|options| options.opaque_id(id.as_ref()))
    }

    /// Sets the time limit of each attempt, including its response. `None` inherits the
    /// client's setting; `Setting::Off` is no limit.
    #[must_use]
    fn request_timeout(self, timeout: impl Into<Setting<Duration>>) -> Self {
        self.options(|options| options.request_timeout(timeout))
    }

    /// Sets the maximum number of retries. `None` inherits the client's setting.
    #[must_use]
    fn max_retries(self, retries: impl Into<Option<u32>>) -> Self {
        self.options(|options| options.max_retries(retries))
    }

    /// Sets any other option of this call: credentials, timeouts, retries.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// use es_client::{Call, http::StatusCode};
    ///
    /// let missing = client.indices().get("no-such-index");
    /// let response = missing.options(|o| o.ignore_status([StatusCode::NOT_FOUND])).send().await?;
    /// assert_eq!(response.status(), StatusCode::NOT_FOUND);
    /// # Ok(()) }
    /// ```
    #[must_use]
    fn options(mut self, change: impl FnOnce(ClientOptions) -> ClientOptions) -> Self {
        self.parts().options(change);
        self
    }

    /// Adds a value to the extensions of the request, for custom layers.
    #[must_use]
    fn extension<V: Clone + Send + Sync + 'static>(mut self, value: V) -> Self {
        self.parts().extension(value);
        self
    }

    /// Returns the call as a curl command without secrets; see
    /// [`curl`](es_transport::curl). Headers and credentials that options set are left out.
    ///
    /// ```
    /// use es_client::prelude::*;
    ///
    /// let client = Elasticsearch::builder().node("http://localhost:9200").build()?;
    /// let command = client.delete("products", "1").refresh(true).curl()?;
    /// assert_eq!(command, r#"curl -X DELETE "$ES_URL"'/products/_doc/1?refresh=true'"#);
    ///
    /// // A part of the path is empty.
    /// assert!(client.delete("products", "").curl().unwrap_err().is_invalid());
    /// # Ok::<(), es_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the call is invalid and cannot be sent.
    fn curl(&self) -> Result<String> {
        self.clone().parts().curl()
    }

    /// Sends the call, and returns the typed response together with its status, headers,
    /// node, attempts and the server's warnings.
    ///
    /// ```
    /// use es_client::prelude::*;
    ///
    /// # async fn story(client: Elasticsearch) -> es_client::Result<()> {
    /// let found = client.search::<serde_json::Value>("products").size(20).typed().await?;
    /// println!("{:?} hits from {:?}", found.total(), found.meta().node());
    /// for warning in found.meta().warnings() {
    ///     println!("{warning}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn typed<T>(self) -> TypedFuture<T>
    where
        Self: IntoFuture<IntoFuture = CallFuture<T>>,
    {
        TypedFuture(self.into_future())
    }

    /// Sends the call, and returns the documents of the response. A response from which
    /// hits are missing because shards failed or the search timed out is an error, and so
    /// is a document that does not match the type. To handle these cases yourself, read
    /// the response instead.
    ///
    /// ```
    /// use es_client::prelude::*;
    ///
    /// # #[derive(serde::Deserialize)]
    /// # struct Product;
    /// # async fn story(client: Elasticsearch) -> es_client::Result<()> {
    /// let products: Vec<Product> = client.search("products").size(20).into_documents().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn into_documents<R>(mut self) -> CallFuture<Vec<R::Document>>
    where
        Self: IntoFuture<IntoFuture = CallFuture<R>>,
        R: Documents + DeserializeOwned,
    {
        self.parts().take().send(AcceptedResponse::documents::<R>)
    }

    /// Sends the call, and decodes the response into any type.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// use es_client::Call;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Greeting {
    ///     tagline: String,
    /// }
    /// let greeting: Greeting = client.info().json().await?;
    /// assert_eq!(greeting.tagline, "You Know, for Search");
    /// # Ok(()) }
    /// ```
    fn json<T: DeserializeOwned>(mut self) -> CallFuture<T> {
        self.parts().take().send(AcceptedResponse::json)
    }

    /// Sends the call, and returns the response as a stream, in constant memory.
    fn stream(mut self) -> StreamFuture {
        self.parts().take().stream()
    }
}
