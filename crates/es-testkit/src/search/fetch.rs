//! The parts of a hit: source, fields, highlights.

use serde_json::{Map, Value, json};

use super::execute::{Prepared, Row};
use super::highlight::Highlight;
use super::inner_hits;
use super::sort::SortKey;
use crate::api::error::ApiError;
use crate::api::source_filter::SourceFilter;
use crate::api::value::Term;
use crate::dates::Format;
use crate::json::{Json, object};
use crate::store::{
    Document, Entry, Field, Index, Kind, Mapping, Number, matches_wildcard, shortest,
};
use crate::strict::Fields;

/// The parts of each hit that are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fetch {
    pub(crate) source: SourceFilter,
    pub(crate) version: bool,
    pub(crate) seq_no: bool,
    fields: Vec<Shown>,
    docvalue_fields: Vec<Shown>,
    highlight: Option<Highlight>,
    typed: bool,
}

/// A pattern of fields, and how their values are printed.
#[derive(Clone, Debug)]
struct Shown {
    pattern: String,
    format: Option<Format>,
}

impl Fetch {
    /// Takes those members of a search, or of inner hits, that say what is shown.
    pub(crate) fn take(fields: &Fields<'_>, typed: bool) -> Result<Self, ApiError> {
        Ok(Self {
            source: fields
                .get("_source")?
                .map(SourceFilter::from_json)
                .transpose()?
                .unwrap_or_default(),
            version: fields.flag("version")?.unwrap_or(false),
            seq_no: fields.flag("seq_no_primary_term")?.unwrap_or(false),
            fields: read_shown(fields.get("fields")?)?,
            docvalue_fields: read_shown(fields.get("docvalue_fields")?)?,
            highlight: fields.get("highlight")?.map(Highlight::parse).transpose()?,
            typed,
        })
    }

