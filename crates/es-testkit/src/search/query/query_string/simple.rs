//! The syntax of `simple_query_string`, in which nothing is an error.

use std::rc::Rc;

use super::clauses::{Clauses, Occur, combine};
use super::{Target, check_depth};
use crate::api::error::ApiError;
use crate::search::query::Compiler;
use crate::search::shard::Scorer;

/// A reader of one query, or of a group in parentheses.
pub(super) struct Simple<'p, 'a> {
    clauses: Clauses<'p, 'a>,
    letters: &'p [char],
    at: usize,
    /// The tree so far: its first clause until a second one joins it.
    first: Vec<(Occur, Scorer<'a>)>,
    joined: Vec<(Occur, Scorer<'a>)>,
    /// The operator that joined the last clause, and the one that was read since.
    previous: Option<Occur>,
    operator: Option<Occur>,
    negations: usize,
    /// The number of groups around it.
    depth: usize,
}

impl<'p, 'a> Simple<'p, 'a> {
    pub fn new(compiler: &'p Compiler<'a>, target: &'p Target, letters: &'p [char]) -> Self {
        Self {
            clauses: Clauses { compiler, target },
            letters,
            at: 0,
            first: Vec::new(),
            joined: Vec::new(),
            previous: None,
            operator: None,
            negations: 0,
            depth: 0,
        }
    }

    /// Reads the query.
    pub fn read(self, minimum: Option<&str>) -> Result<Scorer<'a>, ApiError> {
        combine(self.tree()?, minimum)
    }

    /// Reads the clauses, those of another operator as one of them.
    fn tree(mut self) -> Result<Vec<(Occur, Scorer<'a>)>, ApiError> {
        while let Some(letter) = self.peek() {
            let marks = self.clauses.marks();
            let negated = self.negations % 2 == 1;
            match letter {
                '(' => self.group()?,
                '"' => self.phrase()?,
                '+' => self.operate(Occur::Must),
                '|' => self.operate(Occur::Should),
                '-' => {}
                letter if letter == ')' || letter.is_whitespace() => {}
                _ => {
                    self.word()?;
                    self.at -= 1;
                }
            }
            if negated {
                self.clauses.unmark(marks);
            }
            self.at += 1;
            // A minus sign counts for what follows it at once.
            self.negations = if letter == '-' { self.negations + 1 } else { 0 };
        }
        Ok(self.first.into_iter().chain(self.joined).collect())
    }

    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn is_empty(&self) -> bool {
        self.first.is_empty() && self.joined.is_empty()
    }

    /// The first operator between two clauses counts.
    fn operate(&mut self, operator: Occur) {
        if !self.is_empty() {
            self.operator.get_or_insert(operator);
        }
    }

    /// Adds a clause. Where the operator changes, all that stands before it becomes one clause.
    fn add(&mut self, clause: Scorer<'a>) -> Result<(), ApiError> {
        let clauses = if self.negations % 2 == 1 {
            let all: Scorer<'a> = Rc::new(|_| Some(1.0));
            vec![(Occur::Should, all), (Occur::MustNot, clause)]
        } else {
            vec![(Occur::Should, clause)]
        };
        let operator = self.operator.take();
        if self.is_empty() {
            self.first = clauses;
            return Ok(());
        }
        let clause = combine(clauses, None)?;
        let default = if self.clauses.target.all {
            Occur::Must
        } else {
            Occur::Should
        };
        let operator = operator.unwrap_or(default);
        if !self.first.is_empty() {
            let first = combine(std::mem::take(&mut self.first), None)?;
            self.joined.push((operator, first));
        } else if self.previous != Some(operator) {
            let whole = combine(std::mem::take(&mut self.joined), None)?;
            self.joined.push((operator, whole));
        }
        self.joined.push((operator, clause));
        self.previous = Some(operator);
        Ok(())
    }

    /// Finds a closing sign that is not escaped, from the place after the opening one.
    fn closing(&self, opening: Option<char>, closing: char) -> Option<usize> {
        let mut depth = 1;
        let mut at = self.at + 1;
        while let Some(letter) = self.letters.get(at) {
            if *letter == '\\' {
                at += 1;
            } else if *letter == closing {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            } else if Some(*letter) == opening {
                depth += 1;
            }
            at += 1;
        }
        None
    }

    fn group(&mut self) -> Result<(), ApiError> {
        let Some(end) = self.closing(Some('('), ')') else {
            return Ok(());
        };
        let inside = self.letters.get(self.at + 1..end).unwrap_or_default();
        self.at = end;
        if inside.is_empty() {
            self.operator = None;
            return Ok(());
        }
        let Clauses { compiler, target } = self.clauses;
        let mut inner = Simple::new(compiler, target, inside);
        inner.depth = self.depth + 1;
        check_depth(inner.depth)?;
        let inner = inner.tree()?;
        if inner.is_empty() {
            return Ok(());
        }
        self.add(combine(inner, None)?)
    }

    /// Reads a phrase; a quote that nothing closes is no quote.
    fn phrase(&mut self) -> Result<(), ApiError> {
        let Some(end) = self.closing(None, '"') else {
            return Ok(());
        };
        let quoted = self.letters.get(self.at + 1..end).unwrap_or_default();
        self.at = end;
        if quoted.is_empty() {
            self.operator = None;
            return Ok(());
        }
        let phrase = unescaped(quoted);
        let mut slop = 0;
        if self.letters.get(end + 1) == Some(&'~') {
            self.at = end + 1;
            if self.letters.len() > end + 2 {
                // The letter that ends the number is skipped, as the server does it.
                slop = self.distance();
            }
        }
        let clauses = self.clauses;
        if clauses.is_nothing(None, &phrase)? {
            return Ok(());
        }
        let phrase = clauses.phrase(None, &phrase, slop, 1.0)?;
        self.add(phrase)
    }

    /// Reads the number after a tilde: 2 without one, 0 for what is no number.
    fn distance(&mut self) -> usize {
        self.at += 1;
        let start = self.at;
        while self.peek().is_some_and(|letter| !ends_word(letter)) {
            self.at += 1;
        }
        let number = self.letters.get(start..self.at).unwrap_or_default();
        let number: String = number.iter().collect();
        if number.is_empty() {
            2
        } else {
            number.parse().unwrap_or(0)
        }
    }

    fn word(&mut self) -> Result<(), ApiError> {
        let mut word = String::new();
        let mut is_prefix = false;
        let mut edits = None;
        while let Some(letter) = self.peek() {
            if letter == '\\' {
                self.at += 1;
                word.extend(self.peek());
                is_prefix = false;
            } else if ends_word(letter) {
                break;
            } else if letter == '~' && !word.is_empty() {
                edits = Some(self.distance().min(2)).filter(|edits| *edits > 0);
                is_prefix = false;
                break;
            } else {
                is_prefix = letter == '*' && !word.is_empty();
                word.push(letter);
            }
            self.at += 1;
        }
        if word.is_empty() {
            return Ok(());
        }
        let clauses = self.clauses;
        if !is_prefix && clauses.is_nothing(None, &word)? {
            return Ok(());
        }
        let clause = if is_prefix {
            word.pop();
            clauses.prefix(None, &word, 1.0)?
        } else {
            clauses.text(None, &word, edits.map(|edits| edits.to_string()), 1.0)?
        };
        self.add(clause)
    }
}

fn ends_word(letter: char) -> bool {
    letter.is_whitespace() || "\"|+()".contains(letter)
}

fn unescaped(letters: &[char]) -> String {
    let mut text = String::new();
    let mut letters = letters.iter();
    while let Some(letter) = letters.next() {
        text.extend(if *letter == '\\' {
            letters.next()
        } else {
            Some(letter)
        });
    }
    text
}
