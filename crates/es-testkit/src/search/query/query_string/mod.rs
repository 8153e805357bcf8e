//! `query_string` and `simple_query_string`: queries as people type them.
//!
//! Done are words, `field:`, phrases with slop, `AND`, `OR`, `NOT`, `+`, `-`, parentheses, `*` and
//! `?`, fuzzy words, ranges, boosts and `_exists_`; regular expressions are refused.

mod clauses;
mod parser;
mod simple;

use std::rc::Rc;

use serde_json::{Value, json};

use self::parser::Parser;
use self::simple::Simple;
use super::text::Settings;
use super::{Compiler, common};
use crate::api::error::ApiError;
use crate::search::shard::Scorer;
use crate::strict::Fields;

/// The fields that a text is searched in, and the way.
struct Target {
    fields: Vec<(String, f32)>,
    settings: Settings,
    /// Clauses without an operator must all match.
    all: bool,
    tie: f32,
}

/// The most groups within each other: more would overflow the stack.
const MAX_DEPTH: usize = 100;

/// # Errors
/// 400 for groups that are nested too deeply.
fn check_depth(depth: usize) -> Result<(), ApiError> {
    if depth <= MAX_DEPTH {
        return Ok(());
    }
    Err(ApiError::unsupported(format!(
        "more than [{MAX_DEPTH}] nested groups in a query string"
    )))
}

impl<'a> Compiler<'a> {
    pub fn query_string(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("query_string", body)?;
        let Some(text) = fields.text("query")? else {
            return Err(ApiError::parsing(
                "[query_string] must be provided with a [query]",
            ));
        };
        fields.unsupported(&[
            "analyze_wildcard",
            "allow_leading_wildcard",
            "enable_position_increments",
            "fuzzy_max_expansions",
            "fuzzy_prefix_length",
            "fuzzy_rewrite",
            "max_determinized_states",
            "phrase_slop",
            "quote_analyzer",
            "quote_field_suffix",
            "rewrite",
            "time_zone",
            "escape",
            "fuzzy_transpositions",
            "fuzziness",
        ])?;
        if fields
            .text("type")?
            .is_some_and(|kind| kind != "best_fields")
        {
            return Err(ApiError::unsupported(
                "[type] but [best_fields] in [query_string]",
            ));
        }
        let default = fields.text("default_field")?;
        let named = match fields.texts("fields")? {
            Some(named) => Some(named),
            None => default.map(|field| vec![field]),
        };
        let all = fields
            .choice("default_operator", &[("and", true), ("or", false)])?
            .unwrap_or(false);
        let target = self.target(&fields, named, all, false)?;
        let minimum = fields.text("minimum_should_match")?;
        fields.flag("auto_generate_synonyms_phrase_query")?;
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        let scorer = self.parse_string(&text, &target, false, minimum.as_deref())?;
        self.named(
            name,
            Rc::new(move |view| scorer(view).map(|score| score * boost)),
        )
    }

    pub fn simple_query_string(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("simple_query_string", body)?;
        let Some(text) = fields.text("query")? else {
            return Err(ApiError::parsing(
                "[simple_query_string] query text missing",
            ));
        };
        fields.unsupported(&[
            "flags",
            "fuzzy_max_expansions",
            "fuzzy_prefix_length",
            "fuzzy_transpositions",
            "quote_field_suffix",
            "analyze_wildcard",
        ])?;
        let named = fields.texts("fields")?;
        let all = fields
            .choice("default_operator", &[("and", true), ("or", false)])?
            .unwrap_or(false);
        let target = self.target(&fields, named, all, true)?;
        let minimum = fields.text("minimum_should_match")?;
        fields.flag("auto_generate_synonyms_phrase_query")?;
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        let scorer = self.parse_string(&text, &target, true, minimum.as_deref())?;
        self.named(
            name,
            Rc::new(move |view| scorer(view).map(|score| score * boost)),
        )
    }

    fn target(
        &self,
        fields: &Fields<'_>,
        named: Option<Vec<String>>,
        all: bool,
        simple: bool,
    ) -> Result<Target, ApiError> {
        let everywhere = named.is_none();
        let named = named.unwrap_or_else(|| vec!["*".to_owned()]);
        let settings = Settings {
            lenient: fields
                .flag("lenient")?
                .unwrap_or(everywhere || named.iter().any(|name| name == "*")),
            analyzer: fields.text("analyzer")?,
            max_expansions: 50,
            boost: 1.0,
            ..Settings::default()
        };
        let tie = if simple {
            1.0
        } else {
            fields.float("tie_breaker")?.unwrap_or(0.0) as f32
        };
        Ok(Target {
            fields: self.expand(&named)?,
            settings,
            all,
            tie,
        })
    }

    fn parse_string(
        &self,
        text: &str,
        target: &Target,
        simple: bool,
        minimum: Option<&str>,
    ) -> Result<Scorer<'a>, ApiError> {
        if text.trim() == "*" {
            return Ok(Rc::new(|_| Some(1.0)));
        }
        let letters: Vec<char> = text.chars().collect();
        if simple {
            Simple::new(self, target, &letters).read(minimum)
        } else {
            Parser::new(self, target, &letters).group(None, minimum, true)
        }
    }

    /// The `q` of a URL.
    pub fn text_query(&self, text: &str) -> Result<Scorer<'a>, ApiError> {
        self.query_string(&json!({"query": text}))
    }
}
