//! Whether the schedule of faults explains how a call ended.

use es_client::Error;
use es_transport::{
    attempt::{Attempt, Outcome, RetryReason},
    error::FailureClass,
};

use super::{
    calls::{Call, Content, Kind, content},
    schedule::{Event, Schedule},
};

/// How a call ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// With the right response.
    Served,
    /// Without it, for this reason, which is true.
    Failed(String),
    /// Without it, and no fault explains that, or the client could have done better.
    Wrong(String),
}

/// Returns how a call of the nodes with these URLs ended.
pub fn judge(call: &Call, schedule: &Schedule, urls: &[String]) -> Verdict {
    let faults = Faults {
        felt: schedule.felt(call.began, call.ended),
        call,
        urls,
    };
    match &call.result {
        Ok(response) => match content(call, response) {
            Ok(Content::Right) => Verdict::Served,
            Ok(Content::Partial(why)) => faults.explain_cluster(&why),
            Ok(Content::Wrong) => Verdict::Wrong(format!("the response of {:?}", call.kind)),
            Err(error) => Verdict::Wrong(error.to_string()),
        },
        Err(error) => faults.explain(error),
    }
}

/// Whether a write may have been applied before the last attempt.
pub fn was_repeated(attempts: &[Attempt]) -> bool {
    attempts.iter().any(|attempt| {
        matches!(
            attempt.retried,
            Some(RetryReason::Idempotent | RetryReason::Timeout | RetryReason::Status)
        )
    })
}

/// Returns the attempts of a call, if there was more than one.
pub fn attempts(call: &Call) -> &[Attempt] {
    match &call.result {
        Ok(response) => response.meta().attempts(),
        Err(error) => match error.as_transport() {
            Some(error) => error.attempts(),
            None => error.as_api().map_or(&[], |api| api.meta.attempts()),
        },
    }
}

/// The faults during a call.
struct Faults<'a> {
    felt: Vec<Event>,
    call: &'a Call,
    urls: &'a [String],
}

impl Faults<'_> {
    fn explain(&self, error: &Error) -> Verdict {
        let attempts = attempts(self.call);
        if let Some(unexplained) = attempts.iter().find(|attempt| !self.is_explained(attempt)) {
            return Verdict::Wrong(format!("no fault explains {unexplained:?}"));
        }
        if let Some(api) = error.as_api() {
            let status = api.status;
            if error.is_conflict() && matches!(self.call.kind, Kind::Create | Kind::IndexWithoutId)
            {
                return self.explain_conflict(attempts);
            }
            let is_retried = matches!(status.as_u16(), 429 | 502..=504);
            return if is_retried || status.is_server_error() {
                self.explain_cluster(&format!("status {}", status.as_u16()))
            } else {
                Verdict::Wrong(error.to_string())
            };
        }
        let Some(error) = error.as_transport() else {
            return Verdict::Wrong(error.to_string());
        };
        match error.class() {
            // Two of the three nodes have no fault.
            FailureClass::NotSent => Verdict::Wrong("it was not sent".to_owned()),
            FailureClass::MaybeApplied if error.is_timeout() => {
                self.name("no response within the timeout")
            }
            FailureClass::MaybeApplied if !self.call.kind.is_idempotent() => {
                self.name("the connection broke, and the request must not be sent twice")
            }
            _ => Verdict::Wrong("it could have been retried".to_owned()),
        }
    }

    /// Whether a fault explains how an attempt ended.
    fn is_explained(&self, attempt: &Attempt) -> bool {
        match &attempt.outcome {
            Outcome::Failed(why) => {
                // A node without a fault may wait for one with a fault.
                let has_waited = why.starts_with("no response");
                self.has_fault(attempt) || (has_waited && self.is_degraded())
            }
            Outcome::Status(status) if status.is_success() || status.as_u16() == 409 => true,
            Outcome::Status(_) => self.is_degraded(),
            _ => true,
        }
    }

    fn has_fault(&self, attempt: &Attempt) -> bool {
        let (from, to) = (self.call.began, self.call.ended);
        let mut own = self.felt.iter().filter(|event| {
            let url = self.urls.get(event.node).map(String::as_str);
            attempt
                .node
                .as_deref()
                .map(|node| node.trim_end_matches('/'))
                == url
        });
        own.any(|event| event.is_in_force(from, to) || event.fault.concerns_cluster())
    }

    /// Whether the cluster itself lacked a node, for which the others wait.
    fn is_degraded(&self) -> bool {
        self.felt.iter().any(|event| event.fault.concerns_cluster())
    }

    fn explain_cluster(&self, why: &str) -> Verdict {
        if self.is_degraded() {
            self.name(why)
        } else {
            Verdict::Wrong(why.to_owned())
        }
    }

    /// A `create` conflicts with itself if it was sent twice, by the client or by the
    /// server to a new primary; so does a write whose ID the server made, if the server
    /// sent it twice.
    fn explain_conflict(&self, attempts: &[Attempt]) -> Verdict {
        if was_repeated(attempts) || self.is_degraded() {
            self.name("409: a lost response had told that it was created")
        } else {
            Verdict::Wrong("a conflict".to_owned())
        }
    }

    fn name(&self, why: &str) -> Verdict {
        match self.felt.first() {
            Some(event) => Verdict::Failed(format!("{}: {why}", event.fault)),
            None => Verdict::Wrong(why.to_owned()),
        }
    }
}
