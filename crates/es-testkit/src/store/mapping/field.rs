//! One field: its type and what it does with values.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::analysis::Analyzer;
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::dates::Format;

/// A field of a mapping.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub path: String,
    pub kind: Kind,
    /// The type by its name.
    pub type_name: String,
    /// Settings as given.
    pub shown: Map<String, Value>,
    /// Further forms (`fields`).
    pub forms: BTreeMap<String, Arc<Field>>,
    pub indexed: bool,
    pub doc_values: bool,
    pub null_value: Option<Value>,
    pub ignore_malformed: bool,
    pub copy_to: Vec<String>,
}

/// A field's type.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Text {
        index: Arc<Analyzer>,
        search: Arc<Analyzer>,
        fielddata: bool,
        norms: bool,
    },
    Keyword {
        normalizer: Option<Arc<Analyzer>>,
        ignore_above: usize,
    },
    Number(Number),
    Boolean,
    Date {
        format: Format,
    },
    Ip,
    GeoPoint,
    Vector {
        dims: Option<usize>,
        similarity: Similarity,
    },
    Completion {
        analyzer: Arc<Analyzer>,
    },
    Alias(String),
    Binary,
}

/// A type of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Long,
    Integer,
    Short,
    Byte,
    UnsignedLong,
    Double,
    Float,
    HalfFloat,
    /// Kept as a whole multiple of 1/factor.
    Scaled(f64),
}

/// How vectors are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Similarity {
    Cosine,
    DotProduct,
    L2Norm,
    MaxInnerProduct,
}

