use std::{
    borrow::Cow,
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
};

use serde_json::{Map, Value};

use crate::{
    client::Elasticsearch,
    error::{Error, Result},
    helpers::request::{RetryConfig, send_with_retry},
};

/// Settings that an index gets from its cluster or from its past.
const NOT_COPIED: [&str; 8] = [
    "blocks",
    "creation_date",
    "history",
    "provided_name",
    "resize",
    "uuid",
    "verified_before_close",
    "version",
];

/// A request that creates an index with the mapping and settings of another one.
/// Created by [`Helpers::copy_index`](crate::helpers::Helpers::copy_index).
#[must_use = "nothing is created until it is awaited"]
pub struct CopyIndex {
    source: Elasticsearch,
    index: Cow<'static, str>,
    target: Elasticsearch,
    target_index: Cow<'static, str>,
    settings: bool,
    aliases: bool,
}

impl CopyIndex {
    pub(in crate::helpers) fn new(
        (source, index): (Elasticsearch, Cow<'static, str>),
        (target, target_index): (Elasticsearch, Cow<'static, str>),
    ) -> Self {
        Self {
            source,
            index,
            target,
            target_index,
            settings: true,
            aliases: false,
        }
    }

    /// Sets whether settings are copied, such as analyzers and the number of
    /// shards. Default: `true`.
    ///
    /// Settings that the cluster assigns to an index (UUID, version, blocks) are never
    /// copied.
    pub fn settings(mut self, copy: bool) -> Self {
        self.settings = copy;
        self
    }

    /// Sets whether aliases are copied. Within one cluster, the aliases then refer to
    /// both indices. Default: `false`.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// client.indices().create("books-1").aliases(serde_json::json!({"books": {}})).await?;
    /// client.helpers().copy_index("books-1", &client, "books-2").aliases(true).await?;
    /// let states = client.indices().get("books-2").await?;
    /// assert!(states["books-2"].aliases.contains_key("books"));
    /// # Ok(()) }
    /// ```
    pub fn aliases(mut self, copy: bool) -> Self {
        self.aliases = copy;
        self
    }

    async fn copy(self) -> Result<()> {
        let client = self.source.options().batch(true).for_helper(true);
        let sent = send_with_retry(RetryConfig::default(), true, || {
            client.indices().get(self.index.clone()).send()
        });
        let mut indices: Map<String, Value> = sent.await?.json()?;
        if indices.len() != 1 {
            let message = format!("cannot copy {} indices to one", indices.len());
            return Err(Error::invalid(message));
        }
        let mut index = indices
            .iter_mut()
            .next()
            .map(|(_, index)| index.take())
            .unwrap_or_default();
        let mut part = |name: &str| index.get_mut(name).map(Value::take).unwrap_or_default();

        let mut create = self
            .target
            .indices()
            .create(self.target_index)
            .mappings(part("mappings"));
        if self.settings {
            let mut settings = part("settings");
            if let Some(settings) = settings.get_mut("index").and_then(Value::as_object_mut) {
                settings.retain(|name, _| !NOT_COPIED.contains(&name.as_str()));
                without_initial_recovery(settings);
            }
            create = create.settings(settings);
        }
        if self.aliases {
            create = create.aliases(part("aliases"));
        }
        create.send().await?;
        Ok(())
    }
}

/// Removes the node that an index was shrunk or split on: bound to it, a copy in
/// another cluster would never be allocated.
fn without_initial_recovery(settings: &mut Map<String, Value>) {
    let allocation = settings
        .get_mut("routing")
        .and_then(|routing| routing.get_mut("allocation"))
        .and_then(Value::as_object_mut);
    if let Some(allocation) = allocation {
        allocation.remove("initial_recovery");
    }
}

impl IntoFuture for CopyIndex {
    type Output = Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.copy())
    }
}

impl fmt::Debug for CopyIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyIndex")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}
