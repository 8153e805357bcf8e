//! `query_string` and `simple_query_string`: queries as people type them.
//!
//! Done are words, `field:`, phrases with slop, `AND`, `OR`, `NOT`, `+`, `-`, parentheses, `*` and
//! `?`, fuzzy words, ranges, boosts and `_exists_`; regular expressions are refused.

use std::rc::Rc;

use serde_json::{Value, json};

use super::compound::best_of;
use super::text::Settings;
use super::{Compiler, common, minimum_should_match};
use crate::api::error::ApiError;
use crate::search::shard::{Scorer, View};
use crate::strict::Fields;

/// How a clause takes part in its query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occur {
    Must,
    Should,
    MustNot,
}

/// The fields that a text is searched in, and the way.
struct Target {
    fields: Vec<(String, f32)>,
    settings: Settings,
    /// Clauses without an operator must all match.
    all: bool,
    tie: f32,
}

struct Parser<'p, 'a> {
    compiler: &'p Compiler<'a>,
    target: &'p Target,
    letters: Vec<char>,
    at: usize,
    simple: bool,
}

impl<'a> Compiler<'a> {
    pub(super) fn query_string(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
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

    pub(super) fn simple_query_string(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
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
        let mut parser = Parser {
            compiler: self,
            target,
            letters: text.chars().collect(),
            at: 0,
            simple,
        };
        if text.trim() == "*" {
            return Ok(Rc::new(|_| Some(1.0)));
        }
        parser.group(None, minimum, true)
    }

    /// The `q` of a URL.
    pub(crate) fn text_query(&self, text: &str) -> Result<Scorer<'a>, ApiError> {
        self.query_string(&json!({"query": text}))
    }
}

