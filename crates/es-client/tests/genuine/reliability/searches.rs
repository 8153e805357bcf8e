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
    /// That the server missed a shard, and what came when it was asked again.
    missed: Option<String>,
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
                    let (mut result, mut missed) = (search(&client, index).await, None);
                    if let Err(Failure::Missed(why)) = result {
                        missed = Some(why);
                        sleep(PAUSE).await;
                        result = search(&client, index).await;
                    }
                    let failure = result.err().map(|failure| failure.to_string());
                    searches.push(Search {
                        at,
                        took: from.elapsed(),
                        missed,
                        failure,
                    });
                    sleep(PAUSE).await;
                }
                searches
            })
        };
        let tasks = (0..2).map(task).collect();
        Self { over, tasks }
    }

    pub(crate) async fn end(self) -> Report {
        self.over.store(true, Ordering::Relaxed);
        let mut report = Report::default();
        for task in self.tasks {
            for Search {
                at,
                took,
                missed,
                failure,
            } in task.await.unwrap()
            {
                report.took.push(took);
                report
                    .missed
                    .extend(missed.map(|why| format!("{at:.1?} {took:.1?}: {why}")));
                report
                    .failures
                    .extend(failure.map(|why| format!("{at:.1?} {took:.1?}: {why}")));
            }
        }
        report.took.sort_unstable();
        report
    }
}

/// Between two searches.
const PAUSE: Duration = Duration::from_millis(20);

enum Failure {
    /// The server's own word that it found no copy of a shard, as may be while one
    /// moves: nothing that a client could have done otherwise.
    Missed(String),
    Other(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missed(why) => write!(f, "twice in a row: {why}"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

/// Every shard must have its say.
async fn search(client: &Elasticsearch, index: &'static str) -> Result<(), Failure> {
    let search = client
        .search::<Value>(index)
        .allow_partial_search_results(false);
    let query = json!({"match": {"text": "shoes"}});
    let found: Result<SearchResponse<Value>, _> = search.query(query).size(5).await;
    match found {
        Ok(found) if found.shards.failed == Some(0) && found.timed_out == Some(false) => Ok(()),
        Ok(found) => Err(Failure::Other(format!("incomplete: {:?}", found.shards))),
        Err(error) => Err(match error.as_api() {
            Some(api) if api.kind.as_deref() == Some("search_phase_execution_exception") => {
                Failure::Missed(format!("{}: {}", in_full(&error), api.body.escape_ascii()))
            }
            _ => Failure::Other(in_full(&error)),
        }),
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
    let of_response = error.as_api().map(|api| api.meta.attempts());
    let attempts = of_response.or(error.as_transport().map(es_transport::Error::attempts));
    format!("{text}; {:?}", attempts.unwrap_or_default())
}

/// Durations of the searches, sorted, those for which the server missed a shard,
/// and those that failed.
#[derive(Default)]
pub(crate) struct Report {
    took: Vec<Duration>,
    missed: Vec<String>,
    failures: Vec<String>,
}

impl Report {
    /// # Panics
    /// A search failed, or there was none, or the server missed a shard more than
    /// once in a hundred.
    pub(crate) fn assert_none_failed(&self) {
        assert!(!self.took.is_empty());
        let first: Vec<_> = self.failures.iter().take(5).collect();
        assert!(first.is_empty(), "{self}; {first:#?}");
        assert!(
            self.missed.len() * 100 <= self.took.len(),
            "{self}; {:#?}",
            self.missed
        );
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
            "{} searches, {} repeated, {} failed, p50 {:.1?}, p99 {:.1?}, longest {:.1?}",
            self.took.len(),
            self.missed.len(),
            self.failures.len(),
            self.percentile(50),
            self.percentile(99),
            self.percentile(100),
        )
    }
}
