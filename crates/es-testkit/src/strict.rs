//! Reading JSON objects strictly: what nobody asked for is an error.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::api::error::ApiError;
use crate::store::java_number;

/// Whose members are read, which decides how the server words its refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A query of the query language.
    Query,
    /// An aggregation, a sort, a highlighter and the like.
    Section,
    /// The body of a request.
    Body,
}

/// The members of an object, each to be taken once; [`finish`](Self::finish) refuses the others.
#[derive(Debug)]
pub(crate) struct Fields<'v> {
    name: &'v str,
    reader: Reader,
    map: &'v Map<String, Value>,
    taken: RefCell<BTreeSet<&'v str>>,
}

impl<'v> Fields<'v> {
    /// Begins to read an object.
    ///
    /// # Errors
    /// 400 `parsing_exception` for what is no object.
    pub fn of(reader: Reader, name: &'v str, value: &'v Value) -> Result<Self, ApiError> {
        let Some(map) = value.as_object() else {
            return Err(ApiError::parsing(format!(
                "[{name}] malformed, no start_object after its name"
            )));
        };
        Ok(Self::new(reader, name, map))
    }

    pub fn query(name: &'v str, value: &'v Value) -> Result<Self, ApiError> {
        Self::of(Reader::Query, name, value)
    }

    pub fn section(name: &'v str, value: &'v Value) -> Result<Self, ApiError> {
        Self::of(Reader::Section, name, value)
    }

    pub fn new(reader: Reader, name: &'v str, map: &'v Map<String, Value>) -> Self {
        Self {
            name,
            reader,
            map,
            taken: RefCell::default(),
        }
    }