impl<'a> Parser<'_, 'a> {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn rest_starts_with(&self, text: &str) -> bool {
        text.chars()
            .enumerate()
            .all(|(number, letter)| self.letters.get(self.at + number) == Some(&letter))
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Takes an operator that stands as a word.
    fn word_operator(&mut self, words: &[&str]) -> bool {
        for word in words {
            let end = self.letters.get(self.at + word.chars().count());
            if self.rest_starts_with(word)
                && (!word.chars().all(char::is_alphabetic)
                    || end.is_none_or(|letter| letter.is_whitespace() || *letter == '('))
            {
                self.at += word.chars().count();
                return true;
            }
        }
        false
    }

    /// Clauses up to the end, or to a closing parenthesis.
    fn group(
        &mut self,
        field: Option<&str>,
        minimum: Option<&str>,
        outermost: bool,
    ) -> Result<Scorer<'a>, ApiError> {
        let mut clauses: Vec<(Occur, Scorer<'a>)> = Vec::new();
        loop {
            self.skip_spaces();
            if self.peek().is_none() || self.peek() == Some(')') {
                break;
            }
            let (both, either) = if self.simple {
                (self.word_operator(&["+"]), self.word_operator(&["|"]))
            } else {
                (
                    self.word_operator(&["AND", "&&"]),
                    self.word_operator(&["OR", "||"]),
                )
            };
            self.skip_spaces();
            let negated = if self.simple {
                self.word_operator(&["-"])
            } else {
                self.word_operator(&["NOT", "-", "!"])
            };
            let needed = !self.simple && self.word_operator(&["+"]);
            self.skip_spaces();
            if self.peek().is_none() {
                if (both || either || negated || needed) && !self.simple {
                    return Err(self.failed());
                }
                break;
            }
            let Some(clause) = self.clause(field)? else {
                continue;
            };
            // An operator binds the clause before it too.
            if both && let Some((occur @ Occur::Should, _)) = clauses.last_mut() {
                *occur = Occur::Must;
            }
            if either
                && self.target.all
                && let Some((occur @ Occur::Must, _)) = clauses.last_mut()
            {
                *occur = Occur::Should;
            }
            let occur = if negated && !self.simple {
                Occur::MustNot
            } else if both || needed || (self.target.all && !either) {
                Occur::Must
            } else {
                Occur::Should
            };
            if negated && self.simple {
                let all: Scorer<'a> = Rc::new(move |view| {
                    if clause(view).is_some() {
                        None
                    } else {
                        Some(1.0)
                    }
                });
                clauses.push((occur, all));
            } else {
                clauses.push((occur, clause));
            }
        }
        if self.peek() == Some(')') && outermost {
            if self.simple {
                self.at += 1;
            } else {
                return Err(self.failed());
            }
        }
        combine(clauses, minimum)
    }

    fn failed(&self) -> ApiError {
        let text: String = self.letters.iter().collect();
        self.compiler.shard_error(ApiError::bad_request(
            "parse_exception",
            format!("Failed to parse query [{text}]"),
        ))
    }

    fn clause(&mut self, field: Option<&str>) -> Result<Option<Scorer<'a>>, ApiError> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let inner = self.group(field, None, false)?;
                if self.peek() == Some(')') {
                    self.at += 1;
                } else if !self.simple {
                    return Err(self.failed());
                }
                let boost = self.boost()?;
                Ok(Some(Rc::new(move |view| {
                    inner(view).map(|score| score * boost)
                })))
            }
            Some('"')
                if self.simple
                    && !self
                        .letters
                        .iter()
                        .skip(self.at + 1)
                        .any(|letter| *letter == '"') =>
            {
                // A quote that nothing closes is no quote.
                self.at += 1;
                self.clause(field)
            }
            Some('"') => {
                self.at += 1;
                let mut phrase = String::new();
                loop {
                    match self.peek() {
                        Some('"') => break,
                        Some('\\') => {
                            self.at += 1;
                            phrase.extend(self.peek());
                        }
                        Some(letter) => phrase.push(letter),
                        None if self.simple => break,
                        None => return Err(self.failed()),
                    }
                    self.at += 1;
                }
                self.at += 1;
                let slop = self
                    .suffix('~')
                    .and_then(|number| number.parse::<f64>().ok())
                    .unwrap_or(0.0);
                let boost = self.boost()?;
                let make = |path: &str, settings: &Settings| {
                    self.compiler.phrase_scorer(path, &phrase, settings, false)
                };
                // Of phrases the best field alone counts.
                self.over_with(field, boost, slop as usize, 0.0, &make)
                    .map(Some)
            }
            Some('/') if !self.simple => Err(ApiError::unsupported(
                "regular expressions in [query_string]",
            )),
            Some('[' | '{') if !self.simple => self.range(field).map(Some),
            Some('>' | '<') if !self.simple => self.comparison(field).map(Some),
            Some(_) => self.word(field),
            None => Ok(None),
        }
    }

    /// Takes what follows a sign such as `~` or `^`.
    fn suffix(&mut self, sign: char) -> Option<String> {
        if self.peek() != Some(sign) {
            return None;
        }
        self.at += 1;
        let mut number = String::new();
        while let Some(letter) = self
            .peek()
            .filter(|letter| letter.is_ascii_digit() || *letter == '.')
        {
            number.push(letter);
            self.at += 1;
        }
        Some(number)
    }

    fn boost(&mut self) -> Result<f32, ApiError> {
        if self.simple {
            return Ok(1.0);
        }
        match self.suffix('^') {
            None => Ok(1.0),
            Some(number) => number.parse().map_err(|_| self.failed()),
        }
    }

    fn word(&mut self, field: Option<&str>) -> Result<Option<Scorer<'a>>, ApiError> {
        let mut word = String::new();
        let mut pattern = false;
        while let Some(letter) = self.peek() {
            if letter == '\\' {
                self.at += 1;
                word.extend(self.peek());
                self.at += 1;
                continue;
            }
            let ends = if self.simple {
                " \t\n()|\"+~"
            } else {
                " \t\n()\"^~[]{}"
            };
            if ends.contains(letter) {
                break;
            }
            self.at += 1;
            if letter == ':' && !self.simple && !word.is_empty() {
                return self.fielded(&word);
            }
            pattern |= (letter == '*') || (letter == '?' && !self.simple);
            word.push(letter);
        }
        if word.is_empty() {
            self.at += 1;
            return Ok(None);
        }
        let fuzziness = self.suffix('~').map(|number| {
            if number.is_empty() {
                if self.simple {
                    "2".to_owned()
                } else {
                    "AUTO".to_owned()
                }
            } else {
                number
            }
        });
        let boost = self.boost()?;
        if word == "*" {
            return match field {
                Some(field) => self.compiler.exists(&json!({"field": field})).map(Some),
                None => Ok(Some(Rc::new(move |_| Some(boost)))),
            };
        }
        if pattern && (!self.simple || word.ends_with('*')) {
            return self.wildcard(field, &word, boost).map(Some);
        }
        if fuzziness.is_none() && boost == 1.0 && !self.simple {
            // Words without an operator between them are one text, analyzed together.
            while let Some(next) = self.plain_word() {
                word.push(' ');
                word.push_str(&next);
            }
        }
        let all = self.target.all;
        let make = |path: &str, settings: &Settings| {
            let fuzzy = Settings {
                all,
                fuzziness: fuzziness.clone(),
                ..settings.clone()
            };
            self.compiler.match_scorer(path, &word, &fuzzy)
        };
        self.over(field, boost, 0, &make).map(Some)
    }

    /// Takes a word that is nothing but a word.
    fn plain_word(&mut self) -> Option<String> {
        let start = self.at;
        self.skip_spaces();
        let mut word = String::new();
        while let Some(letter) = self
            .peek()
            .filter(|letter| !letter.is_whitespace() && *letter != ')')
        {
            word.push(letter);
            self.at += 1;
        }
        let special = word.contains([
            '*', '?', ':', '^', '~', '"', '(', '[', ']', '{', '}', '\\', '/', '|', '&', '!', '<',
            '>',
        ]) || word.starts_with(['+', '-'])
            || matches!(word.as_str(), "AND" | "OR" | "NOT" | "");
        if special {
            self.at = start;
            return None;
        }
        Some(word)
    }

    fn wildcard(
        &self,
        field: Option<&str>,
        word: &str,
        boost: f32,
    ) -> Result<Scorer<'a>, ApiError> {
        let inner = word
            .strip_suffix('*')
            .filter(|start| !start.contains(['*', '?']));
        let make = |path: &str, settings: &Settings| {
            let Some(found) = self.compiler.field(path) else {
                return Ok(nothing());
            };
            let normal = |text: &str| match &found.kind {
                crate::store::Kind::Text { search, .. } => search.normalize_part(text),
                _ => text.to_owned(),
            };
            let (kind, value) = match inner {
                Some(start) => ("prefix", normal(start)),
                None => ("wildcard", normal(word)),
            };
            match self.compiler.pattern(
                kind,
                &json!({path: {"value": value, "boost": settings.boost}}),
            ) {
                Err(_) if settings.lenient => Ok(nothing()),
                outcome => outcome,
            }
        };
        self.over(field, boost, 0, &make)
    }

    /// Reads the part that follows `field:`.
    fn fielded(&mut self, field: &str) -> Result<Option<Scorer<'a>>, ApiError> {
        if field == "_exists_" {
            let Some(_) = self.peek() else {
                return Err(self.failed());
            };
            let mut name = String::new();
            while let Some(letter) = self
                .peek()
                .filter(|letter| !letter.is_whitespace() && *letter != ')')
            {
                name.push(letter);
                self.at += 1;
            }
            return self.compiler.exists(&json!({"field": name})).map(Some);
        }
        if self.peek().is_none_or(char::is_whitespace) {
            return Err(self.failed());
        }
        if field == "*" && self.peek() == Some('*') {
            self.at += 1;
            return Ok(Some(Rc::new(|_| Some(1.0))));
        }
        self.clause(Some(field))
    }

    fn comparison(&mut self, field: Option<&str>) -> Result<Scorer<'a>, ApiError> {
        let above = self.peek() == Some('>');
        self.at += 1;
        let equal = self.peek() == Some('=');
        self.at += usize::from(equal);
        let value = self.bound(" )");
        let name = match (above, equal) {
            (true, true) => "gte",
            (true, false) => "gt",
            (false, true) => "lte",
            (false, false) => "lt",
        };
        self.over_range(field, &json!({name: value}))
    }

    fn range(&mut self, field: Option<&str>) -> Result<Scorer<'a>, ApiError> {
        let lower = if self.peek() == Some('[') {
            "gte"
        } else {
            "gt"
        };
        self.at += 1;
        self.skip_spaces();
        let from = self.bound(" ");
        self.skip_spaces();
        if !self.word_operator(&["TO"]) {
            return Err(self.failed());
        }
        self.skip_spaces();
        let to = self.bound(" ]}");
        self.skip_spaces();
        let upper = match self.peek() {
            Some(']') => "lte",
            Some('}') => "lt",
            _ => return Err(self.failed()),
        };
        self.at += 1;
        let mut bounds = json!({});
        for (name, value) in [(lower, from), (upper, to)] {
            if value != "*"
                && let Some(bounds) = bounds.as_object_mut()
            {
                bounds.insert(name.to_owned(), value.into());
            }
        }
        self.over_range(field, &bounds)
    }

    fn bound(&mut self, ends: &str) -> String {
        let mut text = String::new();
        let quoted = self.peek() == Some('"');
        self.at += usize::from(quoted);
        while let Some(letter) = self.peek() {
            if if quoted {
                letter == '"'
            } else {
                ends.contains(letter)
            } {
                break;
            }
            text.push(letter);
            self.at += 1;
        }
        self.at += usize::from(quoted);
        text
    }

    fn over_range(&self, field: Option<&str>, bounds: &Value) -> Result<Scorer<'a>, ApiError> {
        let make =
            |path: &str, settings: &Settings| match self.compiler.range(&json!({path: bounds})) {
                Err(_) if settings.lenient => Ok(nothing()),
                outcome => outcome,
            };
        self.over(field, 1.0, 0, &make)
    }

    /// Tries a clause in each field and takes the best.
    fn over(
        &self,
        field: Option<&str>,
        boost: f32,
        slop: usize,
        make: &dyn Fn(&str, &Settings) -> Result<Scorer<'a>, ApiError>,
    ) -> Result<Scorer<'a>, ApiError> {
        self.over_with(field, boost, slop, self.target.tie, make)
    }

    /// The same, with a tie breaker of its own.
    fn over_with(
        &self,
        field: Option<&str>,
        boost: f32,
        slop: usize,
        tie: f32,
        make: &dyn Fn(&str, &Settings) -> Result<Scorer<'a>, ApiError>,
    ) -> Result<Scorer<'a>, ApiError> {
        let own = field
            .map(|field| self.compiler.expand(&[field.to_owned()]))
            .transpose()?;
        let fields = own.as_ref().unwrap_or(&self.target.fields);
        let mut queries = Vec::new();
        for (path, weight) in fields {
            let settings = Settings {
                boost: boost * weight,
                slop,
                ..self.target.settings.clone()
            };
            queries.push(make(path, &settings)?);
        }
        Ok(best_of(queries, tie))
    }
}