impl Field {
    /// Makes a field of whole numbers.
    pub fn number(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            kind: Kind::Number(Number::Long),
            type_name: path.to_owned(),
            shown: Map::new(),
            forms: BTreeMap::new(),
            indexed: true,
            doc_values: true,
            null_value: None,
            ignore_malformed: false,
            copy_to: Vec::new(),
        }
    }

    pub fn to_json(&self) -> Value {
        let mut shown = self.shown.clone();
        self.hide_defaults(&mut shown);
        shown.insert("type".to_owned(), self.type_name.as_str().into());
        if !self.forms.is_empty() {
            let forms = self
                .forms
                .iter()
                .map(|(name, form)| (name.clone(), form.to_json()));
            shown.insert("fields".to_owned(), Value::Object(forms.collect()));
        }
        if let Kind::Vector { dims, .. } = &self.kind {
            show_vector(&mut shown, *dims);
        }
        if matches!(self.kind, Kind::Completion { .. }) {
            show_completion(&mut shown);
        }
        Value::Object(shown)
    }

    /// Removes settings that have their default, which the server does not show.
    fn hide_defaults(&self, shown: &mut Map<String, Value>) {
        let analyzer = shown.get("analyzer").cloned();
        let analyzer = analyzer.unwrap_or_else(|| "default".into());
        let is_default = |name: &str, value: &Value| match (name, &self.kind) {
            (_, Kind::Vector { .. } | Kind::Completion { .. } | Kind::Alias(_) | Kind::Binary) => {
                false
            }
            ("index" | "doc_values", _) => *value == true,
            ("store" | "fielddata", _) => *value == false,
            ("norms", kind) => *value == matches!(kind, Kind::Text { .. }),
            ("ignore_malformed", Kind::Ip) => *value == false,
            ("ignore_above", _) => *value == i32::MAX,
            ("index_options", Kind::Text { .. }) => value == "positions",
            ("search_analyzer", _) => *value == analyzer,
            ("format", Kind::Date { .. }) => value == Format::default().text(),
            ("locale", _) => value == "en",
            ("copy_to", _) => *value == json!([]),
            ("meta", _) => *value == json!({}),
            ("null_value", _) => value.is_null(),
            _ => false,
        };
        shown.retain(|name, value| !is_default(name, value));
    }

    pub fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text { .. })
    }

    /// Whether its values count as numbers.
    pub fn has_numbers(&self) -> bool {
        matches!(
            self.kind,
            Kind::Number(_) | Kind::Date { .. } | Kind::Boolean
        )
    }

    pub fn is_date(&self) -> bool {
        matches!(self.kind, Kind::Date { .. })
    }

    /// Reads a value of a document as the terms hold it; `None` for one that is left out.
    ///
    /// # Errors
    /// The text says why it is no value of this type.
    pub fn read(&self, value: &Value) -> Result<Option<Term>, String> {
        let malformed = || format!("value of the wrong kind [{value}]");
        Ok(Some(match &self.kind {
            Kind::Keyword {
                normalizer,
                ignore_above,
            } => {
                let text = scalar(value).ok_or_else(malformed)?;
                if text.chars().count() > *ignore_above {
                    return Ok(None);
                }
                Term::Text(
                    normalizer
                        .as_ref()
                        .map_or_else(|| text.clone(), |normalizer| normalizer.normalize(&text)),
                )
            }
            Kind::Text { .. } | Kind::Completion { .. } | Kind::Binary => {
                Term::Text(scalar(value).ok_or_else(malformed)?)
            }
            Kind::Number(number) => number.read(value)?,
            Kind::Boolean => match value {
                Value::Bool(flag) => Term::Boolean(*flag),
                Value::String(text) if text == "true" => Term::Boolean(true),
                Value::String(text) if text == "false" || text.is_empty() => Term::Boolean(false),
                value => {
                    let text = scalar(value).unwrap_or_default();
                    return Err(format!(
                        "Failed to parse value [{text}] as only [true] or [false] are allowed."
                    ));
                }
            },
            Kind::Date { format } => {
                let text = match value {
                    Value::String(_) | Value::Number(_) => scalar(value).unwrap_or_default(),
                    _ => return Err(malformed()),
                };
                let parsed = format.read(&text, &TimeZone::UTC);
                let parsed = parsed.ok_or_else(|| {
                    format!(
                        "failed to parse date field [{text}] with format [{}]",
                        format.text()
                    )
                })?;
                Term::Integer(parsed.millis)
            }
            Kind::Ip => {
                let text = value.as_str().ok_or_else(malformed)?;
                let ip: std::net::IpAddr = text
                    .parse()
                    .map_err(|_| format!("'{text}' is not an IP string literal."))?;
                Term::Ip(ip)
            }
            Kind::GeoPoint | Kind::Vector { .. } | Kind::Alias(_) => return Ok(None),
        }))
    }

    /// Reads a value of a query.
    ///
    /// # Errors
    /// 400 for what is no value of this type.
    pub fn query_term(&self, value: &Value) -> Result<Option<Term>, ApiError> {
        match (&self.kind, value) {
            (Kind::Number(number), value) => number.query(value),
            (Kind::Keyword { normalizer, .. }, value) => {
                let text = scalar(value).unwrap_or_else(|| value.to_string());
                Ok(Some(Term::Text(
                    normalizer
                        .as_ref()
                        .map_or_else(|| text.clone(), |one| one.normalize(&text)),
                )))
            }
            (Kind::Text { .. }, value) => Ok(Some(Term::Text(
                scalar(value).unwrap_or_else(|| value.to_string()),
            ))),
            (Kind::Boolean, Value::String(text)) if text.is_empty() => {
                Err(ApiError::illegal_argument(
                    "Can't parse boolean value [], expected [true] or [false]",
                ))
            }
            (Kind::Date { format }, value) => {
                let text = scalar(value).unwrap_or_else(|| value.to_string());
                let zone = TimeZone::UTC;
                crate::dates::parse_math(&text, format, &zone, false, crate::dates::now_millis())
                    .map(|millis| Some(Term::Integer(millis)))
            }
            (_, value) => self.read(value).map_err(ApiError::illegal_argument),
        }
    }

    /// Reads a value that must be one of this type, as the ends of ranges and the items of lists.
    ///
    /// # Errors
    /// As for [`query_term`](Self::query_term), and 400 for a number beyond those of the type.
    pub fn bound_term(&self, value: &Value) -> Result<Option<Term>, ApiError> {
        match &self.kind {
            Kind::Number(number) => number.bound(value).map(Some),
            _ => self.query_term(value),
        }
    }

    /// Returns a term as responses show it: keys of buckets, sort values, `fields`.
    pub fn shown_term(&self, term: &Term) -> Value {
        match (&self.kind, term) {
            (Kind::Date { format }, Term::Integer(millis)) => {
                format.print(*millis, &TimeZone::UTC).into()
            }
            (_, term) => term.to_json(),
        }
    }
}

/// Adds the settings that the server shows of a completion field, given or not.
fn show_completion(shown: &mut Map<String, Value>) {
    for (name, value) in [
        ("analyzer", json!("simple")),
        ("preserve_separators", json!(true)),
        ("preserve_position_increments", json!(true)),
        ("max_input_length", json!(50)),
    ] {
        shown.entry(name).or_insert(value);
    }
}

