use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::object::{Clause, json, options, pair};

/// One key by which hits are sorted.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    field: String,
    options: Map<String, Value>,
}

impl Sort {
    /// By a field.
    pub fn field(field: impl Into<String>) -> Self {
        Self { field: field.into(), options: Map::new() }
    }

    /// By how well hits match, the best first.
    pub fn score() -> Self {
        Self::field("_score")
    }

    /// By the place in the index: the cheapest, for reading everything.
    pub fn doc() -> Self {
        Self::field("_doc")
    }

    /// By the distance from a point.
    pub fn geo_distance(field: impl Into<String>, point: impl Serialize) -> Self {
        Self { field: "_geo_distance".to_owned(), options: pair(field, point) }
    }

    /// The least first.
    #[must_use]
    pub fn asc(self) -> Self {
        self.with("order", "asc")
    }

    /// The greatest first.
    #[must_use]
    pub fn desc(self) -> Self {
        self.with("order", "desc")
    }

    options! {
        /// Where hits without a value go: `_first`, `_last` (default), or as this value.
        missing("missing");
        /// Which of several values counts: `min`, `max`, `sum`, `avg` or `median`.
        mode("mode");
        /// The type to take a field for in indices that do not know it.
        unmapped_type("unmapped_type");
        /// The unit of a distance.
        unit("unit");
    }

    /// Any option by its name. One that is set again replaces the earlier value.
    #[must_use]
    pub fn with(mut self, option: impl Into<String>, value: impl Serialize) -> Self {
        self.options.insert(option.into(), json(value));
        self
    }
}

impl Serialize for Sort {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map([(&self.field, &self.options)])
    }
}

/// Which fragments of the hits are shown with the words that match marked.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Highlight {
    fields: Map<String, Value>,
    #[serde(flatten)]
    options: Map<String, Value>,
}

impl Highlight {
    /// Of no field yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    #[must_use]
    pub fn field(self, field: impl Into<String>) -> Self {
        self.field_with(field, Map::new())
    }

    /// Adds a field with options of its own, such as `json!({"number_of_fragments": 0})`.
    #[must_use]
    pub fn field_with(mut self, field: impl Into<String>, options: impl Serialize) -> Self {
        self.fields.insert(field.into(), json(options));
        self
    }

    options! {
        /// What stands before a match, as a list. Default: `["<em>"]`.
        pre_tags("pre_tags");
        /// What stands after a match, as a list. Default: `["</em>"]`.
        post_tags("post_tags");
        /// How many letters a fragment has. Default: 100.
        fragment_size("fragment_size");
        /// How many fragments. Default: 5; 0: the whole field.
        number_of_fragments("number_of_fragments");
        /// Whether only fields that the query names are marked. Default: `true`.
        require_field_match("require_field_match");
        /// `unified`, `plain` or `fvh`.
        kind("type");
    }

    /// Any option by its name. One that is set again replaces the earlier value.
    #[must_use]
    pub fn with(mut self, option: impl Into<String>, value: impl Serialize) -> Self {
        self.options.insert(option.into(), json(value));
        self
    }
}

/// What suggests.
///
/// ```
/// use es_client::dsl::Suggester;
/// use serde_json::json;
///
/// assert_eq!(
///     json!({"spelling": Suggester::term("title", "shoos").size(3)}),
///     json!({"spelling": {"text": "shoos", "term": {"field": "title", "size": 3}}})
/// );
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Suggester {
    input: (&'static str, String),
    own: Clause,
}

impl Suggester {
    fn new(kind: &'static str, field: impl Into<String>, input: (&'static str, String)) -> Self {
        Self { input, own: Clause::new(kind, pair("field", field.into())) }
    }

    /// Words that are like those of the text.
    pub fn term(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new("term", field, ("text", text.into()))
    }

    /// Texts that are like this one as a whole.
    pub fn phrase(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new("phrase", field, ("text", text.into()))
    }

    /// Texts that start so.
    pub fn completion(field: impl Into<String>, start: impl Into<String>) -> Self {
        Self::new("completion", field, ("prefix", start.into()))
    }

    options! {
        /// How many suggestions at most.
        size("size");
        /// Whether texts may differ from the start, and how.
        fuzzy("fuzzy");
        /// Whether each text is suggested once only.
        skip_duplicates("skip_duplicates");
        /// When to suggest: `missing`, `popular` or `always`.
        suggest_mode("suggest_mode");
    }

    /// Any option by its name. One that is set again replaces the earlier value.
    #[must_use]
    pub fn with(mut self, option: impl Into<String>, value: impl Serialize) -> Self {
        self.own.set(option, json(value));
        self
    }
}

impl Serialize for Suggester {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut value = Value::from(self.own.clone());
        if let Value::Object(parts) = &mut value {
            parts.insert(self.input.0.to_owned(), Value::from(self.input.1.as_str()));
        }
        value.serialize(to)
    }
}
