//! Documents with ids, and whether each of them is there once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use es_client::{Elasticsearch, helpers::bulk::Operation, params::WaitForActiveShardOptions};
use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::sleep;

use super::server::client;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    number: u64,
    text: String,
}

impl Document {
    pub(crate) fn new(number: u64) -> Self {
        Self {
            number,
            text: format!("trail shoes {}", number % 97),
        }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

/// Writes document `number` under its number.
pub(crate) fn write(number: u64) -> Operation<Document> {
    Operation::index(Document::new(number)).id(number.to_string())
}

/// A new index; with `copies`, one node can be lost without a document.
pub(crate) async fn new_index(name: &str, copies: u32) {
    let client = client();
    let missing = client.options().ignore_status([StatusCode::NOT_FOUND]);
    missing.indices().delete(name).send().await.unwrap();
    let index = client.indices().create(name).settings(json!({
        "number_of_shards": 2,
        "number_of_replicas": copies,
    }));
    let fields = json!({"number": {"type": "long"}, "text": {"type": "text"}});
    let index = index.mappings(json!({"properties": fields}));
    let created = index
        .wait_for_active_shards(WaitForActiveShardOptions::All)
        .await
        .unwrap();
    assert!(created.shards_acknowledged, "{created:?}");
}

/// So many documents, and more of them to come for as long as something lasts:
/// each time a part of what is left. Then the rest.
pub(crate) fn lasting(
    count: u64,
    over: Arc<AtomicBool>,
) -> BoxStream<'static, Operation<Document>> {
    lasting_with(count, over, write)
}

/// The same, with operations of another kind.
pub(crate) fn lasting_with<O: Send + 'static>(
    count: u64,
    over: Arc<AtomicBool>,
    write: impl Fn(u64) -> O + Clone + Send + Sync + 'static,
) -> BoxStream<'static, O> {
    const PAUSE: Duration = Duration::from_millis(100);
    const PARTS: u64 = 800;
    let documents = stream::unfold((0, 0), move |(number, at_once)| {
        let (over, write) = (Arc::clone(&over), write.clone());
        async move {
            let left = count - number;
            if left == 0 {
                return None;
            }
            let at_once = if at_once > 0 || over.load(Ordering::Relaxed) {
                at_once.max(1)
            } else {
                sleep(PAUSE).await;
                left.div_ceil(PARTS)
            };
            Some((write(number), (number + 1, at_once - 1)))
        }
    });
    documents.boxed()
}

/// Asserts that an index holds documents 0 to `count` with what was written,
/// each once, by its count and by reading all of them. Returns the number of those
/// that were written more than once, each time the same.
pub(crate) async fn assert_each_once(name: &str, count: u64) -> u64 {
    let client: Elasticsearch = client();
    refreshed(&client, name).await;
    assert_eq!(
        client.count(name).await.unwrap().count,
        i64::try_from(count).ok()
    );
    let all = client
        .helpers()
        .read_all::<Document>(name)
        .search_property("version", &true);
    let mut hits = all.page_size(5_000).stream();
    let mut seen = vec![false; usize::try_from(count).unwrap()];
    let mut rewritten = 0;
    while let Some(hit) = hits.try_next().await.unwrap() {
        let number: u64 = hit.id.parse().unwrap();
        let seen = &mut seen[usize::try_from(number).unwrap()];
        assert!(!std::mem::replace(seen, true), "{number} is there twice");
        rewritten += u64::from(hit.version.unwrap() > 1);
        assert_eq!(hit.into_source().unwrap().unwrap(), Document::new(number));
    }
    assert!(seen.iter().all(|seen| *seen), "a document is missing");
    client.indices().delete(name).await.unwrap();
    rewritten
}

/// Until every copy was refreshed: one that has just come back may have missed
/// the first time, and would be asked all the same. A node may still be starting.
pub(crate) async fn refreshed(client: &Elasticsearch, name: &str) {
    for _ in 0..240 {
        let shards = client.indices().refresh(name).await.unwrap().shards;
        if shards.successful == shards.total {
            return;
        }
        sleep(Duration::from_secs(1)).await;
    }
    panic!("a copy of {name} is not refreshed");
}
