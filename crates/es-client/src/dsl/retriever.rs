use serde::Serialize;
use serde_json::{Value, json as value};

use super::{
    object::{container, json, options, pair, texts, values},
    query::Query,
    rescore::Rescore,
};

container! {
    /// What finds the hits of a search, in place of a query.
    ///
    /// ```
    /// use es_client::dsl::{Query, Retriever};
    /// use serde_json::json;
    ///
    /// let both = Retriever::rrf([
    ///     Retriever::standard(Query::match_("title", "shoes")),
    ///     Retriever::knn("vector", [0.5, 0.25], 10, 50),
    /// ]);
    /// assert_eq!(
    ///     serde_json::to_value(both.rank_constant(20))?,
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
    Retriever
}

impl Retriever {
    /// The hits of a query.
    pub fn standard(query: impl Into<Query>) -> Self {
        Self::new("standard", pair("query", query.into()))
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
        let knn = Self::new("knn", pair("field", field.into())).with("query_vector", vector);
        knn.with("k", k).with("num_candidates", num_candidates)
    }

    /// The same with a vector that is built, such as
    /// `json!({"text_embedding": {"model_id": "e5", "model_text": "shoes"}})`.
    pub fn knn_built(
        field: impl Into<String>,
        query_vector_builder: impl Serialize,
        k: u32,
    ) -> Self {
        let knn = Self::new("knn", pair("field", field.into())).with("k", k);
        knn.with("query_vector_builder", query_vector_builder)
    }

    /// The hits of several, ranked by their places in each.
    pub fn rrf<T: Into<Self>>(retrievers: impl IntoIterator<Item = T>) -> Self {
        Self::new("rrf", pair("retrievers", values(retrievers.into_iter().map(Into::into))))
    }

    /// The same with a weight for each.
    pub fn rrf_weighted<T: Into<Self>>(retrievers: impl IntoIterator<Item = (T, f64)>) -> Self {
        let weighted = |(retriever, weight): (T, f64)| value!({"retriever": json(retriever.into()), "weight": weight});
        let retrievers: Vec<Value> = retrievers.into_iter().map(weighted).collect();
        Self::new("rrf", pair("retrievers", retrievers))
    }

    /// The hits of several, by the sum of their scores: each with its weight and the
    /// way its scores become comparable (`none`, `minmax`, `l2_norm`).
    pub fn linear<T: Into<Self>, N: Into<String>>(
        retrievers: impl IntoIterator<Item = (T, f64, N)>,
    ) -> Self {
        let weighted = |(retriever, weight, normalizer): (T, f64, N)| {
            let normalizer: String = normalizer.into();
            value!({"retriever": json(retriever.into()), "weight": weight, "normalizer": normalizer})
        };
        let retrievers: Vec<Value> = retrievers.into_iter().map(weighted).collect();
        Self::new("linear", pair("retrievers", retrievers))
    }

    /// The same, where the server makes a retriever of each field; set
    /// [`normalizer`](Self::normalizer).
    pub fn linear_fields<T: Into<String>>(
        query: impl Into<String>,
        fields: impl IntoIterator<Item = T>,
    ) -> Self {
        Self::new("linear", pair("query", query.into())).with("fields", texts(fields))
    }

    /// The hits of another, ranked again by how well a field fits a text.
    pub fn text_similarity_reranker(
        retriever: impl Into<Self>,
        field: impl Into<String>,
        inference_text: impl Into<String>,
    ) -> Self {
        let of = Self::new("text_similarity_reranker", pair("retriever", retriever.into()));
        of.with("field", field.into()).with("inference_text", inference_text.into())
    }

    /// The hits of another, scored again.
    pub fn rescorer(retriever: impl Into<Self>, rescore: Rescore) -> Self {
        Self::new("rescorer", pair("retriever", retriever.into())).with("rescore", rescore)
    }

    /// The hits of another, in which rules whose criteria are met put some first or
    /// leave some out.
    pub fn rule<T: Into<String>>(
        retriever: impl Into<Self>,
        ruleset_ids: impl IntoIterator<Item = T>,
        match_criteria: impl Serialize,
    ) -> Self {
        let rule = Self::new("rule", pair("retriever", retriever.into()));
        rule.with("ruleset_ids", texts(ruleset_ids)).with("match_criteria", match_criteria)
    }

    /// Certain documents first, then the hits of another.
    pub fn pinned<T: Into<String>>(
        retriever: impl Into<Self>,
        ids: impl IntoIterator<Item = T>,
    ) -> Self {
        Self::new("pinned", pair("retriever", retriever.into())).with("ids", texts(ids))
    }

    /// The same with documents of several indices, such as
    /// `json!({"index": "books", "id": "1"})`.
    pub fn pinned_docs<T: Serialize>(
        retriever: impl Into<Self>,
        docs: impl IntoIterator<Item = T>,
    ) -> Self {
        let docs: Vec<_> = docs.into_iter().map(json).collect();
        Self::new("pinned", pair("retriever", retriever.into())).with("docs", docs)
    }

    /// The hits of another, of which those that are alike (by their vectors in a
    /// field) go down, by maximal marginal relevance.
    pub fn diversify(retriever: impl Into<Self>, field: impl Into<String>) -> Self {
        let diversify = Self::new("diversify", pair("retriever", retriever.into()));
        diversify.with("field", field.into()).with("type", "mmr")
    }

    /// Adds what a hit has to match.
    #[must_use]
    pub fn filter(mut self, query: impl Into<Query>) -> Self {
        self.0.push("filter", query.into().into());
        self
    }

    options! {
        /// The least score of a hit.
        min_score("min_score");
        /// A name, by which each hit tells that this retriever found it.
        named("_name");
        /// How many hits of each retriever are ranked.
        rank_window_size("rank_window_size");
        /// How much later places of `rrf` count. Default: 60.
        rank_constant("rank_constant");
        /// The text that is searched, where the server makes a retriever of each field.
        query("query");
        /// The fields of that.
        fields("fields");
        /// How the scores of `linear` become comparable: `none`, `minmax` or `l2_norm`.
        normalizer("normalizer");
        /// The service that ranks again.
        inference_id("inference_id");
        /// How long texts are split before they are ranked again.
        chunk_rescorer("chunk_rescorer");
        /// How many documents are looked at on each shard.
        num_candidates("num_candidates");
        /// The least similarity of a hit.
        similarity("similarity");
        /// How quantised vectors are compared again, such as `json!({"oversample": 2.0})`.
        rescore_vector("rescore_vector");
        /// The share of the vectors that is looked at, in percent.
        visit_percentage("visit_percentage");
        /// The vector that hits are compared with.
        query_vector("query_vector");
        /// How that vector is built.
        query_vector_builder("query_vector_builder");
        /// How much likeness counts against relevance, between 0 and 1.
        lambda("lambda");
        /// How many hits are given.
        size("size");
        /// The field of which only the best hit for each value is given.
        collapse("collapse");
        /// How hits are sorted.
        sort("sort");
        /// The sort values of the last hit of the page before.
        search_after("search_after");
        /// After how many documents a shard stops.
        terminate_after("terminate_after");
    }
}
