//! Highlighting: the places of a text where a query matched.

mod bounds;
mod fragments;

use serde_json::Value;

use self::fragments::fragments;
use super::execute::Prepared;
use super::query::Mark;
use super::shard::View;
use crate::api::error::ApiError;
use crate::json::Json;
use crate::store::{Kind, matches_wildcard};
use crate::strict::Fields;

/// The `highlight` of a search.
#[derive(Clone, Debug)]
pub(crate) struct Highlight {
    /// Fields in the order asked for, each with its settings.
    fields: Vec<(String, Settings)>,
}

#[derive(Clone, Debug)]
struct Settings {
    plain: bool,
    pre: Vec<String>,
    post: Vec<String>,
    fragment_size: usize,
    fragments: usize,
    require_field_match: bool,
    no_match_size: usize,
    by_score: bool,
    /// A query of its own, whose marks count.
    query: Option<Value>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            plain: false,
            pre: vec!["<em>".to_owned()],
            post: vec!["</em>".to_owned()],
            fragment_size: 100,
            fragments: 5,
            require_field_match: true,
            no_match_size: 0,
            by_score: false,
            query: None,
        }
    }
}

impl Settings {
    fn take(&self, fields: &Fields<'_>) -> Result<Self, ApiError> {
        fields.unsupported(&[
            "boundary_chars",
            "boundary_max_scan",
            "boundary_scanner",
            "boundary_scanner_locale",
            "encoder",
            "force_source",
            "fragmenter",
            "matched_fields",
            "options",
            "phrase_limit",
            "max_analyzed_offset",
            "fragment_offset",
        ])?;
        let plain = read_plain(fields)?.unwrap_or(self.plain);
        let (pre, post) = read_tags(fields)?;
        // A size below one leaves sentences whole.
        let fragment_size = fields
            .integer("fragment_size")?
            .map(|size| usize::try_from(size).unwrap_or(0));
        Ok(Self {
            plain,
            pre: pre.unwrap_or_else(|| self.pre.clone()),
            post: post.unwrap_or_else(|| self.post.clone()),
            fragment_size: fragment_size.unwrap_or(self.fragment_size),
            fragments: read_fragments(fields)?.unwrap_or(self.fragments),
            require_field_match: fields
                .flag("require_field_match")?
                .unwrap_or(self.require_field_match),
            no_match_size: fields
                .integer("no_match_size")?
                .map_or(self.no_match_size, |size| {
                    usize::try_from(size).unwrap_or(0)
                }),
            by_score: match fields.text("order")?.as_deref() {
                None => self.by_score,
                Some(order) => order == "score",
            },
            query: fields
                .get("highlight_query")?
                .cloned()
                .or_else(|| self.query.clone()),
        })
    }
}

fn read_fragments(fields: &Fields<'_>) -> Result<Option<usize>, ApiError> {
    let Some(number) = fields.integer("number_of_fragments")? else {
        return Ok(None);
    };
    match usize::try_from(number) {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(ApiError::unsupported(format!(
            "[number_of_fragments: {number}]"
        ))),
    }
}

/// The tags before and after a highlighted term.
type Tags = (Option<Vec<String>>, Option<Vec<String>>);

fn read_tags(fields: &Fields<'_>) -> Result<Tags, ApiError> {
    let (mut pre, mut post) = (fields.texts("pre_tags")?, fields.texts("post_tags")?);
    match fields.text("tags_schema")?.as_deref() {
        None => {}
        Some("default") => {
            let default = Settings::default();
            (pre, post) = (Some(default.pre), Some(default.post));
        }
        Some("styled") => {
            let styled = (1..=10).map(|number| format!("<em class=\"hlt{number}\">"));
            (pre, post) = (Some(styled.collect()), Some(vec!["</em>".to_owned()]));
        }
        Some(other) => return Err(fields.invalid(format!("Unknown tag schema [{other}]"))),
    }
    let wrong = match (&pre, &post) {
        (Some(_), None) => "pre_tags are set but post_tags are not set",
        (Some(pre), Some(post)) if pre.is_empty() || post.is_empty() => {
            "pre_tags or post_tags must not be empty"
        }
        _ => return Ok((pre, post)),
    };
    Err(ApiError::parsing(wrong))
}

