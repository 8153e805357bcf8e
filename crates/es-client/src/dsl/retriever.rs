use serde::Serialize;
use serde_json::Value;

use super::{
    kinds::*,
    object::{Clause, all, json, jsons, pair, texts},
    query::Query,
    rescore::Rescore,
};
use crate::params::Param;

container! {
    /// A retriever of any kind: what finds the hits of a search, instead of a query.
    ///
    /// ```
    /// use es_client::dsl::{Query, Retriever};
    /// use serde_json::json;
    ///
    /// let retrievers: [Retriever; 2] = [
    ///     Retriever::standard(Query::match_("title", "shoes")).into(),
    ///     Retriever::knn("vector", [0.5, 0.25], 10, 50).into(),
    /// ];
    /// assert_eq!(
    ///     serde_json::to_value(Retriever::rrf(retrievers).rank_constant(20))?,
    ///     json!({"rrf": {
    ///         "retrievers": [
    ///             {"standard": {"query": {"match": {"title": {"query": "shoes"}}}}},
    ///             {"knn": {"field": "vector", "query_vector": [0.5, 0.25], "k": 10,
    ///                 "num_candidates": 50}},
    ///         ],
    ///         "rank_constant": 20,
    ///     }})
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    Retriever;
}

impl Retriever {
    /// Returns the hits of a query.
    pub fn standard(query: impl Into<Query>) -> StandardRetriever {
        StandardRetriever(Clause::new("standard", pair("query", query.into())))
    }

    /// Returns the `k` documents whose vectors are nearest to this one, among
    /// `num_candidates` per shard.
    pub fn knn(
        field: impl Into<String>,
        vector: impl IntoIterator<Item = f32>,
        k: u32,
        num_candidates: u32,
    ) -> KnnRetriever {
        let mut clause = Clause::new("knn", pair("field", field.into()));
        clause.set("query_vector", vector.into_iter().collect::<Vec<_>>());
        clause.set("k", k);
        clause.set("num_candidates", num_candidates);
        KnnRetriever(clause)
    }

    /// Returns the `k` documents whose vectors are nearest to the one that is built, such
    /// as `json!({"text_embedding": {"model_id": "e5", "model_text": "shoes"}})`.
    pub fn knn_built(
        field: impl Into<String>,
        query_vector_builder: impl Serialize,
        k: u32,
    ) -> KnnRetriever {
        let mut clause = Clause::new("knn", pair("field", field.into()));
        clause.set("query_vector_builder", query_vector_builder);
        clause.set("k", k);
        KnnRetriever(clause)
    }

    /// Combines the hits of several by reciprocal rank fusion.
    pub fn rrf<T: Into<Self>>(retrievers: impl IntoIterator<Item = T>) -> RRFRetriever {
        RRFRetriever(Clause::new(
            "rrf",
            pair("retrievers", all::<Self, _>(retrievers)),
        ))
    }

    /// Combines the hits of several by reciprocal rank fusion, with a weight for each.
    pub fn rrf_weighted<T: Into<Self>>(
        retrievers: impl IntoIterator<Item = (T, f64)>,
    ) -> RRFRetriever {
        let weighted = |(retriever, weight): (T, f64)| {
            let mut part = pair("retriever", retriever.into());
            part.insert("weight".to_owned(), json(weight));
            Value::Object(part)
        };
        let retrievers: Vec<Value> = retrievers.into_iter().map(weighted).collect();
        RRFRetriever(Clause::new("rrf", pair("retrievers", retrievers)))
    }

    /// Combines the hits of several by the sum of their scores: each with its weight
    /// and how its scores are normalized (`none`, `minmax`, `l2_norm`).
    pub fn linear<T: Into<Self>, N: Into<String>>(
        retrievers: impl IntoIterator<Item = (T, f64, N)>,
    ) -> LinearRetriever {
        let weighted = |(retriever, weight, normalizer): (T, f64, N)| {
            let mut part = pair("retriever", retriever.into());
            part.insert("weight".to_owned(), json(weight));
            part.insert("normalizer".to_owned(), Value::String(normalizer.into()));
            Value::Object(part)
        };
        let retrievers: Vec<Value> = retrievers.into_iter().map(weighted).collect();
        LinearRetriever(Clause::new("linear", pair("retrievers", retrievers)))
    }

    /// Combines the hits in several fields by the sum of their scores; set
    /// [`normalizer`](LinearRetriever::normalizer).
    pub fn linear_fields<T: Into<String>>(
        query: impl Into<String>,
        fields: impl IntoIterator<Item = T>,
    ) -> LinearRetriever {
        let mut clause = Clause::new("linear", pair("query", query.into()));
        clause.set("fields", texts(fields));
        LinearRetriever(clause)
    }

    /// Reranks the hits of another by how similar a field is to a text.
    pub fn text_similarity_reranker(
        retriever: impl Into<Self>,
        field: impl Into<String>,
        inference_text: impl Into<String>,
    ) -> TextSimilarityReranker {
        let retriever = pair("retriever", retriever.into());
        let mut clause = Clause::new("text_similarity_reranker", retriever);
        clause.set("field", field.into());
        clause.set("inference_text", inference_text.into());
        TextSimilarityReranker(clause)
    }

    /// Rescores the hits of another.
    pub fn rescorer(
        retriever: impl Into<Self>,
        rescore: impl Param<[Rescore]>,
    ) -> RescorerRetriever {
        let mut clause = Clause::new("rescorer", pair("retriever", retriever.into()));
        clause.param("rescore", rescore);
        RescorerRetriever(clause)
    }

    /// Returns the hits of another, of which the rules whose criteria are met pin or
    /// exclude some.
    pub fn rule<T: Into<String>>(
        retriever: impl Into<Self>,
        ruleset_ids: impl IntoIterator<Item = T>,
        match_criteria: impl Serialize,
    ) -> RuleRetriever {
        let mut clause = Clause::new("rule", pair("retriever", retriever.into()));
        clause.set("ruleset_ids", texts(ruleset_ids));
        clause.set("match_criteria", match_criteria);
        RuleRetriever(clause)
    }

    /// Returns certain documents first, then the hits of another.
    pub fn pinned<T: Into<String>>(
        retriever: impl Into<Self>,
        ids: impl IntoIterator<Item = T>,
    ) -> PinnedRetriever {
        let mut clause = Clause::new("pinned", pair("retriever", retriever.into()));
        clause.set("ids", texts(ids));
        PinnedRetriever(clause)
    }

    /// Returns certain documents of several indices first, such as
    /// `json!({"index": "books", "id": "1"})`, then the hits of another.
    pub fn pinned_docs<T: Serialize>(
        retriever: impl Into<Self>,
        docs: impl IntoIterator<Item = T>,
    ) -> PinnedRetriever {
        let mut clause = Clause::new("pinned", pair("retriever", retriever.into()));
        clause.set("docs", jsons(docs));
        PinnedRetriever(clause)
    }

    /// Diversifies the hits of another by the vectors of a field, by maximal marginal
    /// relevance.
    pub fn diversify(retriever: impl Into<Self>, field: impl Into<String>) -> DiversifyRetriever {
        let mut clause = Clause::new("diversify", pair("retriever", retriever.into()));
        clause.set("field", field.into());
        clause.set("type", "mmr");
        DiversifyRetriever(clause)
    }
}