fn nothing<'a>() -> Scorer<'a> {
    Rc::new(|_| None)
}

fn combine<'a>(
    clauses: Vec<(Occur, Scorer<'a>)>,
    minimum: Option<&str>,
) -> Result<Scorer<'a>, ApiError> {
    if clauses.is_empty() {
        return Ok(nothing());
    }
    let has_must = clauses.iter().any(|(occur, _)| *occur == Occur::Must);
    let optional = clauses
        .iter()
        .filter(|(occur, _)| *occur == Occur::Should)
        .count();
    let only_negative = !has_must && optional == 0;
    let needed = match minimum {
        Some(text) if optional > 0 && clauses.len() > 1 => minimum_should_match(text, optional)?,
        _ => usize::from(!has_must && optional > 0),
    };
    Ok(Rc::new(move |view: View<'a>| {
        let (mut total, mut count) = (0.0_f64, 0);
        for (occur, clause) in &clauses {
            match (occur, clause(view)) {
                (Occur::Must, None) | (Occur::MustNot, Some(_)) => return None,
                (Occur::Must, Some(score)) => total += f64::from(score),
                (Occur::Should, Some(score)) => {
                    total += f64::from(score);
                    count += 1;
                }
                _ => {}
            }
        }
        if only_negative {
            return Some(0.0);
        }
        (count >= needed).then_some(total as f32)
    }))
}
