//! Queries on the terms of one field.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::{Compiler, Marked, any_term, common, one_field};
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::dates::{Format, parse_math, zone};
use crate::search::shard::{Bm25, Scorer, View, indexed_terms, length, occurrences};
use crate::store::{Field, Kind};
use crate::strict::Fields;

impl<'a> Compiler<'a> {
    pub(super) fn term(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let (path, settings) = one_field("term", body)?;
        let (value, boost, name, folded) = match settings {
            Value::Object(_) => {
                let fields = Fields::query("term", settings)?;
                let value = fields
                    .raw("value")
                    .ok_or_else(|| ApiError::illegal_argument("value cannot be null"))?;
                let (boost, name) = common(&fields)?;
                let folded = fields.flag("case_insensitive")?.unwrap_or(false);
                fields.finish()?;
                (value, boost, name, folded)
            }
            Value::Array(_) => {
                return Err(ApiError::parsing(
                    "[term] query does not support array of values",
                ));
            }
            value => (value, 1.0, None, false),
        };
        if value.is_null() {
            return Err(ApiError::illegal_argument("value cannot be null"));
        }
        self.named(name, self.term_scorer(path, value, boost, folded)?)
    }

    /// Makes the query of one term, which is not analyzed.
    pub(super) fn term_scorer(
        &self,
        path: &str,
        value: &Value,
        boost: f32,
        folded: bool,
    ) -> Result<Scorer<'a>, ApiError> {
        match path {
            "_id" => {
                let wanted = text_of(value);
                return Ok(Rc::new(move |view: View<'a>| {
                    (view.document.id == wanted).then_some(boost)
                }));
            }
            "_index" => {
                let fits = crate::store::matches_wildcard(&text_of(value), &self.shard.index.name);
                return Ok(Rc::new(move |_| fits.then_some(boost)));
            }
            "_routing" => {
                let wanted = text_of(value);
                return Ok(Rc::new(move |view: View<'a>| {
                    (view.document.routing.as_ref() == Some(&wanted)).then_some(boost)
                }));
            }
            _ => {}
        }
        let Some(field) = self.field(path) else {
            return Ok(Rc::new(|_| None));
        };
        self.check_searchable(&field)?;
        if field.is_date() {
            let bounds = [("gte", value), ("lte", value)];
            return self.range_scorer(&field, &bounds, None, None, boost);
        }
        let Some(term) = field
            .query_term(value)
            .map_err(|error| self.shard_error(error))?
        else {
            return Ok(Rc::new(|_| None));
        };
        match &field.kind {
            Kind::Number(_) | Kind::Ip => {
                if let (Kind::Ip, Some((network, bits))) = (
                    &field.kind,
                    value.as_str().and_then(|text| text.split_once('/')),
                ) {
                    let _ = (network, bits);
                    return Err(ApiError::unsupported("ranges of addresses in [term]"));
                }
                Ok(any_term(
                    field.path.clone(),
                    move |found| found.compare(&term).is_eq(),
                    boost,
                ))
            }
            Kind::Boolean => Ok(self.scored(field, vec![term.text()], boost)),
            Kind::Keyword { .. } | Kind::Text { .. } => {
                let text = term.text();
                self.mark(&field.path, Marked::Term(text.clone()));
                if folded {
                    let wanted = text.to_lowercase();
                    return Ok(Rc::new(move |view: View<'a>| {
                        indexed_terms(&field, view.entry)
                            .iter()
                            .any(|term| term.to_lowercase() == wanted)
                            .then_some(boost)
                    }));
                }
                Ok(self.scored(field, vec![text], boost))
            }
            _ => Err(self.shard_error(ApiError::illegal_argument(format!(
                "Field [{}] of type [{}] does not support term queries",
                field.path, field.type_name
            )))),
        }
    }

    fn check_searchable(&self, field: &Field) -> Result<(), ApiError> {
        if !field.indexed && (field.is_text() || !field.doc_values) {
            return Err(self.shard_error(ApiError::illegal_argument(format!(
                "Cannot search on field [{}] since it is not indexed.",
                field.path
            ))));
        }
        Ok(())
    }

    /// Scores a term of a text, keyword or boolean field; several stand for each other.
    pub(super) fn scored(&self, field: Arc<Field>, terms: Vec<String>, boost: f32) -> Scorer<'a> {
        let frequency = terms
            .iter()
            .map(|term| self.shard.frequency(&field, term))
            .max()
            .unwrap_or(0);
        let score = Bm25::with_frequencies(self.shard, &field, &[frequency], boost);
        Rc::new(move |view: View<'a>| {
            let count: usize = terms
                .iter()
                .map(|term| occurrences(&field, view.entry, term))
                .sum();
            (count > 0).then(|| score.score(count as f32, length(&field, view.entry)))
        })
    }

    pub(super) fn terms(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("terms", body)?;
        let (boost, name) = common(&fields)?;
        let (path, values) = match fields.rest().as_slice() {
            [(path, Value::Array(values))] => (path.as_str(), values),
            [(_, Value::Object(_))] => return Err(ApiError::unsupported("a lookup in [terms]")),
            [(path, _)] => {
                return Err(ApiError::parsing(format!(
                    "[terms] query does not support [{path}]"
                )));
            }
            [] => {
                return Err(ApiError::parsing(
                    "[terms] query requires a field name, followed by array of terms or a document lookup specification",
                ));
            }
            _ => {
                return Err(ApiError::parsing(
                    "[terms] query does not support multiple fields",
                ));
            }
        };
        if values.iter().any(Value::is_null) {
            return Err(ApiError::parsing("No value specified for terms query"));
        }
        let scorers = values
            .iter()
            .map(|value| self.term_scorer(path, value, 1.0, false));
        let scorers = scorers.collect::<Result<Vec<_>, _>>()?;
        self.named(
            name,
            Rc::new(move |view: View<'a>| {
                scorers
                    .iter()
                    .any(|scorer| scorer(view).is_some())
                    .then_some(boost)
            }),
        )
    }

    pub(super) fn exists(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("exists", body)?;
        let Some(path) = fields.text("field")? else {
            return Err(ApiError::parsing(
                "[exists] must be provided with a [field]",
            ));
        };
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        if matches!(path.as_str(), "_id" | "_index" | "_source") {
            return self.named(name, Rc::new(move |_| Some(boost)));
        }
        let path = self
            .shard
            .index
            .mapping
            .field(&path)
            .map_or(path, |field| field.path.clone());
        self.named(
            name,
            Rc::new(move |view: View<'a>| view.entry.exists(&path).then_some(boost)),
        )
    }

    pub(super) fn ids(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("ids", body)?;
        let ids: BTreeSet<String> = fields
            .texts("values")?
            .unwrap_or_default()
            .into_iter()
            .collect();
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        self.named(
            name,
            Rc::new(move |view: View<'a>| ids.contains(&view.document.id).then_some(boost)),
        )
    }

    pub(super) fn range(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let (path, settings) = one_field("range", body)?;
        let fields = Fields::query("range", settings)?;
        fields.unsupported(&["relation"])?;
        let bounds: Vec<(&str, &Value)> = ["gt", "gte", "lt", "lte"]
            .into_iter()
            .filter_map(|name| {
                fields
                    .raw(name)
                    .filter(|value| !value.is_null())
                    .map(|value| (name, value))
            })
            .collect();
        let format = fields.text("format")?;
        let time_zone = fields.text("time_zone")?;
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        if let Some(text) = &time_zone {
            zone(text).map_err(|error| ApiError::illegal_argument(error.reason))?;
        }
        let Some(field) = self.field(path) else {
            return Ok(Rc::new(|_| None));
        };
        let scorer = self.range_scorer(
            &field,
            &bounds,
            format.as_deref(),
            time_zone.as_deref(),
            boost,
        )?;
        self.named(name, scorer)
    }

    fn range_scorer(
        &self,
        field: &Arc<Field>,
        bounds: &[(&str, &Value)],
        format: Option<&str>,
        time_zone: Option<&str>,
        boost: f32,
    ) -> Result<Scorer<'a>, ApiError> {
        let mut limits: Vec<(String, Term)> = Vec::new();
        for (operator, value) in bounds {
            let term = match &field.kind {
                Kind::Date { format: own } => {
                    let format = format.map(Format::parse).transpose()?;
                    let zone = zone(time_zone.unwrap_or("UTC"))?;
                    let up = matches!(*operator, "gt" | "lte");
                    let text = text_of(value);
                    let millis =
                        parse_math(&text, format.as_ref().unwrap_or(own), &zone, up, self.now);
                    Term::Integer(millis.map_err(ApiError::in_search)?)
                }
                Kind::Number(number) if number.is_whole() => {
                    match value.as_f64().or_else(|| text_of(value).parse().ok()) {
                        Some(number) if number.fract() != 0.0 => Term::Float(number),
                        _ => self.query_term(field, value)?,
                    }
                }
                _ => self.query_term(field, value)?,
            };
            limits.push(((*operator).to_owned(), term));
        }
        let fits = move |term: &Term| {
            limits.iter().all(|(operator, limit)| {
                let order = term.compare(limit);
                match operator.as_str() {
                    "gt" => order.is_gt(),
                    "gte" => order.is_ge(),
                    "lt" => order.is_lt(),
                    _ => order.is_le(),
                }
            })
        };
        if field.is_text() {
            let field = Arc::clone(field);
            return Ok(Rc::new(move |view: View<'a>| {
                indexed_terms(&field, view.entry)
                    .into_iter()
                    .any(|text| fits(&Term::Text(text)))
                    .then_some(boost)
            }));
        }
        Ok(any_term(field.path.clone(), fits, boost))
    }

    fn query_term(&self, field: &Field, value: &Value) -> Result<Term, ApiError> {
        let term = field
            .query_term(value)
            .map_err(|error| self.shard_error(error))?;
        term.ok_or_else(|| {
            self.shard_error(ApiError::illegal_argument(format!(
                "Field [{}] of type [{}] does not support range queries",
                field.path, field.type_name
            )))
        })
    }

    /// `prefix`, `wildcard`, `regexp` and `fuzzy`.
    pub(super) fn pattern(&self, query: &str, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let (path, settings) = one_field(query, body)?;
        let short = serde_json::json!({"value": settings});
        let fields = Fields::query(
            query,
            if settings.is_object() {
                settings
            } else {
                &short
            },
        )?;
        fields.unsupported(&["rewrite"])?;
        let value = match (fields.text("value")?, query) {
            (Some(value), _) => value,
            (None, "wildcard") => fields
                .text("wildcard")?
                .ok_or_else(|| ApiError::illegal_argument("value cannot be null"))?,
            _ => return Err(ApiError::illegal_argument("value cannot be null")),
        };
        let folded = query != "fuzzy" && fields.flag("case_insensitive")?.unwrap_or(false);
        let (boost, name) = common(&fields)?;
        let mut edits = None;
        let mut fixed = 0;
        if query == "fuzzy" {
            edits = Some(fuzzy_distance(
                &fields
                    .text("fuzziness")?
                    .unwrap_or_else(|| "AUTO".to_owned()),
                &value,
            )?);
            fixed = fields.count("prefix_length")?.unwrap_or(0);
            fields.count("max_expansions")?;
            fields.flag("transpositions")?;
        }
        if query == "regexp" {
            fields.text("flags")?;
            fields.count("max_determinized_states")?;
        }
        fields.finish()?;
        let Some(field) = self.field(path) else {
            return Ok(Rc::new(|_| None));
        };
        if !matches!(field.kind, Kind::Text { .. } | Kind::Keyword { .. }) {
            return Err(self.shard_error(ApiError::illegal_argument(format!(
                "Can only use {query} queries on keyword, text and wildcard fields - not on [{}] which is of type [{}]",
                field.path, field.type_name
            ))));
        }
        let value = match &field.kind {
            Kind::Keyword {
                normalizer: Some(normalizer),
                ..
            } if query != "fuzzy" => normalizer.normalize_part(&value),
            Kind::Text { search, .. } if query == "wildcard" || query == "prefix" => {
                let _ = search;
                value
            }
            _ => value,
        };
        if let Some(edits) = edits {
            return self.named(name, self.fuzzy_scorer(&field, &value, edits, fixed, boost));
        }
        let fits: Box<dyn Fn(&str) -> bool> = match query {
            "prefix" => {
                self.mark(&field.path, Marked::Prefix(value.clone()));
                let wanted = if folded { value.to_lowercase() } else { value };
                Box::new(move |term| {
                    if folded {
                        term.to_lowercase().starts_with(&wanted)
                    } else {
                        term.starts_with(&wanted)
                    }
                })
            }
            "wildcard" => {
                self.mark(&field.path, Marked::Wildcard(value.clone()));
                let wanted = if folded { value.to_lowercase() } else { value };
                Box::new(move |term| {
                    if folded {
                        wildcard_fits(&wanted, &term.to_lowercase())
                    } else {
                        wildcard_fits(&wanted, term)
                    }
                })
            }
            _ => {
                let pattern = regex(&value, folded)?;
                Box::new(move |term| pattern.is_match(term))
            }
        };
        self.named(
            name,
            Rc::new(move |view: View<'a>| {
                indexed_terms(&field, view.entry)
                    .iter()
                    .any(|term| fits(term))
                    .then_some(boost)
            }),
        )
    }

    /// Terms within an edit distance: all weigh as the most frequent of them, less by their edits.
    pub(super) fn fuzzy_scorer(
        &self,
        field: &Arc<Field>,
        value: &str,
        edits: usize,
        fixed: usize,
        boost: f32,
    ) -> Scorer<'a> {
        self.mark(&field.path, Marked::Fuzzy(value.to_owned(), edits));
        let start: String = value.chars().take(fixed).collect();
        let near: Vec<(String, usize)> = self
            .shard
            .dictionary(field)
            .into_iter()
            .filter(|term| term.starts_with(&start))
            .filter_map(|term| {
                let distance = strsim::osa_distance(&term, value);
                (distance <= edits).then_some((term, distance))
            })
            .collect();
        let frequency = near
            .iter()
            .map(|(term, _)| self.shard.frequency(field, term))
            .max()
            .unwrap_or(0);
        let length_of = value.chars().count();
        let weighed: Vec<(String, Bm25)> = near
            .into_iter()
            .map(|(term, distance)| {
                let shorter = term.chars().count().min(length_of).max(1);
                let near = 1.0 - distance as f32 / shorter as f32;
                (
                    term,
                    Bm25::with_frequencies(self.shard, field, &[frequency], boost * near),
                )
            })
            .collect();
        let field = Arc::clone(field);
        Rc::new(move |view: View<'a>| {
            let mut total = None;
            for (term, score) in &weighed {
                let count = occurrences(&field, view.entry, term);
                if count > 0 {
                    total = Some(
                        total.unwrap_or(0.0)
                            + score.score(count as f32, length(&field, view.entry)),
                    );
                }
            }
            total
        })
    }
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Reads a fuzziness: a number of edits, `AUTO` or `AUTO:low,high`.
pub(crate) fn fuzzy_distance(fuzziness: &str, text: &str) -> Result<usize, ApiError> {
    let wrong = || ApiError::illegal_argument(format!("Invalid fuzziness value: {fuzziness}"));
    let length = text.chars().count();
    let upper = fuzziness.to_ascii_uppercase();
    if let Some(rest) = upper.strip_prefix("AUTO") {
        let (low, high) = match rest.strip_prefix(':') {
            None if rest.is_empty() => (3, 6),
            None => return Err(wrong()),
            Some(pair) => {
                let (low, high) = pair.split_once(',').ok_or_else(wrong)?;
                (
                    low.trim().parse().map_err(|_| wrong())?,
                    high.trim().parse().map_err(|_| wrong())?,
                )
            }
        };
        return Ok(if length < low {
            0
        } else if length < high {
            1
        } else {
            2
        });
    }
    match fuzziness.parse::<f64>() {
        Ok(edits) if (0.0..=2.0).contains(&edits) => Ok(edits as usize),
        _ => Err(wrong()),
    }
}