    pub fn name(&self) -> &'v str {
        self.name
    }

    /// Takes a member.
    ///
    /// # Errors
    /// 400 for `null`.
    pub fn get(&self, name: &str) -> Result<Option<&'v Value>, ApiError> {
        match self.raw(name) {
            Some(Value::Null) => Err(self.wrong(name, &Value::Null)),
            value => Ok(value),
        }
    }

    /// Takes a member that may be `null`.
    pub fn raw(&self, name: &str) -> Option<&'v Value> {
        let (name, value) = self.map.get_key_value(name)?;
        self.taken.borrow_mut().insert(name);
        Some(value)
    }

    pub fn required(&self, name: &str) -> Result<&'v Value, ApiError> {
        let missing = || match self.reader {
            Reader::Query => ApiError::parsing(format!("[{}] requires [{name}]", self.name)),
            _ => ApiError::illegal_argument(format!("Required [{name}]")),
        };
        self.get(name)?.ok_or_else(missing)
    }

    /// Takes a text; numbers and booleans are read as texts.
    pub fn text(&self, name: &str) -> Result<Option<String>, ApiError> {
        match self.get(name)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
            Some(value) => Err(self.wrong(name, value)),
        }
    }

    /// Takes a text; nothing else is read as one.
    pub fn string(&self, name: &str) -> Result<Option<String>, ApiError> {
        match self.get(name)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(value) => Err(self.wrong(name, value)),
        }
    }

    /// Whether the members are read one by one, as those of most queries are; a few queries have
    /// a reader that names the wrong member.
    fn is_read_by_token(&self) -> bool {
        match self.reader {
            Reader::Query => !matches!(self.name, "match_all" | "match_none" | "ids" | "knn"),
            Reader::Body => true,
            Reader::Section => false,
        }
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.get(name)? {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text == "true" || text == "false" => {
                Ok(Some(text == "true"))
            }
            Some(Value::String(text)) if self.is_read_by_token() => {
                Err(ApiError::illegal_argument(format!(
                    "Failed to parse value [{text}] as only [true] or [false] are allowed."
                )))
            }
            Some(value @ Value::Number(_)) if self.reader == Reader::Body => {
                Err(ApiError::bad_request(
                    "x_content_parse_exception",
                    format!("[1:1] [{name}] is no boolean: {value}"),
                ))
            }
            Some(value) => Err(self.wrong(name, value)),
        }
    }

    pub fn float(&self, name: &str) -> Result<Option<f64>, ApiError> {
        match self.get(name)? {
            None => Ok(None),
            Some(Value::String(text)) => match java_number(text) {
                Some(number) => Ok(Some(number)),
                None if self.is_read_by_token() => Err(not_a_number(text)),
                None => Err(self.wrong(name, &Value::from(text.as_str()))),
            },
            Some(Value::Bool(_)) if self.reader == Reader::Query && self.is_read_by_token() => {
                Err(ApiError::bad_request(
                    "x_content_parse_exception",
                    format!("[1:1] [{name}] is no number"),
                ))
            }
            Some(value) => value
                .as_f64()
                .map(Some)
                .ok_or_else(|| self.wrong(name, value)),
        }
    }

    /// Takes a whole number; a fraction is cut off, as the server does it.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.get(name)? else {
            return Ok(None);
        };
        let read = match value {
            Value::String(text) if self.is_read_by_token() => {
                Some(text.parse().map_err(|_| not_a_number(text))?)
            }
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number
                .as_i64()
                .or_else(|| number.as_f64().map(|number| number as i64)),
            _ => None,
        };
        read.map(Some).ok_or_else(|| self.wrong(name, value))
    }

    /// Takes a count: zero or more.
    pub fn count(&self, name: &str) -> Result<Option<usize>, ApiError> {
        let Some(number) = self.integer(name)? else {
            return Ok(None);
        };
        usize::try_from(number).map(Some).map_err(|_| {
            self.invalid(format!(
                "[{name}] parameter cannot be negative, found [{number}]"
            ))
        })
    }

    /// Takes a count of at least one.
    pub fn positive(&self, name: &str) -> Result<Option<usize>, ApiError> {
        match self.count(name)? {
            Some(0) => Err(self.invalid(format!(
                "[{name}] must be greater than 0. Found [0] in [{}]",
                self.name
            ))),
            count => Ok(count),
        }
    }

    /// Takes an object.
    pub fn object(&self, name: &str) -> Result<Option<&'v Map<String, Value>>, ApiError> {
        let Some(value) = self.get(name)? else {
            return Ok(None);
        };
        value
            .as_object()
            .map(Some)
            .ok_or_else(|| self.wrong(name, value))
    }

    /// Takes a text or a list of texts.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
        let Some(value) = self.get(name)? else {
            return Ok(None);
        };
        let one = |value: &Value| match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(_) | Value::Bool(_) if self.reader != Reader::Body => {
                Ok(value.to_string())
            }
            _ => Err(self.wrong(name, value)),
        };
        match value {
            Value::Array(items) => Ok(Some(items.iter().map(one).collect::<Result<_, _>>()?)),
            Value::Number(_) | Value::Bool(_) if self.reader == Reader::Section => {
                Err(self.wrong(name, value))
            }
            value => Ok(Some(vec![one(value)?])),
        }
    }

    /// Takes one of several words.
    pub fn choice<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let found = words
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(&text));
        found
            .map(|(_, value)| Some(*value))
            .ok_or_else(|| self.wrong(name, &Value::from(text)))
    }

    /// Takes a choice of which only one word is done here.
    ///
    /// # Errors
    /// 400 for the others, as from this server or the genuine one.
    pub fn only(&self, name: &str, done: &str, known: &[&str]) -> Result<(), ApiError> {
        match self.text(name)? {
            Some(text) if known.iter().any(|word| word.eq_ignore_ascii_case(&text)) => Err(
                ApiError::unsupported(format!("[{name}: {text}] in [{}]", self.name)),
            ),
            _ => self.choice(name, &[(done, ())]).map(|_| ()),
        }
    }

    /// Refuses members that the genuine server takes and the test kit does not.
    pub fn unsupported(&self, names: &[&str]) -> Result<(), ApiError> {
        let found = names.iter().find(|name| self.map.contains_key(**name));
        found.map_or(Ok(()), |name| {
            Err(ApiError::unsupported(format!(
                "[{name}] in [{}]",
                self.name
            )))
        })
    }

    /// The members that were not taken.
    pub fn rest(&self) -> Vec<(&'v String, &'v Value)> {
        let taken = self.taken.borrow();
        self.map
            .iter()
            .filter(|(name, _)| !taken.contains(name.as_str()))
            .collect()
    }

    /// Refuses members that nobody took.
    ///
    /// # Errors
    /// 400 as the server says it.
    pub fn finish(&self) -> Result<(), ApiError> {
        let Some((name, value)) = self.rest().first().copied() else {
            return Ok(());
        };
        Err(self.unknown(name, value))
    }

    fn unknown(&self, name: &str, value: &Value) -> ApiError {
        match self.reader {
            Reader::Query => {
                ApiError::parsing(format!("[{}] query does not support [{name}]", self.name))
            }
            Reader::Section => ApiError::bad_request(
                "x_content_parse_exception",
                format!("[1:1] [{}] unknown field [{name}]", self.name),
            ),
            Reader::Body => {
                ApiError::parsing(format!("unknown key for a {} in [{name}].", token(value)))
            }
        }
    }

    /// Makes an error for a value that its member cannot have.
    pub fn invalid(&self, reason: impl Into<String>) -> ApiError {
        match self.reader {
            Reader::Section => {
                let reason = reason.into();
                ApiError::bad_request(
                    "x_content_parse_exception",
                    format!("[1:1] [{}] {reason}", self.name),
                )
                .caused_by("illegal_argument_exception", &reason)
            }
            _ => ApiError::illegal_argument(reason),
        }
    }

    /// A member of a type that it cannot have.
    pub fn wrong(&self, name: &str, value: &Value) -> ApiError {
        match self.reader {
            Reader::Query => ApiError::parsing(format!(
                "[{}] query does not support [{name}] of the value {value}",
                self.name
            )),
            Reader::Section => ApiError::bad_request(
                "x_content_parse_exception",
                format!(
                    "[1:1] [{}] {name} doesn't support values of type: {}",
                    self.name,
                    token(value)
                ),
            ),
            Reader::Body => {
                ApiError::parsing(format!("unknown key for a {} in [{name}].", token(value)))
            }
        }
    }
}

/// Makes the error for a text that is no number.
pub(crate) fn not_a_number(text: &str) -> ApiError {
    ApiError::bad_request(
        "number_format_exception",
        format!("For input string: \"{text}\""),
    )
}

/// The name of a value's first token in the server's parser.
pub(crate) fn token(value: &Value) -> &'static str {
    match value {
        Value::Null => "VALUE_NULL",
        Value::Bool(_) => "VALUE_BOOLEAN",
        Value::Number(_) => "VALUE_NUMBER",
        Value::String(_) => "VALUE_STRING",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    }
}