/// Reads which highlighter is chosen.
fn read_plain(fields: &Fields<'_>) -> Result<Option<bool>, ApiError> {
    match fields.text("type")?.as_deref() {
        None => Ok(None),
        Some("unified") => Ok(Some(false)),
        Some("plain") => Ok(Some(true)),
        Some("fvh") => Err(ApiError::unsupported("the highlighter [fvh]")),
        Some(other) => Err(ApiError::illegal_argument(format!(
            "unknown highlighter type [{other}]"
        ))
        .in_search()),
    }
}

impl Highlight {
    pub fn parse(value: &Value) -> Result<Self, ApiError> {
        let fields = Fields::section("highlight", value)?;
        let shared = Settings::default().take(&fields)?;
        let mut named = Vec::new();
        match fields.get("fields")? {
            None => {}
            Some(Value::Object(each)) => named.extend(each.iter()),
            Some(Value::Array(items)) => {
                for item in items {
                    let each = item
                        .as_object()
                        .ok_or_else(|| fields.wrong("fields", item))?;
                    named.extend(each);
                }
            }
            Some(value) => return Err(fields.wrong("fields", value)),
        }
        fields.finish()?;
        let mut parsed = Vec::new();
        for (name, settings) in named {
            let fields = Fields::section("highlight_field", settings)?;
            let own = shared.take(&fields).map_err(|error| match error.kind {
                "parsing_exception" => error
                    .retyped("parsing_exception", "x_content_parse_exception")
                    .rooted("parsing_exception"),
                _ => error,
            })?;
            parsed.push((name.clone(), own));
            fields.finish()?;
        }
        Ok(Self { fields: parsed })
    }

    /// Returns the fragments of each field.
    pub fn show<'a>(
        &self,
        shard: &Prepared<'a>,
        view: View<'a>,
    ) -> Result<Vec<(String, Json)>, ApiError> {
        let mapping = &shard.compiler.shard.index.mapping;
        let mut shown = Vec::new();
        for (pattern, settings) in &self.fields {
            let (marks, unmarkable) = match &settings.query {
                None => {
                    let noted = shard.noted.borrow();
                    (noted.marks.clone(), noted.unmarkable.clone())
                }
                Some(query) => {
                    let mut compiler = shard.compiler.clone();
                    compiler.noted = std::rc::Rc::default();
                    compiler.marking = true;
                    compiler.compile(query)?;
                    let noted = compiler.noted.borrow();
                    (noted.marks.clone(), noted.unmarkable.clone())
                }
            };
            if let Some(query) = unmarkable.filter(|_| !settings.plain) {
                return Err(ApiError::unsupported(format!(
                    "highlights of [{query}] inside of other queries"
                )));
            }
            for field in mapping.matching(pattern) {
                if !matches!(field.kind, Kind::Text { .. } | Kind::Keyword { .. }) {
                    continue;
                }
                let fits = |mark: &&Mark<'a>| {
                    let is_of_field = !settings.require_field_match
                        || mark.field == field.path
                        || matches_wildcard(&mark.field, &field.path);
                    // Otherwise terms of queries that do not match are marked, too.
                    let is_matched = settings.plain
                        || !settings.require_field_match
                        || mark.within.iter().all(|query| query(view).is_some());
                    is_of_field && is_matched
                };
                let own: Vec<&Mark<'a>> = marks.iter().filter(fits).collect();
                let fragments = fragments(&field, view, &own, settings)?;
                if !fragments.is_empty() {
                    shown.push((field.path.clone(), Json::from(Value::from(fragments))));
                }
            }
        }
        Ok(shown)
    }
}