/// Whether a text fits a pattern with `*`, `?` and `\`.
pub(crate) fn wildcard_fits(pattern: &str, text: &str) -> bool {
    fn fits(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, rest) => rest.is_none(),
            (Some(('*', rest)), _) => {
                (0..=text.len()).any(|skip| fits(rest, text.get(skip..).unwrap_or_default()))
            }
            (Some(('?', rest)), Some((_, after))) => fits(rest, after),
            (Some(('\\', rest)), Some((letter, after))) => match rest.split_first() {
                Some((escaped, rest)) => escaped == letter && fits(rest, after),
                None => false,
            },
            (Some((wanted, rest)), Some((letter, after))) => wanted == letter && fits(rest, after),
            (Some(_), None) => false,
        }
    }
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    fits(&pattern, &text)
}

/// Lucene's regular expressions, without the operators that others do not have.
fn regex(pattern: &str, folded: bool) -> Result<regex_lite::Regex, ApiError> {
    if pattern.contains(['~', '<', '>', '&', '@', '#', '"', '^', '$']) || pattern.contains("(?") {
        return Err(ApiError::unsupported(format!(
            "the regular expression [{pattern}]"
        )));
    }
    let flags = if folded { "(?si)" } else { "(?s)" };
    regex_lite::Regex::new(&format!("{flags}^(?:{pattern})$")).map_err(|error| {
        ApiError::illegal_argument(format!(
            "cannot parse the regular expression [{pattern}]: {error}"
        ))
    })
}
