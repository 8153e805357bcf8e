//! Which fault meets which request.

use std::time::Duration;

use bytes::Bytes;
use http::Request;

use super::{Fault, Kind};

/// The faults of one node that are still to come.
#[derive(Debug, Default)]
pub(crate) struct Pending(Vec<Fault>);

impl Pending {
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The delays that meet a request, added up, and the first other fault that does.
    pub fn take(&mut self, request: &Request<Bytes>) -> (Duration, Option<Fault>) {
        let mut delay = Duration::ZERO;
        let mut taken = None;
        for fault in &mut self.0 {
            let is_delay = matches!(fault.kind, Kind::Delay(_));
            if (taken.is_some() && !is_delay) || !fault.fits(request) {
                continue;
            }
            fault.remaining = fault.remaining.map(|left| left - 1);
            match fault.kind {
                Kind::Delay(time) => delay += time,
                _ => taken = Some(fault.clone()),
            }
        }
        self.0.retain(|fault| fault.remaining != Some(0));
        (delay, taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_counted_by_fitting_requests() {
        let request = |path: &str| Request::get(path).body(Bytes::new()).unwrap();
        let mut pending = Pending::default();
        pending.add(Fault::hang().once().on_path("_bulk"));
        pending.add(Fault::delay(Duration::from_secs(1)).times(2));
        let (delay, fault) = pending.take(&request("/_search"));
        assert!(delay == Duration::from_secs(1) && fault.is_none());
        let (delay, fault) = pending.take(&request("/_bulk"));
        assert!(delay == Duration::from_secs(1) && fault.is_some());
        assert!(pending.0.is_empty());
    }
}
