use serde::Serialize;

use super::{
    kinds::*,
    object::{Clause, jsons, pair, texts},
    query::Query,
};
use crate::params::Param;

/// Queries of similarity, and of documents that others have chosen.
impl Query {
    /// Matches documents like these texts, or like documents such as
    /// `json!({"_index": "books", "_id": "1"})`.
    ///
    /// ```
    /// use es_client::dsl::Query;
    /// use serde_json::json;
    ///
    /// let like = Query::more_like_this([json!({"_index": "books", "_id": "1"})]);
    /// assert_eq!(
    ///     json!(like.fields(["title", "text"]).min_term_freq(1)),
    ///     json!({"more_like_this": {"like": [{"_index": "books", "_id": "1"}],
    ///         "fields": ["title", "text"], "min_term_freq": 1}})
    /// );
    /// ```
    pub fn more_like_this<T: Serialize>(like: impl IntoIterator<Item = T>) -> MoreLikeThisQuery {
        MoreLikeThisQuery(Clause::new("more_like_this", pair("like", jsons(like))))
    }

    /// Matches stored queries that match this document.
    ///
    /// ```
    /// use es_client::dsl::Query;
    /// use serde_json::json;
    ///
    /// // Which saved searches match a new product?
    /// assert_eq!(
    ///     json!(Query::percolate("search", json!({"title": "trail shoes"}))),
    ///     json!({"percolate": {"field": "search", "document": {"title": "trail shoes"}}})
    /// );
    /// ```
    pub fn percolate(field: impl Into<String>, document: impl Serialize) -> PercolateQuery {
        let mut clause = Clause::new("percolate", pair("field", field.into()));
        clause.set("document", document);
        PercolateQuery(clause)
    }

    /// Matches stored queries that match one of these documents.
    pub fn percolate_all<T: Serialize>(
        field: impl Into<String>,
        documents: impl IntoIterator<Item = T>,
    ) -> PercolateQuery {
        let mut clause = Clause::new("percolate", pair("field", field.into()));
        clause.set("documents", jsons(documents));
        PercolateQuery(clause)
    }

    /// Matches stored queries that match a document of an index.
    pub fn percolate_stored(
        field: impl Into<String>,
        index: impl Into<String>,
        id: impl Into<String>,
    ) -> PercolateQuery {
        let mut clause = Clause::new("percolate", pair("field", field.into()));
        clause.set("index", index.into());
        clause.set("id", id.into());
        PercolateQuery(clause)
    }

    /// Returns certain documents first, then those of a query.
    ///
    /// ```
    /// use es_client::dsl::Query;
    /// use serde_json::json;
    ///
    /// let query = Query::pinned(["17", "4"], Query::match_("title", "shoes"));
    /// assert_eq!(
    ///     json!(query),
    ///     json!({"pinned": {"ids": ["17", "4"],
    ///         "organic": {"match": {"title": {"query": "shoes"}}}}})
    /// );
    /// ```
    pub fn pinned<T: Into<String>>(
        ids: impl IntoIterator<Item = T>,
        organic: impl Into<Self>,
    ) -> PinnedQuery {
        let mut clause = Clause::new("pinned", pair("ids", texts(ids)));
        clause.set("organic", organic.into());
        PinnedQuery(clause)
    }

    /// Returns certain documents of several indices first, such as
    /// `json!({"_index": "books", "_id": "1"})`, then those of a query.
    pub fn pinned_docs<T: Serialize>(
        docs: impl IntoIterator<Item = T>,
        organic: impl Into<Self>,
    ) -> PinnedQuery {
        let mut clause = Clause::new("pinned", pair("docs", jsons(docs)));
        clause.set("organic", organic.into());
        PinnedQuery(clause)
    }

    /// Matches the documents of a query, of which the rules whose criteria are met
    /// pin or exclude some.
    pub fn rule<T: Into<String>>(
        ruleset_ids: impl IntoIterator<Item = T>,
        match_criteria: impl Serialize,
        organic: impl Into<Self>,
    ) -> RuleQuery {
        let mut clause = Clause::new("rule", pair("ruleset_ids", texts(ruleset_ids)));
        clause.set("match_criteria", match_criteria);
        clause.set("organic", organic.into());
        RuleQuery(clause)
    }

    /// Matches documents for which a script returns `true`.
    pub fn script(script: impl Param<Script>) -> ScriptQuery {
        let mut clause = Clause::new("script", serde_json::Map::new());
        clause.param("script", script);
        ScriptQuery(clause)
    }

