//! The query DSL: parsed once, then asked for each document.

mod leaf;
mod parse;
mod range;

use crate::store::{Document, Index};

pub(crate) use leaf::Leaf;
pub(crate) use parse::{from_text, parse};

/// A parsed query.
#[derive(Clone, Debug)]
pub(crate) enum Query {
    All {
        boost: f64,
    },
    None,
    Leaf {
        leaf: Leaf,
        boost: f64,
    },
    Constant {
        filter: Box<Query>,
        boost: f64,
    },
    Bool(Bool),
    /// The best score of several, as `multi_match` gives it.
    Best(Vec<Query>),
}

/// A `bool` query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bool {
    pub(crate) must: Vec<Query>,
    pub(crate) filter: Vec<Query>,
    pub(crate) should: Vec<Query>,
    pub(crate) must_not: Vec<Query>,
    pub(crate) minimum_should_match: Option<usize>,
    pub(crate) boost: f64,
}

impl Query {
    /// The document's score, or `None` when it does not match.
    ///
    /// Scores order documents sensibly (more and rarer words in common are better) but are not
    /// the numbers of the genuine server's BM25.
    pub(crate) fn score(&self, index: &Index, document: &Document) -> Option<f64> {
        match self {
            Self::All { boost } => Some(*boost),
            Self::None => None,
            Self::Leaf { leaf, boost } => leaf.score(index, document).map(|score| score * boost),
            Self::Constant { filter, boost } => filter.score(index, document).map(|_| *boost),
            Self::Bool(bool) => bool.score(index, document),
            Self::Best(queries) => queries
                .iter()
                .filter_map(|query| query.score(index, document))
                .max_by(f64::total_cmp),
        }
    }
}

impl Bool {
    fn score(&self, index: &Index, document: &Document) -> Option<f64> {
        if self.must_not.iter().any(|query| query.score(index, document).is_some()) {
            return None;
        }
        if !self.filter.iter().all(|query| query.score(index, document).is_some()) {
            return None;
        }
        let mut total = 0.0;
        for query in &self.must {
            total += query.score(index, document)?;
        }
        let scores: Vec<f64> =
            self.should.iter().filter_map(|query| query.score(index, document)).collect();
        let alone = self.must.is_empty() && self.filter.is_empty() && !self.should.is_empty();
        let needed = self.minimum_should_match.unwrap_or(usize::from(alone));
        if scores.len() < needed {
            return None;
        }
        total += scores.iter().sum::<f64>();
        let only_negative =
            self.must.is_empty() && self.should.is_empty() && self.filter.is_empty();
        Some(if only_negative && self.must_not.is_empty() {
            self.boost
        } else {
            total * self.boost
        })
    }
}
