//! Searches that go on while something else happens.

use std::{
    error::Error as _,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use es_client::{Elasticsearch, Error, SearchResponse};
use serde_json::{Value, json};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

/// Searches one after the other, in several tasks, until they are asked to end.
pub(crate) struct Searches {
    over: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Vec<Search>>>,
}

struct Search {
    at: Duration,
    took: Duration,
    failure: Option<String>,
}

impl Searches {
    pub(crate) fn begin(client: &Elasticsearch, index: &'static str) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let began = Instant::now();
        let task = |_| {
            let (client, over) = (client.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                let mut searches = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let (at, from) = (began.elapsed(), Instant::now());
                    let failure = search(&client, index).await.err();
                    searches.push(Search { at, took: from.elapsed(), failure });
                    sleep(Duration::from_millis(20)).await;
                }
                searches
            })
        };
        let tasks = (0..2).map(task).collect();
        Self { over, tasks }
    }

    pub(crate) async fn end(self) -> Report {
        self.over.store(true, Ordering::Relaxed);
        let mut report = Report { took: Vec::new(), failures: Vec::new() };
        for task in self.tasks {
            for search in task.await.unwrap() {
                report.took.push(search.took);
                let Some(failure) = search.failure else { continue };
                report.failures.push(format!("{:.1?} {:.1?}: {failure}", search.at, search.took));
            }
        }
        report.took.sort_unstable();
        report
    }
}

/// Every shard must have its say.
async fn search(client: &Elasticsearch, index: &'static str) -> Result<(), String> {
    let search = client.search::<Value>(index).allow_partial_search_results(false);
    let query = json!({"match": {"text": "shoes"}});
    let found: Result<SearchResponse<Value>, _> = search.query(query).size(5).await;
    match found {
        Ok(found) if found.shards.failed == 0 && !found.timed_out => Ok(()),
        Ok(found) => Err(format!("incomplete: {:?}", found.shards)),
        Err(error) => Err(in_full(&error)),
    }
}

/// An error with its causes and every attempt.
pub(crate) fn in_full(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text += &format!(": {source}");
        cause = source.source();
    }
    let of_answer = error.as_api().map(|api| api.meta.attempts());
    let attempts = of_answer.or(error.as_transport().map(es_transport::Error::attempts));
    format!("{text}; {:?}", attempts.unwrap_or_default())
}

/// How long the searches took, sorted, and those that failed.
pub(crate) struct Report {
    took: Vec<Duration>,
    failures: Vec<String>,
}

impl Report {
    /// # Panics
    /// A search failed, or there was none.
    pub(crate) fn assert_none_failed(&self) {
        assert!(!self.took.is_empty());
        let first: Vec<_> = self.failures.iter().take(5).collect();
        assert!(first.is_empty(), "{self}; {first:#?}");
    }

    fn percentile(&self, percent: usize) -> Duration {
        let at = (self.took.len() * percent).div_ceil(100).saturating_sub(1);
        self.took.get(at).copied().unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} searches, {} failed, p50 {:.1?}, p99 {:.1?}, longest {:.1?}",
            self.took.len(),
            self.failures.len(),
            self.percentile(50),
            self.percentile(99),
            self.percentile(100),
        )
    }
}
