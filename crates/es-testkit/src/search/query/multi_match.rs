//! One text in several fields.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::compound::best_of;
use super::text::{Settings, by_position, combine};
use super::{Compiler, Marked, common};
use crate::api::error::ApiError;
use crate::search::shard::{Bm25, Scorer, View, length};
use crate::store::{Field, Kind};
use crate::strict::Fields;

impl<'a> Compiler<'a> {
    pub fn multi_match(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("multi_match", body)?;
        let Some(text) = fields.text("query")? else {
            return Err(ApiError::parsing("No text specified for multi_match query"));
        };
        let kind = fields
            .text("type")?
            .unwrap_or_else(|| "best_fields".to_owned());
        let given = fields.texts("fields")?;
        let mut settings = Settings::take(&fields)?;
        let says_lenient = fields.flag("lenient")?.is_some();
        settings.slop = fields.count("slop")?.unwrap_or(0);
        let tie = fields.float("tie_breaker")?;
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        if matches!(kind.as_str(), "cross_fields" | "phrase" | "phrase_prefix")
            && settings.fuzziness.is_some()
        {
            return Err(ApiError::parsing(format!(
                "Fuzziness not allowed for type [{kind}]"
            )));
        }
        let named = given
            .filter(|fields| !fields.is_empty())
            .unwrap_or_else(|| vec!["*".to_owned()]);
        if !says_lenient && named.iter().any(|name| name == "*") {
            settings.lenient = true;
        }
        let targets = self.expand(&named)?;
        if targets.is_empty() {
            return Ok(Rc::new(|_| None));
        }
        if kind == "cross_fields" {
            let tie = tie.unwrap_or(0.0) as f32;
            let scorer = self.cross_fields(&targets, &text, &settings, tie, boost)?;
            return self.named(name, scorer);
        }
        let mut scorers = Vec::new();
        for (path, weight) in &targets {
            let settings = Settings {
                boost: boost * weight,
                ..settings.clone()
            };
            scorers.push(match kind.as_str() {
                "best_fields" | "most_fields" => self.match_scorer(path, &text, &settings)?,
                "phrase" => self.phrase_scorer(path, &text, &settings, false)?,
                "phrase_prefix" => self.phrase_scorer(path, &text, &settings, true)?,
                "bool_prefix" => self.bool_prefix_scorer(path, &text, &settings)?,
                other => {
                    return Err(ApiError::bad_request(
                        "parse_exception",
                        format!(
                            "failed to parse [multi_match] query type [{other}]. unknown type."
                        ),
                    ));
                }
            });
        }
        let adds = matches!(kind.as_str(), "most_fields" | "bool_prefix");
        let tie = tie.unwrap_or(if adds { 1.0 } else { 0.0 });
        self.named(name, best_of(scorers, tie as f32))
    }

    /// Takes the fields as one: each word may be in any of them, weighed as in the one where it is
    /// most frequent.
    fn cross_fields(
        &self,
        targets: &[(String, f32)],
        text: &str,
        settings: &Settings,
        tie: f32,
        boost: f32,
    ) -> Result<Scorer<'a>, ApiError> {
        let fields: Vec<(Arc<Field>, f32)> = targets
            .iter()
            .filter_map(|(path, weight)| Some((self.field(path)?, *weight)))
            .collect();
        let mut analyzers: Vec<String> = Vec::new();
        for (field, _) in &fields {
            let Kind::Text { search, .. } = &field.kind else {
                return Err(ApiError::unsupported(format!(
                    "[cross_fields] over the field [{}], which is no text",
                    field.path
                )));
            };
            if !analyzers.contains(&search.name) {
                analyzers.push(search.name.clone());
            }
        }
        if analyzers.len() > 1 {
            return Err(ApiError::unsupported(
                "[cross_fields] over fields of several analyzers",
            ));
        }
        let Some((first, _)) = fields.first() else {
            return Ok(Rc::new(|_| None));
        };
        let words = by_position(self.search_analyzer(first, settings)?.tokens(text));
        let mut clauses = Vec::new();
        for alternatives in words {
            let word = alternatives.into_iter().next().unwrap_or_default();
            let own = fields
                .iter()
                .map(|(field, _)| self.shard.frequency(field, &word));
            let blended = blend(&own.collect::<Vec<_>>());
            let queries = fields
                .iter()
                .zip(blended)
                .map(|((field, weight), frequency)| {
                    self.mark(&field.path, Marked::Term(word.clone()));
                    let totals = self.shard.totals(field);
                    let score = Bm25::with_frequencies(
                        self.shard,
                        field,
                        &[frequency.min(totals.documents)],
                        boost * weight,
                    );
                    let (field, word) = (Arc::clone(field), word.clone());
                    let scorer: Scorer<'a> = Rc::new(move |view: View<'a>| {
                        let count = crate::search::shard::occurrences(&field, view.entry, &word);
                        (count > 0).then(|| score.score(count as f32, length(&field, view.entry)))
                    });
                    scorer
                });
            clauses.push(best_of(queries.collect(), tie));
        }
        combine(clauses, settings)
    }

    /// Opens wildcards in field names and splits off weights.
    pub fn expand(&self, named: &[String]) -> Result<Vec<(String, f32)>, ApiError> {
        let mut found: Vec<(String, f32)> = Vec::new();
        for name in named {
            let (pattern, weight) = match name.split_once('^') {
                Some((pattern, weight)) => {
                    let weight = weight.parse().map_err(|_| {
                        ApiError::bad_request(
                            "number_format_exception",
                            format!("For input string: \"{weight}\""),
                        )
                    })?;
                    if weight < 0.0 {
                        return Err(ApiError::illegal_argument(format!(
                            "negative [boost] are not allowed in [{name}], use a value between 0 and 1 to deboost"
                        )));
                    }
                    (pattern, weight)
                }
                None => (name.as_str(), 1.0),
            };
            if !pattern.contains('*') {
                found.push((pattern.to_owned(), weight));
                continue;
            }
            let fields = self.shard.index.mapping.matching(pattern);
            let searchable = fields.iter().filter(|field| {
                !matches!(
                    field.kind,
                    Kind::GeoPoint | Kind::Vector { .. } | Kind::Binary | Kind::Alias(_)
                )
            });
            found.extend(searchable.map(|field| (field.path.clone(), weight)));
        }
        Ok(found)
    }
}

/// Returns the frequencies of a word in several fields as they weigh together: the greatest, and one
/// more for each step to a smaller one.
fn blend(own: &[u64]) -> Vec<u64> {
    let most = own.iter().copied().max().unwrap_or(0);
    let mut distinct: Vec<u64> = own.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let steps = |frequency: &u64| distinct.iter().filter(|other| *other > frequency).count();
    own.iter()
        .map(|frequency| most + steps(frequency) as u64)
        .collect()
}