/// Adds the settings that the server shows of a vector field, given or not.
fn show_vector(shown: &mut Map<String, Value>, dims: Option<usize>) {
    if let Some(dims) = dims {
        shown.entry("dims").or_insert_with(|| dims.into());
    }
    let indexed = shown.entry("index").or_insert(Value::Bool(true));
    if *indexed == false {
        return;
    }
    shown.entry("similarity").or_insert_with(|| "cosine".into());
    let options = match dims {
        Some(dims) if dims >= 384 => {
            json!({"type": "bbq_hnsw", "rescore_vector": {"oversample": 3.0}})
        }
        Some(_) => json!({"type": "int8_hnsw"}),
        None => return,
    };
    let options = shown.entry("index_options").or_insert(options);
    let of_graph = options
        .get("type")
        .and_then(Value::as_str)
        .is_some_and(|name| name.ends_with("hnsw"));
    if let (true, Some(options)) = (of_graph, options.as_object_mut()) {
        options.entry("m").or_insert_with(|| 16.into());
        options
            .entry("ef_construction")
            .or_insert_with(|| 100.into());
    }
}

/// Texts as they are, numbers and booleans as texts.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

impl Number {
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "long" => Self::Long,
            "integer" => Self::Integer,
            "short" => Self::Short,
            "byte" => Self::Byte,
            "unsigned_long" => Self::UnsignedLong,
            "double" => Self::Double,
            "float" => Self::Float,
            "half_float" => Self::HalfFloat,
            _ => return None,
        })
    }

    pub fn is_whole(self) -> bool {
        matches!(
            self,
            Self::Long | Self::Integer | Self::Short | Self::Byte | Self::UnsignedLong
        )
    }

    fn limits(self) -> (f64, f64) {
        match self {
            Self::Byte => (-128.0, 127.0),
            Self::Short => (-32_768.0, 32_767.0),
            Self::Integer => (f64::from(i32::MIN), f64::from(i32::MAX)),
            Self::Long => (i64::MIN as f64, i64::MAX as f64),
            Self::UnsignedLong => (0.0, u64::MAX as f64),
            Self::HalfFloat => (-65_519.999, 65_519.999),
            Self::Float => (f64::from(f32::MIN), f64::from(f32::MAX)),
            Self::Double | Self::Scaled(_) => (f64::MIN, f64::MAX),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Byte => "byte",
            Self::Short => "short",
            Self::Integer => "integer",
            Self::Long => "long",
            Self::UnsignedLong => "unsigned_long",
            Self::HalfFloat => "half_float",
            Self::Float => "float",
            Self::Double => "double",
            Self::Scaled(_) => "scaled_float",
        }
    }

    /// Reads a number of a document: texts of numbers too, fractions of whole types cut off.
    fn read(self, value: &Value) -> Result<Term, String> {
        let number = match value {
            Value::Number(number) => number.as_f64(),
            // Texts of the longest numbers are read digit by digit, the others as fractions are.
            Value::String(text) if matches!(self, Self::Long | Self::UnsignedLong) => {
                text.parse().ok().filter(|number: &f64| number.is_finite())
            }
            Value::String(text) => java_number(text),
            _ => None,
        };
        if let Some(whole) = value.as_i64().or_else(|| value.as_str()?.parse().ok()) {
            let (least, most) = self.limits();
            if self.is_whole()
                && whole as f64 >= least
                && (self == Self::Long || whole as f64 <= most)
            {
                return Ok(Term::Integer(whole));
            }
        }
        let number = number.ok_or_else(|| {
            format!(
                "For input string: \"{}\"",
                scalar(value).unwrap_or_else(|| value.to_string())
            )
        })?;
        // Java converts NaN to 0.
        if number.is_nan() && self.is_whole() {
            return Ok(Term::Integer(0));
        }
        let (least, most) = self.limits();
        let is_longer = self == Self::Long && number >= i64::MAX as f64;
        if !(least..=most).contains(&number) || is_longer {
            return Err(format!(
                "Value [{value}] is out of range for a {}",
                self.name()
            ));
        }
        Ok(match self {
            _ if self.is_whole() => {
                if number >= i64::MAX as f64 {
                    Term::Float(number)
                } else {
                    Term::Integer(number.trunc() as i64)
                }
            }
            Self::Float => Term::Float(f64::from(number as f32)),
            Self::HalfFloat => Term::Float(half(number)),
            Self::Scaled(factor) => Term::Float((number * factor).round() / factor),
            _ => Term::Float(number),
        })
    }

    /// Reads a number of a query; one that no document can have is `None`.
    fn query(self, value: &Value) -> Result<Option<Term>, ApiError> {
        let number = Self::any(value)?;
        if self.is_whole() && (number.fract() != 0.0 || !self.holds(number)) {
            return Ok(None);
        }
        self.term(value, number)
            .map(|term| Some(term).filter(|term| term.number().is_some_and(f64::is_finite)))
    }

    /// Reads a number that must be one of this type, as the ends of ranges and the items of lists.
    fn bound(self, value: &Value) -> Result<Term, ApiError> {
        let number = Self::any(value)?;
        if self.is_whole() && number.fract() != 0.0 && self.holds(number) {
            return Ok(Term::Float(number));
        }
        if self.is_whole() && !self.holds(number) {
            return Err(ApiError::illegal_argument(format!(
                "Value [{value}] is out of range for a {}",
                self.name()
            )));
        }
        self.term(value, number)
    }

    fn any(value: &Value) -> Result<f64, ApiError> {
        let text = scalar(value).unwrap_or_else(|| value.to_string());
        let number = match value {
            Value::Number(number) => number.as_f64(),
            _ => java_number(&text),
        };
        number.ok_or_else(|| crate::strict::not_a_number(&text))
    }

    /// Whether the number is within the range of the type.
    fn holds(self, number: f64) -> bool {
        let (least, most) = self.limits();
        !(number < least || number > most)
    }

    /// A number as the index holds it.
    fn term(self, value: &Value, number: f64) -> Result<Term, ApiError> {
        let text = scalar(value).unwrap_or_default();
        Ok(match self {
            _ if self.is_whole() => match text.parse() {
                Ok(whole) => Term::Integer(whole),
                // The longest numbers are read digit by digit, without spaces around them.
                Err(_) if matches!(self, Self::Long) && text.parse::<f64>().is_err() => {
                    return Err(crate::strict::not_a_number(&text));
                }
                Err(_) => Term::Integer(number as i64),
            },
            Self::Float => Term::Float(f64::from(number as f32)),
            Self::HalfFloat => Term::Float(half(number)),
            Self::Scaled(factor) => Term::Float((number * factor).round() / factor),
            _ => Term::Float(number),
        })
    }
}

