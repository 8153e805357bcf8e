//! One shard as a search sees it: its documents in order, and what scoring counts.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::analysis::Analyzer;
use crate::api::value::Term;
use crate::store::{Document, Entry, Field, Index, Kind};

/// A document, or an object of one of its nested fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub document: &'a Document,
    pub entry: &'a Entry,
}

/// Returns a view's score, or `None` where the query does not match.
pub(crate) type Scorer<'a> = Rc<dyn Fn(View<'a>) -> Option<f32> + 'a>;

/// The documents of one shard.
#[derive(Debug)]
pub(crate) struct Shard<'a> {
    pub index: &'a Index,
    pub documents: Vec<&'a Document>,
    totals: RefCell<BTreeMap<String, Totals>>,
    frequencies: RefCell<BTreeMap<(String, String), u64>>,
}

/// The amount of a field in a shard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Totals {
    pub documents: u64,
    pub terms: u64,
}

impl<'a> Shard<'a> {
    pub fn new(index: &'a Index, documents: Vec<&'a Document>) -> Self {
        Self {
            index,
            documents,
            totals: RefCell::default(),
            frequencies: RefCell::default(),
        }
    }

    /// The objects that hold a field: documents, or those of the nested field around it.
    pub fn holders(&self, path: &str) -> Vec<&'a Entry> {
        match self.index.mapping.nested_parent(path) {
            Some(parent) => self
                .documents
                .iter()
                .flat_map(|document| document.entry.nested_at(&parent))
                .collect(),
            None => self
                .documents
                .iter()
                .map(|document| &document.entry)
                .collect(),
        }
    }

    pub fn totals(&self, field: &Field) -> Totals {
        if let Some(totals) = self.totals.borrow().get(&field.path) {
            return *totals;
        }
        let mut totals = Totals {
            documents: 0,
            terms: 0,
        };
        for entry in self.holders(&field.path) {
            let count = indexed_count(field, entry);
            totals.terms += count as u64;
            totals.documents += u64::from(count > 0);
        }
        self.totals.borrow_mut().insert(field.path.clone(), totals);
        totals
    }

    /// Returns in how many documents a term occurs.
    pub fn frequency(&self, field: &Field, term: &str) -> u64 {
        let key = (field.path.clone(), term.to_owned());
        if let Some(count) = self.frequencies.borrow().get(&key) {
            return *count;
        }
        let holders = self.holders(&field.path);
        let count = holders
            .iter()
            .filter(|entry| occurrences(field, entry, term) > 0)
            .count() as u64;
        self.frequencies.borrow_mut().insert(key, count);
        count
    }

    /// Returns all terms of a field, in order.
    pub fn dictionary(&self, field: &Field) -> BTreeSet<String> {
        self.holders(&field.path)
            .into_iter()
            .flat_map(|entry| indexed_terms(field, entry))
            .collect()
    }
}

/// Returns the terms that an entry holds of a field, as texts.
pub(crate) fn indexed_terms(field: &Field, entry: &Entry) -> Vec<String> {
    let Some(data) = entry.fields.get(&field.path) else {
        return Vec::new();
    };
    match field.kind {
        Kind::Text { .. } => data
            .tokens(field)
            .iter()
            .map(|token| token.text.clone())
            .collect(),
        Kind::Completion { ref analyzer } => data
            .inputs
            .iter()
            .map(|(input, _)| completion_term(analyzer, input))
            .collect(),
        _ => data.terms.iter().map(Term::text).collect(),
    }
}

/// Returns the term that stands for an input of a completion field.
pub(crate) fn completion_term(analyzer: &Analyzer, input: &str) -> String {
    let tokens = analyzer.tokens(input).into_iter().map(|token| token.text);
    tokens.collect::<Vec<_>>().join("\u{1f}")
}

fn indexed_count(field: &Field, entry: &Entry) -> usize {
    let Some(data) = entry.fields.get(&field.path) else {
        return 0;
    };
    match field.kind {
        Kind::Text { .. } => data.tokens(field).len(),
        Kind::Completion { .. } => data.inputs.len(),
        _ => data
            .terms
            .iter()
            .map(Term::text)
            .collect::<BTreeSet<_>>()
            .len(),
    }
}

/// Returns how often a term occurs in a field of an entry.
pub(crate) fn occurrences(field: &Field, entry: &Entry, term: &str) -> usize {
    let Some(data) = entry.fields.get(&field.path) else {
        return 0;
    };
    match field.kind {
        Kind::Text { .. } => data
            .tokens(field)
            .iter()
            .filter(|token| token.text == term)
            .count(),
        Kind::Completion { .. } => indexed_terms(field, entry)
            .iter()
            .filter(|found| *found == term)
            .count(),
        // Keywords are in the index once, however often a document has them.
        _ => usize::from(data.terms.iter().any(|value| value.text() == term)),
    }
}

/// BM25 with the constants of the server (k1 = 1.2, b = 0.75).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bm25 {
    weight: f32,
    average: f32,
    norms: bool,
}

const K1: f32 = 1.2;
const B: f32 = 0.75;

impl Bm25 {
    /// Weighs terms by how rare they are together.
    pub fn new(shard: &Shard<'_>, field: &Field, terms: &[String], boost: f32) -> Self {
        let frequencies: Vec<u64> = terms
            .iter()
            .map(|term| shard.frequency(field, term))
            .collect();
        Self::with_frequencies(shard, field, &frequencies, boost)
    }

    pub fn with_frequencies(
        shard: &Shard<'_>,
        field: &Field,
        frequencies: &[u64],
        boost: f32,
    ) -> Self {
        let totals = shard.totals(field);
        let count = totals.documents as f64;
        let idf = frequencies.iter().map(|frequency| {
            let frequency = *frequency as f64;
            (1.0 + (count - frequency + 0.5) / (frequency + 0.5)).ln() as f32
        });
        let idf: f32 = idf.sum();
        let average = if totals.documents == 0 {
            1.0
        } else {
            (totals.terms as f64 / count) as f32
        };
        let norms = matches!(
            field.kind,
            Kind::Text { norms: true, .. } | Kind::Completion { .. }
        );
        Self {
            weight: boost * (K1 + 1.0) * idf,
            average,
            norms,
        }
    }

    /// Returns the weight of a term by its document counts, without norms.
    pub fn of_counts(documents: usize, having: usize, boost: f32) -> Self {
        let (count, having) = (documents as f64, having as f64);
        let idf = (1.0 + (count - having + 0.5) / (having + 0.5)).ln() as f32;
        Self {
            weight: boost * (K1 + 1.0) * idf,
            average: 1.0,
            norms: false,
        }
    }

    /// Returns the score of a document of so many terms, in which these occur so often.
    pub fn score(&self, frequency: f32, length: usize) -> f32 {
        let length = if self.norms {
            byte4(length) as f32
        } else {
            1.0
        };
        let inverse = 1.0 / (K1 * ((1.0 - B) + B * length / self.average));
        self.weight - self.weight / (1.0 + frequency * inverse)
    }
}

/// Returns a length as it is after the loss of the index's one byte for it.
fn byte4(length: usize) -> u64 {
    const FREE: u64 = 24;
    let length = length as u64;
    if length < FREE + 16 {
        return length;
    }
    let rest = length - FREE;
    let shift = (64 - rest.leading_zeros()).saturating_sub(4);
    FREE + ((rest >> shift) << shift)
}

/// Returns the length of a field for scoring.
pub(crate) fn length(field: &Field, entry: &Entry) -> usize {
    indexed_count(field, entry)
}
