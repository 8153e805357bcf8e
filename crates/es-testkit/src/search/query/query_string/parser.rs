//! The syntax: from letters to clauses.

use std::rc::Rc;

use serde_json::json;

use super::clauses::{Clauses, Occur, combine};
use super::{Target, check_depth};
use crate::api::error::ApiError;
use crate::search::query::Compiler;
use crate::search::shard::Scorer;

/// A reader of one query.
pub(super) struct Parser<'p, 'a> {
    clauses: Clauses<'p, 'a>,
    letters: &'p [char],
    at: usize,
    /// The number of open groups.
    depth: usize,
}

impl<'p, 'a> Parser<'p, 'a> {
    pub fn new(compiler: &'p Compiler<'a>, target: &'p Target, letters: &'p [char]) -> Self {
        Self {
            clauses: Clauses { compiler, target },
            letters,
            at: 0,
            depth: 0,
        }
    }

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
            let is_sign = matches!(*word, "+" | "-" | "!");
            let ends = |letter: &char| letter.is_whitespace() || "!():^[]\"{}~/".contains(*letter);
            if self.rest_starts_with(word) && (is_sign || end.is_none_or(ends)) {
                self.at += word.chars().count();
                return true;
            }
        }
        false
    }

    /// Clauses up to the end, or to a closing parenthesis.
    pub fn group(
        &mut self,
        field: Option<&str>,
        minimum: Option<&str>,
        outermost: bool,
    ) -> Result<Scorer<'a>, ApiError> {
        let mut clauses: Vec<(Occur, Scorer<'a>)> = Vec::new();
        let mut is_first = true;
        loop {
            self.skip_spaces();
            if self.peek().is_none() || self.peek() == Some(')') {
                break;
            }
            let both = self.word_operator(&["AND", "&&"]);
            let either = !both && self.word_operator(&["OR", "||"]);
            self.skip_spaces();
            let (negated, needed) = self.modifier();
            self.skip_spaces();
            let misplaced = is_first && (both || either);
            if self.peek().is_none() || misplaced || self.is_operator(negated || needed) {
                return Err(self.failed());
            }
            is_first = false;
            let marks = self.clauses.marks();
            let clause = self.clause(field, false)?;
            if negated {
                self.clauses.unmark(marks);
            }
            let all = self.clauses.target.all;
            // An operator binds the clause before it too.
            if both && let Some((occur @ Occur::Should, _)) = clauses.last_mut() {
                *occur = Occur::Must;
            }
            if either
                && all
                && let Some((occur @ Occur::Must, _)) = clauses.last_mut()
            {
                *occur = Occur::Should;
            }
            let Some(clause) = clause else {
                continue;
            };
            let occur = if negated {
                Occur::MustNot
            } else if both || needed || (all && !either) {
                Occur::Must
            } else {
                Occur::Should
            };
            clauses.push((occur, clause));
        }
        if self.peek() == Some(')') && outermost {
            return Err(self.failed());
        }
        combine(clauses, minimum)
    }

    /// Takes a sign or word before a clause: whether it forbids the clause, or needs it. A sign that
    /// stands alone is a word.
    fn modifier(&mut self) -> (bool, bool) {
        let next = self.letters.get(self.at + 1);
        if next.is_some_and(|letter| letter.is_whitespace()) {
            return (false, false);
        }
        let negated = self.word_operator(&["NOT", "-", "!"]);
        (negated, !negated && self.word_operator(&["+"]))
    }

    /// Whether an operator stands where a clause has to.
    fn is_operator(&mut self, modified: bool) -> bool {
        let start = self.at;
        let found = self.word_operator(&["AND", "&&", "OR", "||", "NOT"])
            || (modified && self.word_operator(&["+", "-", "!"]));
        self.at = start;
        found
    }

    fn failed(&self) -> ApiError {
        let text: String = self.letters.iter().collect();
        self.clauses.compiler.shard_error(ApiError::bad_request(
            "parse_exception",
            format!("Failed to parse query [{text}]"),
        ))
    }

    /// Reads a clause; `direct` where the name of its field was right before it.
    fn clause(
        &mut self,
        field: Option<&str>,
        direct: bool,
    ) -> Result<Option<Scorer<'a>>, ApiError> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                self.skip_spaces();
                if self.peek() == Some(')') {
                    return Err(self.failed());
                }
                self.depth += 1;
                check_depth(self.depth)?;
                let inner = self.group(field, None, false)?;
                self.depth -= 1;
                if self.peek() != Some(')') {
                    return Err(self.failed());
                }
                self.at += 1;
                let boost = self.boost()?;
                Ok(Some(Rc::new(move |view| {
                    inner(view).map(|score| score * boost)
                })))
            }
            Some('"') => self.phrase(field),
            Some('/') => Err(ApiError::unsupported(
                "regular expressions in [query_string]",
            )),
            Some('[' | '{') => self.range(field).map(Some),
            Some('>' | '<') => self.comparison(field).map(Some),
            Some(_) => self.word(field, direct),
            None => Ok(None),
        }
    }

    fn phrase(&mut self, field: Option<&str>) -> Result<Option<Scorer<'a>>, ApiError> {
        self.at += 1;
        let mut phrase = String::new();
        loop {
            match self.peek() {
                Some('"') => break,
                Some('\\') => {
                    phrase.push(self.escaped()?);
                    continue;
                }
                Some(letter) => phrase.push(letter),
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
        if self.clauses.is_nothing(field, &phrase)? {
            return Ok(None);
        }
        let phrase = self.clauses.phrase(field, &phrase, slop as usize, boost);
        phrase.map(Some)
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
        match self.suffix('^') {
            None => Ok(1.0),
            Some(number) => number.parse().map_err(|_| self.failed()),
        }
    }

    fn word(&mut self, field: Option<&str>, direct: bool) -> Result<Option<Scorer<'a>>, ApiError> {
        let mut word = String::new();
        let mut pattern = false;
        while let Some(letter) = self.peek() {
            if letter == '\\' {
                word.push(self.escaped()?);
                continue;
            }
            if " \t\n()\"^~[]{}".contains(letter) {
                break;
            }
            self.at += 1;
            if letter == ':' && !word.is_empty() {
                if direct {
                    return Err(self.failed());
                }
                return self.fielded(&word);
            }
            pattern |= matches!(letter, '*' | '?');
            word.push(letter);
        }
        if word.is_empty() {
            return Err(self.failed());
        }
        let fuzziness = self.suffix('~').map(|number| {
            if number.is_empty() {
                "AUTO".to_owned()
            } else {
                number
            }
        });
        let boost = self.boost()?;
        if word == "*" {
            return match field {
                Some(field) => self
                    .clauses
                    .compiler
                    .exists(&json!({"field": field}))
                    .map(Some),
                None => Ok(Some(Rc::new(move |_| Some(boost)))),
            };
        }
        if pattern {
            return self.clauses.wildcard(field, &word, boost).map(Some);
        }
        if fuzziness.is_none() && boost == 1.0 {
            // Words without an operator between them are one text, analyzed together.
            while let Some(next) = self.plain_word() {
                word.push(' ');
                word.push_str(&next);
            }
        }
        if self.clauses.is_nothing(field, &word)? {
            return Ok(None);
        }
        self.clauses.text(field, &word, fuzziness, boost).map(Some)
    }

    /// Takes the letter behind a backslash, which may be written as its number.
    fn escaped(&mut self) -> Result<char, ApiError> {
        self.at += 1;
        let letter = self.peek().ok_or_else(|| self.failed())?;
        self.at += 1;
        if letter != 'u' {
            return Ok(letter);
        }
        let digits = self.letters.get(self.at..self.at + 4);
        let digits: String = digits.unwrap_or_default().iter().collect();
        let number = u32::from_str_radix(&digits, 16).ok();
        self.at += 4;
        number.and_then(char::from_u32).ok_or_else(|| self.failed())
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
            return self
                .clauses
                .compiler
                .exists(&json!({"field": name}))
                .map(Some);
        }
        if self.peek().is_none_or(char::is_whitespace) {
            return Err(self.failed());
        }
        if field == "*" && self.peek() == Some('*') {
            self.at += 1;
            return Ok(Some(Rc::new(|_| Some(1.0))));
        }
        if self.is_operator(true) {
            return Err(self.failed());
        }
        self.clause(Some(field), true)
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
        self.clauses.over_range(field, &json!({name: value}))
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
        self.clauses.over_range(field, &bounds)
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
}
