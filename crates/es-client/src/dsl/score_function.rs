use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{
    object::{Clause, json, pair},
    query::Query,
};

/// One function of [`Query::function_score`].
///
/// ```
/// use es_client::dsl::{Query, ScoreFunction};
/// use serde_json::json;
///
/// let near = ScoreFunction::gauss("price", 20, 10).offset(5).weight(2.0);
/// assert_eq!(
///     serde_json::to_value(Query::function_score(Query::match_all()).function(near))?,
///     json!({"function_score": {"query": {"match_all": {}}, "functions": [
///         {"gauss": {"price": {"origin": 20, "scale": 10, "offset": 5}}, "weight": 2.0}]}})
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreFunction {
    own: Option<Clause>,
    beside: Map<String, Value>,
}

/// Functions that fall with the distance from a value.
macro_rules! decays {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(
            field: impl Into<String>,
            origin: impl Serialize,
            scale: impl Serialize,
        ) -> Self {
            let mut place = pair("origin", origin);
            place.insert("scale".to_owned(), json(scale));
            Self::new(stringify!($name), pair(field, place))
        }
    )*};
}

impl ScoreFunction {
    fn new(kind: &'static str, options: Map<String, Value>) -> Self {
        Self { own: Some(Clause::new(kind, options)), beside: Map::new() }
    }

    decays! {
        /// Falls as a bell with the distance of the field from `origin`; at a distance
        /// of `scale` it has fallen to [`decay`](Self::decay).
        gauss;
        /// The same, but steeply at first.
        exp;
        /// The same, but as a line.
        linear;
    }

    /// Grows with a field's number.
    pub fn field_value_factor(field: impl Into<String>) -> Self {
        Self::new("field_value_factor", pair("field", field.into()))
    }

    /// Random, between 0 and 1.
    pub fn random_score() -> Self {
        Self::new("random_score", Map::new())
    }

    /// What a script computes.
    pub fn script_score(script: impl Serialize) -> Self {
        Self::new("script_score", pair("script", script))
    }

    /// The same for all documents.
    pub fn constant(weight: f64) -> Self {
        Self { own: None, beside: Map::new() }.weight(weight)
    }

    /// By how much the function counts.
    #[must_use]
    pub fn weight(self, weight: f64) -> Self {
        self.beside("weight", weight)
    }

    /// The documents that it is for.
    #[must_use]
    pub fn filter(self, query: impl Into<Query>) -> Self {
        self.beside("filter", query.into())
    }

    /// A name, by which each hit tells that the function was applied. Since 9.4.0.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        self.beside("_name", name.into())
    }

    /// To what a decay has fallen at a distance of its scale. Default: 0.5.
    #[must_use]
    pub fn decay(self, decay: f64) -> Self {
        self.place("decay", decay)
    }

    /// The distance up to which a decay does not fall.
    #[must_use]
    pub fn offset(self, offset: impl Serialize) -> Self {
        self.place("offset", offset)
    }

    /// Which of several values a decay takes: `min` (default), `max`, `avg` or `sum`.
    #[must_use]
    pub fn multi_value_mode(self, mode: impl Into<String>) -> Self {
        self.with("multi_value_mode", mode.into())
    }

    /// The number by which a field's value is multiplied. Default: 1.
    #[must_use]
    pub fn factor(self, factor: f64) -> Self {
        self.with("factor", factor)
    }

    /// What is done to a field's value, such as `log1p` or `sqrt`.
    #[must_use]
    pub fn modifier(self, modifier: impl Into<String>) -> Self {
        self.with("modifier", modifier.into())
    }

    /// The value for documents without one.
    #[must_use]
    pub fn missing(self, value: f64) -> Self {
        self.with("missing", value)
    }

    /// Makes random scores the same each time, together with [`field`](Self::field).
    #[must_use]
    pub fn seed(self, seed: impl Serialize) -> Self {
        self.with("seed", seed)
    }

    /// The field from which random scores are made.
    #[must_use]
    pub fn field(self, field: impl Into<String>) -> Self {
        self.with("field", field.into())
    }

    /// Any option by its name. One that is set again replaces the earlier value.
    #[must_use]
    pub fn with(mut self, option: impl Into<String>, value: impl Serialize) -> Self {
        if let Some(own) = &mut self.own {
            own.set(option, json(value));
        }
        self
    }

    fn beside(mut self, name: &str, value: impl Serialize) -> Self {
        self.beside.insert(name.to_owned(), json(value));
        self
    }

    /// An option of a decay's field.
    fn place(mut self, option: &str, value: impl Serialize) -> Self {
        if let Some(place) = self.own.as_mut().and_then(Clause::first_object) {
            place.insert(option.to_owned(), json(value));
        }
        self
    }
}

/// What is JSON already; setters of functions have no effect on it.
impl From<Value> for ScoreFunction {
    fn from(value: Value) -> Self {
        let beside = match value {
            Value::Object(parts) => parts,
            _ => Map::new(),
        };
        Self { own: None, beside }
    }
}

impl From<ScoreFunction> for Value {
    fn from(ScoreFunction { own, mut beside }: ScoreFunction) -> Self {
        if let Some(Self::Object(own)) = own.map(Self::from) {
            beside.extend(own);
        }
        Self::Object(beside)
    }
}

impl Serialize for ScoreFunction {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Value::from(self.clone()).serialize(to)
    }
}
