//! How nodes are chosen, and what is added to that.

use std::{sync::Arc, time::Duration};

use es_transport::{
    TransportBuilder,
    layer::{HedgeLayer, WindowLayer},
    node::{Ejection, LeastInFlight, PeakEwma, RoundRobin},
};

use super::polled::PolledLoad;

/// A node selector, and the parts that are switched on beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// One after the other.
    RoundRobin,
    /// The one with the fewest requests in flight.
    LeastInFlight,
    /// Two choices by peak EWMA, as all that follow.
    PeakEwma,
    /// With a failure penalty of a second.
    Penalty,
    /// With ejection.
    Ejection,
    /// With a slow start of ten seconds.
    SlowStart,
    /// With hedged reads.
    Hedge,
    /// With windows.
    Windows,
    /// With all of these parts.
    All,
    /// A policy that polls the load of the nodes every five seconds.
    Polled,
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::RoundRobin,
        Self::LeastInFlight,
        Self::Polled,
        Self::PeakEwma,
        Self::Penalty,
        Self::Ejection,
        Self::SlowStart,
        Self::Hedge,
        Self::Windows,
        Self::All,
    ];

    /// Whether parts are switched on beside two choices by peak EWMA.
    pub fn is_part(self) -> bool {
        !matches!(
            self,
            Self::RoundRobin | Self::LeastInFlight | Self::Polled | Self::PeakEwma
        )
    }

    pub(crate) fn settings(
        self,
        builder: TransportBuilder,
        polled: &Arc<PolledLoad>,
    ) -> TransportBuilder {
        const PENALTY: Duration = Duration::from_secs(1);
        const SLOW_START: Duration = Duration::from_secs(10);
        let builder = match self {
            Self::RoundRobin => return builder.node_selector(RoundRobin::starting_at(0)),
            Self::LeastInFlight => return builder.node_selector(LeastInFlight),
            Self::Polled => return builder.node_selector(Arc::clone(polled)),
            _ => builder.node_selector(PeakEwma::default()),
        };
        match self {
            Self::Penalty => builder.failure_penalty(PENALTY),
            Self::Ejection => builder.ejection(Ejection::new()),
            Self::SlowStart => builder.slow_start(SLOW_START),
            Self::Hedge => builder.hedge(HedgeLayer::new()),
            Self::Windows => builder.windows(WindowLayer::new()),
            Self::All => builder
                .failure_penalty(PENALTY)
                .ejection(Ejection::new())
                .slow_start(SLOW_START)
                .hedge(HedgeLayer::new())
                .windows(WindowLayer::new()),
            _ => builder,
        }
    }
}