/// Reads a number as Java reads one: with spaces around it, and with the letter of its type.
pub(crate) fn java_number(text: &str) -> Option<f64> {
    let text = text.trim_matches(|letter| letter <= ' ');
    match text {
        "NaN" => return Some(f64::NAN),
        "Infinity" | "+Infinity" => return Some(f64::INFINITY),
        "-Infinity" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let digits = text
        .strip_suffix(['d', 'D', 'f', 'F'])
        .filter(|digits| digits.ends_with(|letter: char| letter.is_ascii_digit() || letter == '.'))
        .unwrap_or(text);
    if let Some(number) = hexadecimal(text) {
        return Some(number);
    }
    let is_number = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
    digits
        .chars()
        .all(is_number)
        .then(|| digits.parse().ok())
        .flatten()
}

/// Reads a number such as `0x1.8p3`.
fn hexadecimal(text: &str) -> Option<f64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let text = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))?;
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let exponent = exponent
        .strip_suffix(['d', 'D', 'f', 'F'])
        .unwrap_or(exponent);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let digits = format!("{whole}{fraction}");
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    // Longer numbers than those that a double holds are rounded differently.
    let number = u64::from_str_radix(&digits, 16)
        .ok()
        .filter(|number| *number < 1 << 53)?;
    let exponent = exponent.parse::<i32>().ok()?;
    let places = i32::try_from(fraction.len()).ok()?;
    let exponent = exponent.checked_sub(places.checked_mul(4)?)?;
    Some(sign * number as f64 * 2_f64.powi(exponent))
}

/// Rounds to the 11 significant bits of a half-precision number.
fn half(number: f64) -> f64 {
    if number == 0.0 || !number.is_finite() {
        return number;
    }
    let scale = 2_f64.powi(10 - (number.abs().log2().floor() as i32).max(-14));
    let rounded = (number * scale).round_ties_even() / scale;
    if rounded.abs() > 65_504.0 {
        return f64::INFINITY.copysign(number);
    }
    rounded
}

/// Prints a single-precision number with as few digits as tell it from its neighbours.
pub(crate) fn shortest(number: f32) -> f64 {
    number
        .to_string()
        .parse()
        .unwrap_or_else(|_| f64::from(number))
}
