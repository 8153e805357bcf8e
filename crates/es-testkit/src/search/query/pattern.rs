//! Queries for terms like a pattern: `prefix`, `wildcard`, `regexp` and `fuzzy`.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::{Compiler, Marked, common, one_field};
use crate::api::error::ApiError;
use crate::search::shard::{Bm25, Scorer, View, indexed_terms, length, occurrences};
use crate::store::{Field, Kind, matches_wildcard};
use crate::strict::Fields;

/// The metadata of documents.
pub(super) const METADATA: [&str; 8] = [
    "_id",
    "_index",
    "_source",
    "_version",
    "_seq_no",
    "_ignored",
    "_field_names",
    "_tier",
];

/// The operators that a regular expression may have.
const FLAGS: [&str; 8] = [
    "all",
    "anystring",
    "automaton",
    "complement",
    "empty",
    "intersection",
    "interval",
    "none",
];

fn read_value(query: &str, fields: &Fields<'_>) -> Result<String, ApiError> {
    let text = |name: &str| {
        fields.text(name).map_err(|error| match query {
            "wildcard" | "prefix" => ApiError::illegal_argument(error.reason),
            _ => error,
        })
    };
    let given = match text("value")? {
        None if query == "wildcard" => text("wildcard")?,
        given => given,
    };
    given.ok_or_else(|| ApiError::illegal_argument("value cannot be null"))
}

/// Refuses operators of regular expressions that there are not.
fn check_flags(flags: Option<&str>) -> Result<(), ApiError> {
    let mut flags = flags
        .unwrap_or_default()
        .split('|')
        .filter(|flag| !flag.is_empty());
    let is_known = |flag: &&str| FLAGS.contains(&flag.to_lowercase().as_str());
    match flags.find(|flag| !is_known(flag) || flag.eq_ignore_ascii_case("all")) {
        // Behind `ALL` nothing is read.
        None => Ok(()),
        Some(flag) if is_known(&flag) => Ok(()),
        Some(flag) => Err(ApiError::illegal_argument(format!(
            "Unknown regexp flag [{flag}]"
        ))),
    }
}

/// Says whether a term fits.
type Fits = Box<dyn Fn(&str) -> bool>;

/// Settings of a fuzzy match.
pub(super) struct Fuzzy {
    pub edits: usize,
    /// The number of letters at the beginning that must be the same.
    pub fixed: usize,
    /// The number of terms that count, the nearest ones first.
    pub most: usize,
}

impl Fuzzy {
    fn take(fields: &Fields<'_>, value: &str) -> Result<Self, ApiError> {
        let fuzziness = fields.text("fuzziness")?;
        let most = fields.integer("max_expansions")?.unwrap_or(50);
        if fields.flag("transpositions")? == Some(false) {
            return Err(ApiError::unsupported("[transpositions: false] in [fuzzy]"));
        }
        Ok(Self {
            edits: fuzzy_distance(fuzziness.as_deref().unwrap_or("AUTO"), value)?,
            fixed: fields.count("prefix_length")?.unwrap_or(0),
            most: usize::try_from(most).unwrap_or(0),
        })
    }
}

impl<'a> Compiler<'a> {
    /// `prefix`, `wildcard`, `regexp` and `fuzzy`.
    pub fn pattern(&self, query: &str, body: &Value) -> Result<Scorer<'a>, ApiError> {
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
        let value = read_value(query, &fields)?;
        let folded = query != "fuzzy" && fields.flag("case_insensitive")?.unwrap_or(false);
        let (boost, name) = common(&fields)?;
        let fuzzy = match query {
            "fuzzy" => Some(Fuzzy::take(&fields, &value)?),
            _ => None,
        };
        if query == "regexp" {
            check_flags(fields.text("flags")?.as_deref())?;
            fields.count("max_determinized_states")?;
            fields.integer("flags_value")?;
        }
        fields.finish()?;
        let Some(field) = self.field(path) else {
            return self.named(
                name,
                self.metadata_pattern(query, path, &value, folded, boost)?,
            );
        };
        if !matches!(field.kind, Kind::Text { .. } | Kind::Keyword { .. }) {
            return Err(self.shard_error(ApiError::illegal_argument(format!(
                "Can only use {query} queries on keyword, text and wildcard fields - not on [{}] which is of type [{}]",
                field.path, field.type_name
            ))));
        }
        if let Some(fuzzy) = fuzzy {
            if fuzzy.most == 0 {
                return Err(
                    self.shard_error(ApiError::illegal_argument("maxExpansions must be positive"))
                );
            }
            return self.named(name, self.fuzzy_scorer(&field, &value, &fuzzy, boost));
        }
        let value = match &field.kind {
            Kind::Keyword {
                normalizer: Some(normalizer),
                ..
            } => normalizer.normalize_part(&value),
            _ => value,
        };
        let fits = self.fits(query, &field, value, folded)?;
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

