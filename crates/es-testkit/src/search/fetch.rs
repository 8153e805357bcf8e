//! The parts of a hit: source, fields, highlights.

use serde_json::Value;

use super::execute::{Prepared, Row};
use super::fields::ShownFields;
use super::highlight::Highlight;
use super::inner_hits;
use super::sort::SortKey;
use crate::api::error::ApiError;
use crate::api::source_filter::SourceFilter;
use crate::json::{Json, object};
use crate::store::{Document, Index, shortest};
use crate::strict::Fields;

/// The parts of each hit that are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fetch {
    pub source: SourceFilter,
    pub version: bool,
    pub seq_no: bool,
    pub(super) values: ShownFields,
    highlight: Option<Highlight>,
    typed: bool,
}

impl Fetch {
    /// Takes those members of a search, or of inner hits, that say what is shown.
    pub fn take(fields: &Fields<'_>, typed: bool) -> Result<Self, ApiError> {
        Ok(Self {
            source: fields
                .get("_source")?
                .map(SourceFilter::from_json)
                .transpose()?
                .unwrap_or_default(),
            version: fields.flag("version")?.unwrap_or(false),
            seq_no: fields.flag("seq_no_primary_term")?.unwrap_or(false),
            values: ShownFields::take(fields)?,
            highlight: fields.get("highlight")?.map(Highlight::parse).transpose()?,
            typed,
        })
    }

    /// Returns a hit as it is sent.
    pub fn hit<'a>(
        &self,
        shard: &Prepared<'a>,
        row: &Row<'a>,
        keys: &[SortKey],
        scored: bool,
    ) -> Result<Json, ApiError> {
        let document = row.view.document;
        let index = shard.compiler.shard.index;
        let mut hit = self.identity(index, document);
        hit.insert("_score", score(row, scored));
        if let Some(routing) = &document.routing {
            hit.insert("_routing", routing.as_str());
        }
        if !document.entry.ignored.is_empty() {
            let mut ignored = document.entry.ignored.clone();
            ignored.sort();
            ignored.dedup();
            hit.insert("_ignored", Value::from(ignored));
        }
        if let Some(source) = self.source.apply(index, document) {
            hit.insert("_source", source);
        }
        for (name, values) in self.values.of_document(index, document)? {
            add_field(&mut hit, &name, values);
        }
        self.add_highlight(&mut hit, shard, row)?;
        add_sort(&mut hit, keys, row);
        let noted = shard.noted.borrow();
        let matched: Vec<&str> = noted
            .named
            .iter()
            .filter(|(_, query)| query(row.view).is_some())
            .map(|(name, _)| name.as_str())
            .collect();
        if !matched.is_empty() {
            hit.insert("matched_queries", Value::from(matched));
        }
        if !noted.inner_hits.is_empty() {
            let mut all = Vec::new();
            for inner in &noted.inner_hits {
                all.push((inner.name.clone(), inner_hits::show(shard, row, inner)?));
            }
            hit.insert("inner_hits", Json::Object(all));
        }
        Ok(hit)
    }

    /// The part of a hit that names its document.
    fn identity(&self, index: &Index, document: &Document) -> Json {
        let mut hit = object! {"_index": &*index.name};
        if self.typed {
            hit.insert("_type", "_doc");
        }
        hit.insert("_id", document.id.as_str());
        if self.version {
            hit.insert("_version", document.version);
        }
        if self.seq_no {
            hit.insert("_seq_no", document.seq_no);
            hit.insert("_primary_term", document.primary_term);
        }
        hit
    }

    pub fn add_highlight<'a>(
        &self,
        hit: &mut Json,
        shard: &Prepared<'a>,
        row: &Row<'a>,
    ) -> Result<(), ApiError> {
        if let Some(highlight) = &self.highlight {
            let shown = highlight.show(shard, row.view)?;
            if !shown.is_empty() {
                hit.insert("highlight", Json::Object(shown));
            }
        }
        Ok(())
    }
}

/// The score of a hit, if hits have one.
pub(super) fn score(row: &Row<'_>, scored: bool) -> Value {
    if scored {
        shortest(row.score).into()
    } else {
        Value::Null
    }
}

/// Adds the values by which a hit is sorted.
pub(super) fn add_sort(hit: &mut Json, keys: &[SortKey], row: &Row<'_>) {
    if !keys.is_empty() {
        let values = keys.iter().zip(&row.sort);
        let shown = values.map(|(key, term)| key.shown(term.as_ref()));
        hit.insert("sort", shown.collect::<Value>());
    }
}

/// Adds values to the `fields` of a hit.
pub(crate) fn add_field(hit: &mut Json, name: &str, values: Vec<Value>) {
    let Json::Object(members) = hit else { return };
    let shown = (name.to_owned(), Json::from(Value::from(values)));
    match members.iter_mut().find(|(member, _)| member == "fields") {
        Some((_, Json::Object(fields))) => {
            fields.retain(|(known, _)| known != name);
            fields.push(shown);
        }
        _ => members.push(("fields".to_owned(), Json::Object(vec![shown]))),
    }
}
