use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{
    kinds::*,
    object::{Clause, pair},
};
use crate::params::{Param, ParamValue, ToParam};

container! {
    /// A suggester of any kind.
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
    Suggester;
}

impl Suggester {
    /// Suggests terms like those of the text.
    pub fn term(field: impl Into<String>, text: impl Into<String>) -> TermSuggester {
        TermSuggester(with_input("term", field, "text", text))
    }

    /// Suggests texts like this one as a whole.
    pub fn phrase(field: impl Into<String>, text: impl Into<String>) -> PhraseSuggester {
        PhraseSuggester(with_input("phrase", field, "text", text))
    }

    /// Suggests texts that start with a prefix.
    pub fn completion(field: impl Into<String>, prefix: impl Into<String>) -> CompletionSuggester {
        CompletionSuggester(with_input("completion", field, "prefix", prefix))
    }

    /// Suggests texts that match a regular expression from their start.
    pub fn completion_regex(
        field: impl Into<String>,
        pattern: impl Into<String>,
    ) -> CompletionSuggester {
        CompletionSuggester(with_input("completion", field, "regex", pattern))
    }
}

fn with_input(
    kind: &'static str,
    field: impl Into<String>,
    name: &'static str,
    input: impl Into<String>,
) -> Clause {
    let mut clause = Clause::new(kind, pair("field", field.into()));
    clause.beside(name, input.into());
    clause
}

/// Suggesters by their names.
///
/// A search takes arrays, vectors and maps of names and suggesters as well.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Suggesters(Map<String, Value>);

impl Suggesters {
    /// Creates an empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a suggester.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, suggester: impl Into<Suggester>) -> Self {
        self.0.insert(name.into(), suggester.into().into());
        self
    }

    /// Sets the text of those suggesters that have none.
    ///
    /// ```
    /// use es_client::dsl::{Suggester, Suggesters};
    /// use serde_json::json;
    ///
    /// let suggesters = Suggesters::new()
    ///     .with("title", Suggester::completion("title.suggest", "sho").size(5))
    ///     .text("shoos");
    /// assert_eq!(
    ///     json!(suggesters),
    ///     json!({"text": "shoos", "title": {"prefix": "sho",
    ///         "completion": {"field": "title.suggest", "size": 5}}})
    /// );
    /// ```
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.insert("text".to_owned(), Value::String(text.into()));
        self
    }
}

impl Serialize for Suggesters {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl ToParam for Suggesters {
    fn to_param(&self) -> ParamValue {
        ParamValue::json(Value::Object(self.0.clone()))
    }
}

impl Param<Suggesters> for Suggesters {}
impl Param<Suggesters> for Value {}