    /// Matches the metadata of documents.
    fn metadata_pattern(
        &self,
        query: &str,
        path: &str,
        value: &str,
        folded: bool,
        boost: f32,
    ) -> Result<Scorer<'a>, ApiError> {
        let fold = move |text: &str| match folded {
            true => text.to_lowercase(),
            false => text.to_owned(),
        };
        let wanted = fold(value);
        let fits: Fits = match query {
            // The names of indices have no other wildcard.
            "wildcard" if path == "_index" => {
                Box::new(move |text| matches_wildcard(&wanted, &fold(text)))
            }
            "prefix" => Box::new(move |text| fold(text).starts_with(&wanted)),
            _ => Box::new(move |text| wildcard_fits(&wanted, &fold(text))),
        };
        match (path, query) {
            ("_index", "prefix" | "wildcard") => {
                let is_fit = fits(&self.shard.index.name);
                Ok(Rc::new(move |_| is_fit.then_some(boost)))
            }
            ("_routing", "prefix" | "wildcard") => Ok(Rc::new(move |view: View<'a>| {
                let routing = view.document.routing.as_deref();
                routing.is_some_and(&fits).then_some(boost)
            })),
            ("_routing", _) => Err(ApiError::unsupported(format!("[{query}] of [_routing]"))),
            (path, _) if METADATA.contains(&path) => {
                Err(self.shard_error(ApiError::illegal_argument(format!(
                    "Can only use {query} queries on keyword, text and wildcard fields - not on [{path}] which is of type [{path}]"
                ))))
            }
            _ => Ok(Rc::new(|_| None)),
        }
    }

    /// Makes the function that says whether a term fits.
    fn fits(
        &self,
        query: &str,
        field: &Field,
        value: String,
        folded: bool,
    ) -> Result<Fits, ApiError> {
        let fold = move |text: &str| {
            if folded {
                text.to_lowercase()
            } else {
                text.to_owned()
            }
        };
        Ok(match query {
            "prefix" => {
                self.mark(&field.path, Marked::Prefix(value.clone()));
                let wanted = fold(&value);
                Box::new(move |term| fold(term).starts_with(&wanted))
            }
            "wildcard" => {
                self.mark(&field.path, Marked::Wildcard(value.clone()));
                let wanted = fold(&value);
                Box::new(move |term| wildcard_fits(&wanted, &fold(term)))
            }
            _ => {
                let pattern = lucene_regex(&value, folded);
                let pattern = pattern.map_err(|error| self.shard_error(error))?;
                Box::new(move |term| pattern.is_match(term))
            }
        })
    }

    /// Terms within an edit distance: all weigh as the most frequent of them, less by their edits.
    pub(super) fn fuzzy_scorer(
        &self,
        field: &Arc<Field>,
        value: &str,
        fuzzy: &Fuzzy,
        boost: f32,
    ) -> Scorer<'a> {
        let edits = fuzzy.edits;
        self.mark(&field.path, Marked::Fuzzy(value.to_owned(), edits));
        let start: String = value.chars().take(fuzzy.fixed).collect();
        let length_of = value.chars().count();
        let nearness = |(term, distance): &(String, usize)| {
            let shorter = term.chars().count().min(length_of).max(1);
            (1.0 - *distance as f32 / shorter as f32).max(0.0)
        };
        let mut near: Vec<(String, usize)> = self
            .shard
            .dictionary(field)
            .into_iter()
            .filter(|term| term.starts_with(&start))
            .filter_map(|term| {
                let distance = strsim::osa_distance(&term, value);
                (distance <= edits).then_some((term, distance))
            })
            .collect();
        near.sort_by(|a, b| nearness(b).total_cmp(&nearness(a)));
        near.truncate(fuzzy.most);
        let frequency = near
            .iter()
            .map(|(term, _)| self.shard.frequency(field, term))
            .max()
            .unwrap_or(0);
        let weighed: Vec<(String, Bm25)> = near
            .into_iter()
            .map(|near| {
                let boost = boost * nearness(&near);
                let score = Bm25::with_frequencies(self.shard, field, &[frequency], boost);
                (near.0, score)
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
pub(crate) fn lucene_regex(pattern: &str, folded: bool) -> Result<regex_lite::Regex, ApiError> {
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
