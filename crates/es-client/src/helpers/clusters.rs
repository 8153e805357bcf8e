//! The clusters that took part in a search or a query across clusters.

use serde::Deserialize;

/// Their numbers in a response.
#[derive(Deserialize)]
pub(super) struct Clusters {
    pub total: Option<u32>,
    /// Those that could not be searched, and may be missing.
    skipped: Option<u32>,
    partial: Option<u32>,
    failed: Option<u32>,
}

impl Clusters {
    /// Returns the number of clusters of which results may be missing.
    pub fn missing(&self) -> u32 {
        let counts = [self.skipped, self.partial, self.failed];
        counts.into_iter().flatten().fold(0, u32::saturating_add)
    }
}
