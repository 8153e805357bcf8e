use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::object::{Clause, json, options, pair};

/// A query.
///
/// A constructor takes what the kind of query cannot do without; its options are
/// set afterwards, by the method of their name or by [`with`](Self::with). An
/// option that this kind of query does not have is refused by the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Query(Form);

#[derive(Clone, Debug, PartialEq)]
enum Form {
    Clause(Clause),
    Given(Value),
}

impl Query {
    pub(super) fn new(kind: &'static str, options: Map<String, Value>) -> Self {
        Self(Form::Clause(Clause::new(kind, options)))
    }

    pub(super) fn of_field(
        kind: &'static str,
        field: impl Into<String>,
        options: Map<String, Value>,
    ) -> Self {
        Self(Form::Clause(Clause::of_field(kind, field, options)))
    }

    /// Every document.
    pub fn match_all() -> Self {
        Self::new("match_all", Map::new())
    }

    /// No document.
    pub fn match_none() -> Self {
        Self::new("match_none", Map::new())
    }

    /// Documents whose field has exactly this value.
    pub fn term(field: impl Into<String>, value: impl Serialize) -> Self {
        Self::of_field("term", field, pair("value", value))
    }

    /// Documents whose field has one of these values.
    pub fn terms<T: Serialize>(
        field: impl Into<String>,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        Self::new("terms", pair(field, values.into_iter().map(json).collect::<Vec<_>>()))
    }

    /// Documents whose field lies in a range: set [`gte`](Self::gte), [`gt`](Self::gt),
    /// [`lte`](Self::lte), [`lt`](Self::lt).
    pub fn range(field: impl Into<String>) -> Self {
        Self::of_field("range", field, Map::new())
    }

    /// Documents whose field has a value.
    pub fn exists(field: impl Into<String>) -> Self {
        Self::new("exists", pair("field", field.into()))
    }

    /// Documents with these ids.
    pub fn ids<T: Serialize>(ids: impl IntoIterator<Item = T>) -> Self {
        Self::new("ids", pair("values", ids.into_iter().map(json).collect::<Vec<_>>()))
    }

    /// Documents whose field starts with this.
    pub fn prefix(field: impl Into<String>, start: impl Into<String>) -> Self {
        Self::of_field("prefix", field, pair("value", start.into()))
    }

    /// Documents whose field fits a pattern with `*` and `?`.
    pub fn wildcard(field: impl Into<String>, pattern: impl Into<String>) -> Self {
        Self::of_field("wildcard", field, pair("value", pattern.into()))
    }

    /// Documents whose field fits a regular expression.
    pub fn regexp(field: impl Into<String>, pattern: impl Into<String>) -> Self {
        Self::of_field("regexp", field, pair("value", pattern.into()))
    }

    /// Documents whose field is like this, but for some letters.
    pub fn fuzzy(field: impl Into<String>, value: impl Serialize) -> Self {
        Self::of_field("fuzzy", field, pair("value", value))
    }

    /// The `k` documents whose vectors are nearest to this one, of `num_candidates`
    /// looked at on each shard.
    pub fn knn(
        field: impl Into<String>,
        vector: impl IntoIterator<Item = f32>,
        k: u32,
        num_candidates: u32,
    ) -> Self {
        let vector: Vec<f32> = vector.into_iter().collect();
        Self::new("knn", pair("field", field.into()))
            .with("query_vector", vector)
            .with("k", k)
            .with("num_candidates", num_candidates)
    }

    /// Documents at most this far from a point; the distance has a unit, such as `12km`.
    pub fn geo_distance(
        field: impl Into<String>,
        point: impl Serialize,
        distance: impl Into<String>,
    ) -> Self {
        Self::new("geo_distance", pair("distance", distance.into())).with(field, point)
    }

    /// Documents within the box between these corners.
    pub fn geo_bounding_box(
        field: impl Into<String>,
        top_left: impl Serialize,
        bottom_right: impl Serialize,
    ) -> Self {
        let mut corners = pair("top_left", top_left);
        corners.insert("bottom_right".to_owned(), json(bottom_right));
        Self::new("geo_bounding_box", pair(field, corners))
    }

    options! {
        /// A range's least value.
        gte("gte");
        /// The value above which a range lies.
        gt("gt");
        /// A range's greatest value.
        lte("lte");
        /// The value below which a range lies.
        lt("lt");
        /// The form of a range's dates.
        format("format");
        /// The zone of a range's dates.
        time_zone("time_zone");
        /// By how much the query counts. Default: 1.
        boost("boost");
        /// A name, by which each hit tells that this query matched.
        named("_name");
        /// Whether upper and lower case are the same.
        case_insensitive("case_insensitive");
        /// How many letters may differ: a number or `AUTO`.
        fuzziness("fuzziness");
        /// How many letters at the start may not differ.
        prefix_length("prefix_length");
    }

    /// Any option by its name. One that is set again replaces the earlier value;
    /// a query that was given as JSON with another form than `{"kind": {…}}`
    /// stays as it is.
    #[must_use]
    pub fn with(mut self, option: impl Into<String>, value: impl Serialize) -> Self {
        let value = json(value);
        match &mut self.0 {
            Form::Clause(clause) => clause.set(option, value),
            Form::Given(Value::Object(kinds)) => {
                if let Some(Value::Object(options)) = kinds.values_mut().next() {
                    options.insert(option.into(), value);
                }
            }
            Form::Given(_) => {}
        }
        self
    }

    /// Appends to an option that is a list.
    pub(super) fn push(mut self, option: &str, value: Value) -> Self {
        if let Form::Clause(clause) = &mut self.0 {
            clause.push(option, value);
        }
        self
    }
}

/// A query that is JSON already.
impl From<Value> for Query {
    fn from(value: Value) -> Self {
        Self(Form::Given(value))
    }
}

impl From<Query> for Value {
    fn from(query: Query) -> Self {
        match query.0 {
            Form::Clause(clause) => clause.into(),
            Form::Given(value) => value,
        }
    }
}

impl Serialize for Query {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Form::Clause(clause) => clause.serialize(to),
            Form::Given(value) => value.serialize(to),
        }
    }
}
