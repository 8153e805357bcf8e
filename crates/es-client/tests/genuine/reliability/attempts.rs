//! The attempts of the client under test.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use es_transport::node::{AttemptEnd, Candidates, Node, NodeSelector, RequestContext, RoundRobin};

/// The default selector, which notes every attempt.
#[derive(Clone, Default)]
pub(crate) struct Attempts(Arc<Noted>);

#[derive(Default)]
struct Noted {
    inner: RoundRobin,
    counts: Mutex<Counts>,
}

#[derive(Clone, Default)]
struct Counts {
    all: u64,
    /// Attempts after a request's first one.
    again: u64,
    /// By node, those that succeeded.
    by_node: BTreeMap<String, u64>,
    /// By how they ended, the others.
    failed: BTreeMap<String, u64>,
}

impl Attempts {
    /// Number of attempts that each node served.
    pub(crate) fn by_node(&self) -> BTreeMap<String, u64> {
        self.0.counts.lock().unwrap().by_node.clone()
    }
}

impl NodeSelector for Attempts {
    fn select(&self, nodes: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        self.0.inner.select(nodes, request)
    }

    fn attempt_started(&self, _: &Node, request: &RequestContext<'_>) {
        let mut counts = self.0.counts.lock().unwrap();
        counts.all += 1;
        counts.again += u64::from(request.attempt() > 1);
    }

    fn attempt_ended(&self, node: &Node, end: &AttemptEnd<'_>, _: Duration) {
        let mut counts = self.0.counts.lock().unwrap();
        let why = match end {
            AttemptEnd::Status(status) if status.is_success() => {
                *counts.by_node.entry(node.url().to_owned()).or_default() += 1;
                return;
            }
            AttemptEnd::Status(status) => status.to_string(),
            AttemptEnd::Failed(error) => error.to_string(),
            _ => "dropped".to_owned(),
        };
        *counts.failed.entry(why).or_default() += 1;
    }
}

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0.counts.lock().unwrap();
        write!(
            f,
            "{} attempts, {} of them retries",
            counts.all, counts.again
        )?;
        for (why, count) in &counts.failed {
            write!(f, "; {count} × {why}")?;
        }
        Ok(())
    }
}
