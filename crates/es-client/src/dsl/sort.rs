use serde::Serialize;
use serde_json::Map;

use super::{
    kinds::*,
    object::{Clause, pair},
};
use crate::params::{Param, ScriptSortType, SortOrder};

container! {
    /// A key by which hits are sorted. A text is the name of a field, or `field:desc`
    /// where the query string takes it.
    ///
    /// ```
    /// use es_client::dsl::Sort;
    /// use es_client::params::SortMode;
    ///
    /// # fn call(client: es_client::Elasticsearch) {
    /// # use serde_json::Value;
    /// let price = Sort::field("price").desc().mode(SortMode::Avg);
    /// let call = client.search::<Value>("products").sort([Sort::from(price), Sort::score().into()]);
    /// # }
    /// ```
    Sort;
}

impl Sort {
    /// Sorts by a field.
    pub fn field(field: impl Into<String>) -> FieldSort {
        FieldSort(Clause::field_name(field))
    }

    /// Sorts by how well hits match, the best first.
    pub fn score() -> ScoreSort {
        ScoreSort(Clause::new("_score", Map::new()))
    }

    /// Sorts by the position in the index: the cheapest order, for reading everything.
    pub fn doc() -> ScoreSort {
        ScoreSort(Clause::new("_doc", Map::new()))
    }

    /// Sorts by the distance from a point.
    ///
    /// ```
    /// use es_client::dsl::Sort;
    /// use serde_json::json;
    ///
    /// let near = Sort::geo_distance("location", json!({"lat": 52.52, "lon": 13.4}));
    /// assert_eq!(
    ///     json!(near.asc()),
    ///     json!({"_geo_distance": {"location": {"lat": 52.52, "lon": 13.4}, "order": "asc"}})
    /// );
    /// ```
    pub fn geo_distance(field: impl Into<String>, point: impl Serialize) -> GeoDistanceSort {
        GeoDistanceSort(Clause::new("_geo_distance", pair(field, point)))
    }

    /// Sorts by what a script returns.
    pub fn script(kind: ScriptSortType, script: impl Param<Script>) -> ScriptSort {
        let mut clause = Clause::new("_script", pair("type", kind));
        clause.param("script", script);
        ScriptSort(clause)
    }
}

impl Param<Sort> for str {}
impl Param<Sort> for String {}
impl Param<[Sort]> for str {}
impl Param<[Sort]> for String {}

macro_rules! orders {
    ($($kind:ident)*) => {$(
        impl $kind {
            /// Sorts in ascending order.
            pub fn asc(self) -> Self {
                self.order(SortOrder::Asc)
            }

            /// Sorts in descending order.
            pub fn desc(self) -> Self {
                self.order(SortOrder::Desc)
            }
        }
    )*};
}
orders! { FieldSort ScoreSort GeoDistanceSort ScriptSort }