    /// Returns a hit as it is sent.
    pub(crate) fn hit<'a>(
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
        for (name, values) in self.values(&index.mapping, row.view.entry)? {
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

    pub(super) fn add_highlight<'a>(
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

    /// The values of `fields` and `docvalue_fields`.
    fn values(
        &self,
        mapping: &Mapping,
        entry: &Entry,
    ) -> Result<Vec<(String, Vec<Value>)>, ApiError> {
        let mut shown = Vec::new();
        for wanted in &self.fields {
            for field in mapping.matching(&wanted.pattern) {
                let has_inputs = entry
                    .fields
                    .get(&field.path)
                    .is_some_and(|data| !data.inputs.is_empty());
                if has_inputs {
                    return Err(ApiError::unsupported("[fields] of [completion] fields"));
                }
                if matches!(field.kind, Kind::Vector { .. }) {
                    continue;
                }
                if mapping.nested_parent(&field.path).is_some() {
                    continue;
                }
                let values = values_of(&field, entry, wanted.format.as_ref());
                if !values.is_empty() {
                    let name = if wanted.pattern.contains('*') {
                        field.path.clone()
                    } else {
                        wanted.pattern.clone()
                    };
                    shown.push((name, values));
                }
            }
        }
        shown.extend(nested_values(mapping, entry, "", &self.patterns()));
        self.doc_values(mapping, entry, &mut shown)?;
        Ok(shown)
    }

    /// The same of an object of a nested field, whose `fields` are below its path.
    pub(super) fn values_of_object(
        &self,
        mapping: &Mapping,
        entry: &Entry,
        path: &str,
    ) -> Result<Vec<(String, Vec<Value>)>, ApiError> {
        let mut shown = Vec::new();
        let object = nested_object(mapping, entry, path, &self.patterns());
        if !object.is_empty() {
            if mapping.nested_parent(path).is_some() {
                return Err(ApiError::unsupported(
                    "[fields] of the inner hits of nested fields in nested fields",
                ));
            }
            shown.push((path.to_owned(), vec![Value::Object(object)]));
        }
        self.doc_values(mapping, entry, &mut shown)?;
        Ok(shown)
    }

    fn patterns(&self) -> Vec<&str> {
        self.fields
            .iter()
            .map(|wanted| wanted.pattern.as_str())
            .collect()
    }

    fn doc_values(
        &self,
        mapping: &Mapping,
        entry: &Entry,
        shown: &mut Vec<(String, Vec<Value>)>,
    ) -> Result<(), ApiError> {
        for wanted in &self.docvalue_fields {
            for field in mapping.matching(&wanted.pattern) {
                if !field.doc_values {
                    if wanted.pattern.contains('*') {
                        continue;
                    }
                    return Err(ApiError::illegal_argument(format!(
                        "Can't load fielddata on [{}] because fielddata is unsupported on fields of type [{}]. Use doc values instead.",
                        field.path, field.type_name
                    ))
                    .in_search());
                }
                let values = doc_values_of(&field, entry, wanted.format.as_ref());
                if !values.is_empty() {
                    shown.push((field.path.clone(), values));
                }
            }
        }
        Ok(())
    }
}

fn doc_values_of(field: &Field, entry: &Entry, format: Option<&Format>) -> Vec<Value> {
    match field.kind {
        Kind::GeoPoint => values_of(field, entry, None),
        Kind::Vector { .. } => {
            let vector = entry.fields.get(&field.path).map(|data| &data.vector);
            vector
                .filter(|vector| !vector.is_empty())
                .map(|vector| vector.iter().map(|part| shortest(*part)).collect())
                .into_iter()
                .collect()
        }
        _ => {
            let mut terms = entry.terms(&field.path).to_vec();
            terms.sort_by(Term::compare);
            if matches!(field.kind, Kind::Keyword { .. } | Kind::Ip) {
                terms.dedup();
            }
            terms
                .iter()
                .map(|term| print(field, term, format))
                .collect()
        }
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

fn read_shown(value: Option<&Value>) -> Result<Vec<Shown>, ApiError> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let Value::Array(items) = value else {
        return Err(ApiError::parsing(format!(
            "Unknown key for a {} in [fields].",
            crate::strict::token(value)
        )));
    };
    let read = |item: &Value| match item {
        Value::String(pattern) => Ok(Shown {
            pattern: pattern.clone(),
            format: None,
        }),
        item => {
            let fields = Fields::section("field_and_format", item)?;
            if fields.flag("include_unmapped")?.unwrap_or(false) {
                return Err(ApiError::unsupported("[include_unmapped] in [fields]"));
            }
            let pattern = fields
                .text("field")?
                .ok_or_else(|| fields.invalid("Required [field]"))?;
            let format = fields
                .text("format")?
                .filter(|text| text != "use_field_mapping");
            fields.finish()?;
            Ok(Shown {
                pattern,
                format: format.map(|text| Format::parse(&text)).transpose()?,
            })
        }
    };
    items.iter().map(read).collect()
}

fn print(field: &Field, term: &Term, format: Option<&Format>) -> Value {
    match (term, &field.kind, format) {
        (Term::Integer(millis), Kind::Date { .. }, Some(format)) => {
            format.print(*millis, &jiff::tz::TimeZone::UTC).into()
        }
        (Term::Float(number), Kind::Number(Number::Float | Number::HalfFloat), _) => {
            shortest(*number as f32).into()
        }
        (term, _, _) => field.shown_term(term),
    }
}

fn values_of(field: &Field, entry: &Entry, format: Option<&Format>) -> Vec<Value> {
    let Some(data) = entry.fields.get(&field.path) else {
        return Vec::new();
    };
    let points = data
        .points
        .iter()
        .map(|point| json!({"coordinates": [point.lon, point.lat], "type": "Point"}));
    data.terms
        .iter()
        .map(|term| print(field, term, format))
        .chain(points)
        .collect()
}

/// The values of nested fields: objects of values, by the path of the nested field.
fn nested_values(
    mapping: &Mapping,
    entry: &Entry,
    prefix: &str,
    patterns: &[&str],
) -> Vec<(String, Vec<Value>)> {
    let mut shown = Vec::new();
    for (path, children) in &entry.nested {
        let mut objects = Vec::new();
        for child in children {
            let object = nested_object(mapping, child, path, patterns);
            if !object.is_empty() {
                objects.push(Value::Object(object));
            }
        }
        if !objects.is_empty() {
            shown.push((
                path.strip_prefix(prefix).unwrap_or(path).to_owned(),
                objects,
            ));
        }
    }
    shown
}

/// The values of one object of a nested field, by their names within it.
fn nested_object(
    mapping: &Mapping,
    entry: &Entry,
    path: &str,
    patterns: &[&str],
) -> Map<String, Value> {
    let mut object = Map::new();
    for name in entry.fields.keys() {
        let fits = patterns
            .iter()
            .any(|pattern| matches_wildcard(pattern, name) || *pattern == path);
        if let (true, Some(field)) = (fits, mapping.field(name)) {
            let relative = name.strip_prefix(&format!("{path}.")).unwrap_or(name);
            object.insert(relative.to_owned(), values_of(&field, entry, None).into());
        }
    }
    for (name, values) in nested_values(mapping, entry, &format!("{path}."), patterns) {
        object.insert(name, values.into());
    }
    object
}
