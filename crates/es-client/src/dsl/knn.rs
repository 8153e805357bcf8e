use serde::Serialize;

use super::{
    kinds::KnnSearch,
    object::{Clause, pair},
};

/// ```
/// use es_client::dsl::{KnnSearch, Query};
///
/// # fn call(client: es_client::Elasticsearch) {
/// # use serde_json::Value;
/// let near = KnnSearch::new("embedding", [0.5, 0.25]).k(10).num_candidates(50);
/// let call = client.search::<Value>("products").knn(near.filter(Query::term("visible", true)));
/// # }
/// ```
impl KnnSearch {
    /// Creates a search of the vectors that are nearest to this one.
    pub fn new(field: impl Into<String>, vector: impl IntoIterator<Item = f32>) -> Self {
        let mut clause = Clause::plain(pair("field", field.into()));
        clause.set("query_vector", vector.into_iter().collect::<Vec<_>>());
        Self(clause)
    }

    /// Creates a search with a vector that is built, such as
    /// `json!({"text_embedding": {"model_id": "e5", "model_text": "shoes"}})`.
    pub fn built(field: impl Into<String>, query_vector_builder: impl Serialize) -> Self {
        let mut clause = Clause::plain(pair("field", field.into()));
        clause.set("query_vector_builder", query_vector_builder);
        Self(clause)
    }
}