    /// Scores documents the higher the nearer their field is to `origin`; half as high
    /// at a distance of `pivot`.
    pub fn distance_feature(
        field: impl Into<String>,
        origin: impl Serialize,
        pivot: impl Serialize,
    ) -> DistanceFeatureQuery {
        let mut clause = Clause::new("distance_feature", pair("field", field.into()));
        clause.set("origin", origin);
        clause.set("pivot", pivot);
        DistanceFeatureQuery(clause)
    }

    /// Scores documents by the number in a rank feature, by
    /// [`saturation`](RankFeatureQuery::saturation) unless another function is set.
    pub fn rank_feature(field: impl Into<String>) -> RankFeatureQuery {
        RankFeatureQuery(Clause::new("rank_feature", pair("field", field.into())))
    }

    /// Matches documents of a mapping type. Deprecated since 7.0.0, and not in 8.
    pub fn type_(name: impl Into<String>) -> TypeQuery {
        TypeQuery(Clause::new("type", pair("value", name.into())))
    }

    /// Runs a query that is JSON in base64.
    pub fn wrapper(base64: impl Into<String>) -> WrapperQuery {
        WrapperQuery(Clause::new("wrapper", pair("query", base64.into())))
    }
}

/// Queries of vectors and of meaning.
impl Query {
    /// Matches the `k` documents whose vectors are nearest to this one, among
    /// `num_candidates` per shard.
    ///
    /// ```
    /// use es_client::dsl::Query;
    /// use serde_json::json;
    ///
    /// let near = Query::knn("embedding", [0.5, 0.25], 10, 50);
    /// assert_eq!(
    ///     json!(near.filter(Query::term("visible", true))),
    ///     json!({"knn": {"field": "embedding", "query_vector": [0.5, 0.25], "k": 10,
    ///         "num_candidates": 50, "filter": [{"term": {"visible": {"value": true}}}]}})
    /// );
    /// ```
    pub fn knn(
        field: impl Into<String>,
        vector: impl IntoIterator<Item = f32>,
        k: u32,
        num_candidates: u32,
    ) -> KnnQuery {
        let mut clause = Clause::new("knn", pair("field", field.into()));
        clause.set("query_vector", vector.into_iter().collect::<Vec<_>>());
        clause.set("k", k);
        clause.set("num_candidates", num_candidates);
        KnnQuery(clause)
    }

    /// Matches the documents whose vectors are nearest to the one that is built, such as
    /// `json!({"text_embedding": {"model_id": "e5", "model_text": "shoes"}})`.
    pub fn knn_built(field: impl Into<String>, query_vector_builder: impl Serialize) -> KnnQuery {
        let mut clause = Clause::new("knn", pair("field", field.into()));
        clause.set("query_vector_builder", query_vector_builder);
        KnnQuery(clause)
    }

    /// Matches documents by the meaning of a text. Since 8.15.0.
    pub fn semantic(field: impl Into<String>, text: impl Into<String>) -> SemanticQuery {
        let mut clause = Clause::new("semantic", pair("field", field.into()));
        clause.set("query", text.into());
        SemanticQuery(clause)
    }

    /// Matches documents by the sparse vector that a model makes of a text. Since 8.15.0.
    pub fn sparse_vector(
        field: impl Into<String>,
        inference_id: impl Into<String>,
        text: impl Into<String>,
    ) -> SparseVectorQuery {
        let mut clause = Clause::new("sparse_vector", pair("field", field.into()));
        clause.set("inference_id", inference_id.into());
        clause.set("query", text.into());
        SparseVectorQuery(clause)
    }

    /// Matches documents by a sparse vector: weights by token. Since 8.15.0.
    pub fn sparse_vector_of(field: impl Into<String>, vector: impl Serialize) -> SparseVectorQuery {
        let mut clause = Clause::new("sparse_vector", pair("field", field.into()));
        clause.set("query_vector", vector);
        SparseVectorQuery(clause)
    }

    /// The predecessor of [`sparse_vector`](Self::sparse_vector). Deprecated since 8.15.0.
    pub fn text_expansion(
        field: impl Into<String>,
        model_id: impl Into<String>,
        text: impl Into<String>,
    ) -> TextExpansionQuery {
        let mut options = pair("model_id", model_id.into());
        options.extend(pair("model_text", text.into()));
        TextExpansionQuery(Clause::of_field("text_expansion", field, options))
    }

    /// The predecessor of [`sparse_vector_of`](Self::sparse_vector_of). Deprecated since
    /// 8.15.0.
    pub fn weighted_tokens(
        field: impl Into<String>,
        tokens: impl Serialize,
    ) -> WeightedTokensQuery {
        let options = pair("tokens", tokens);
        WeightedTokensQuery(Clause::of_field("weighted_tokens", field, options))
    }
}
