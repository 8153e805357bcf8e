//! A run before it starts: its settings, and the parts that they make.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64},
    },
    time::Duration,
};

use es_transport::rng::Rng;
use http::uri::PathAndQuery;
use tokio::runtime::Handle;

use super::{
    batch_builder::Limits,
    concurrency::Concurrency,
    context::BulkContext,
    dead_letter::DeadLetterWriter,
    engine::{EngineSettings, OnDurable},
    groups::{Batches, Nodes},
    progress::OnProgress,
    rate_limit::RateLimit,
    request_size::RequestSize,
};
use crate::{
    client::Elasticsearch,
    error::{Error, Result},
    helpers::request::RetryConfig,
    path::{PartKind, push_pair, push_part},
};

/// The number of halvings of batches that are refused as a whole, to find the
/// operation that causes it; each half that is accepted allows one more.
const HALVINGS: i64 = 64;

/// A run without its source.
pub(super) struct Plan {
    pub client: Elasticsearch,
    pub index: Cow<'static, str>,
    pub settings: Settings,
}

/// The settings of a run, the same for every kind of source.
pub(super) struct Settings {
    pub limits: Limits,
    pub flush_interval: Duration,
    pub in_flight: InFlight,
    pub retry: RetryConfig,
    pub make_ids: bool,
    pub by_node: bool,
    pub keep_failures: usize,
    /// Parameters of every request.
    pub query: Vec<(&'static str, Cow<'static, str>)>,
    pub progress: Option<OnProgress>,
    pub initial_retries: u32,
    pub continue_on_error: bool,
    pub stop_after_failures: u64,
    pub keep_order: bool,
    pub rate: RateLimit,
    pub on_durable: Option<OnDurable>,
    pub dead_letters: Option<DeadLetterWriter>,
}

/// The number of requests in flight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum InFlight {
    /// 4, or as many as nodes if each request is for one of them.
    Default,
    Fixed(usize),
    /// Adapted to the cluster, with this maximum.
    Adaptive(usize),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits {
                bytes: 5 << 20,
                operations: 5_000,
            },
            flush_interval: Duration::from_secs(1),
            in_flight: InFlight::Default,
            retry: RetryConfig {
                max_retries: 10,
                ..RetryConfig::default()
            },
            make_ids: false,
            by_node: true,
            keep_failures: 100,
            query: Vec::new(),
            progress: None,
            initial_retries: 3,
            continue_on_error: false,
            stop_after_failures: u64::MAX,
            keep_order: false,
            rate: RateLimit::default(),
            on_durable: None,
            dead_letters: None,
        }
    }
}

impl Plan {
    /// Returns what a run is made of; `detail` is whether the outcome of each
    /// operation is asked for.
    pub fn into_parts<C>(
        self,
        detail: bool,
    ) -> Result<(Arc<BulkContext>, EngineSettings, Batches<C>)> {
        let Self {
            client,
            index,
            settings,
        } = self;
        settings.rate.check()?;
        let compression = client.transport().compression();
        let target = target(&index, &settings.query, detail)?;
        let index: Arc<str> = index.into();
        let nodes = settings.nodes(&client, &index);
        let concurrency = settings.concurrency(&client, nodes.is_some());
        let context = Arc::new(BulkContext {
            client,
            target,
            index,
            detail,
            retry: settings.retry,
            rng: Rng::new(),
            halvings: AtomicI64::new(HALVINGS),
            accepted: AtomicBool::new(false),
            initial_retries: settings.initial_retries,
            responded: AtomicBool::new(false),
            was_away: AtomicBool::new(false),
            continue_on_error: settings.continue_on_error,
        });
        let limits = settings.rate.limit_batch(settings.limits);
        let engine = EngineSettings {
            flush_interval: settings.flush_interval,
            concurrency,
            size: RequestSize::new(limits.bytes),
            keep_failures: settings.keep_failures,
            on_progress: settings.progress,
            stop_after_failures: settings.stop_after_failures,
            rate: settings.rate,
            on_durable: settings.on_durable,
            dead_letters: settings.dead_letters,
        };
        let mut batches = Batches::new(limits, compression);
        if settings.make_ids {
            batches = batches.make_ids();
        }
        if settings.keep_order {
            batches = batches.keep_order(Arc::clone(&context.index));
        }
        if let Some(nodes) = nodes {
            batches = batches.by_node(nodes);
        }
        Ok((context, engine, batches))
    }
}

impl Settings {
    /// Returns the number of requests in flight. If operations are grouped by node, the
    /// live nodes raise the default.
    fn concurrency(&self, client: &Elasticsearch, grouped: bool) -> Concurrency {
        match self.in_flight {
            InFlight::Fixed(requests) => Concurrency::fixed(requests),
            InFlight::Adaptive(most) => Concurrency::adaptive(most),
            InFlight::Default => {
                let concurrency = Concurrency::fixed(4);
                match client.transport().pool().filter(|_| grouped) {
                    Some(pool) => concurrency.at_least_nodes_of(Arc::clone(pool)),
                    None => concurrency,
                }
            }
        }
    }

    /// Returns what finds the nodes of operations, if they are grouped by it. Of one
    /// request at a time, only one node would work.
    fn nodes(&self, client: &Elasticsearch, index: &Arc<str>) -> Option<Nodes> {
        let transport = client.transport();
        let is_one_at_a_time = matches!(
            self.in_flight,
            InFlight::Fixed(..2) | InFlight::Adaptive(..2)
        );
        if !self.by_node || is_one_at_a_time || !transport.knows_shards() {
            return None;
        }
        let routing = self.query.iter().find(|(name, _)| *name == "routing");
        let transport = transport.clone();
        // An iterator's thread is not one of the runtime, which fetches the shards.
        let runtime = Handle::try_current().ok();
        Some(Nodes {
            index: Arc::clone(index),
            routing: routing.map(|(_, value)| value.as_ref().into()),
            of: Box::new(move |index, id, routing| {
                let _entered = runtime.as_ref().map(Handle::enter);
                transport.write_node(index, id, routing)
            }),
        })
    }
}

/// Returns where the requests go. The response need not have what nobody reads:
/// for totals it has the status and error of each item, else all but its shards.
fn target(index: &str, parameters: &[(&str, Cow<'_, str>)], detail: bool) -> Result<PathAndQuery> {
    let mut target = String::from("/");
    push_part(&mut target, "index", index, PartKind::Single)?;
    target.push_str("/_bulk");
    let wanted = if detail {
        "-items.*._shards"
    } else {
        "errors,items.*.status,items.*.error,items.*.failure_store"
    };
    target.push('?');
    for (name, value) in parameters {
        push_pair(&mut target, name, value);
        target.push('&');
    }
    push_pair(&mut target, "filter_path", wanted);
    PathAndQuery::try_from(target).map_err(|_| Error::invalid("the path is too long"))
}
