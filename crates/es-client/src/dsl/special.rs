use serde::Serialize;
use serde_json::Value;

use super::{
    object::{json, options, pair, texts},
    query::Query,
};

/// Queries of likeness, and of documents that others have chosen.
impl Query {
    /// Documents like these texts, or like documents such as
    /// `json!({"_index": "books", "_id": "1"})`.
    pub fn more_like_this<T: Serialize>(like: impl IntoIterator<Item = T>) -> Self {
        let like: Vec<_> = like.into_iter().map(json).collect();
        Self::new("more_like_this", pair("like", like))
    }

    /// Stored queries that this document matches.
    pub fn percolate(field: impl Into<String>, document: impl Serialize) -> Self {
        Self::new("percolate", pair("field", field.into())).with("document", document)
    }

    /// Stored queries that one of these documents matches.
    pub fn percolate_all<T: Serialize>(
        field: impl Into<String>,
        documents: impl IntoIterator<Item = T>,
    ) -> Self {
        let documents: Vec<_> = documents.into_iter().map(json).collect();
        Self::new("percolate", pair("field", field.into())).with("documents", documents)
    }

    /// Stored queries that a document of an index matches.
    pub fn percolate_stored(
        field: impl Into<String>,
        index: impl Into<String>,
        id: impl Into<String>,
    ) -> Self {
        let percolate = Self::new("percolate", pair("field", field.into()));
        percolate.with("index", index.into()).with("id", id.into())
    }

    /// Certain documents first, then those of a query.
    pub fn pinned<T: Into<String>>(
        ids: impl IntoIterator<Item = T>,
        organic: impl Into<Self>,
    ) -> Self {
        Self::new("pinned", pair("ids", texts(ids))).with("organic", organic.into())
    }

    /// The same with documents of several indices, such as
    /// `json!({"_index": "books", "_id": "1"})`.
    pub fn pinned_docs<T: Serialize>(
        docs: impl IntoIterator<Item = T>,
        organic: impl Into<Self>,
    ) -> Self {
        let docs: Vec<_> = docs.into_iter().map(json).collect();
        Self::new("pinned", pair("docs", docs)).with("organic", organic.into())
    }

    /// The documents of a query, in which rules whose criteria are met put some
    /// first or leave some out.
    pub fn rule<T: Into<String>>(
        ruleset_ids: impl IntoIterator<Item = T>,
        match_criteria: impl Serialize,
        organic: impl Into<Self>,
    ) -> Self {
        let rule = Self::new("rule", pair("ruleset_ids", texts(ruleset_ids)));
        rule.with("match_criteria", match_criteria).with("organic", organic.into())
    }

    /// Documents for which a script says yes.
    pub fn script(script: impl Serialize) -> Self {
        Self::new("script", pair("script", script))
    }

    /// Documents that score the more, the nearer their field is to `origin`; half of
    /// that at a distance of `pivot`.
    pub fn distance_feature(
        field: impl Into<String>,
        origin: impl Serialize,
        pivot: impl Serialize,
    ) -> Self {
        let feature = Self::new("distance_feature", pair("field", field.into()));
        feature.with("origin", origin).with("pivot", pivot)
    }

    /// Documents that score by the number in a rank feature: set one of
    /// [`saturation`](Self::saturation) (default), [`log`](Self::log),
    /// [`sigmoid`](Self::sigmoid), [`linear`](Self::linear).
    pub fn rank_feature(field: impl Into<String>) -> Self {
        Self::new("rank_feature", pair("field", field.into()))
    }

    /// Documents of a type. Deprecated since 7.0.0; 8 and later have no types.
    pub fn type_(name: impl Into<String>) -> Self {
        Self::new("type", pair("value", name.into()))
    }

    /// A query as JSON in base64.
    pub fn wrapper(base64: impl Into<String>) -> Self {
        Self::new("wrapper", pair("query", base64.into()))
    }

    options! {
        /// What documents should not be like.
        unlike("unlike");
        /// By how much interesting words count more; 0 switches it off.
        boost_terms("boost_terms");
        /// Whether a field that cannot be compared is an error. Default: `true`.
        fail_on_unsupported_field("fail_on_unsupported_field");
        /// Whether the documents themselves are found, too. Default: `false`.
        include("include");
        /// How many words are taken, at most. Default: 25.
        max_query_terms("max_query_terms");
        /// How often a word has to be in the text, at least. Default: 2.
        min_term_freq("min_term_freq");
        /// In how many documents a word has to be, at least. Default: 5.
        min_doc_freq("min_doc_freq");
        /// In how many documents a word may be, at most.
        max_doc_freq("max_doc_freq");
        /// How many letters a word has, at least.
        min_word_length("min_word_length");
        /// How many letters a word has, at most.
        max_word_length("max_word_length");
        /// Words that are passed over.
        stop_words("stop_words");
        /// The value that decides on the shard of the document.
        routing("routing");
        /// Which copies are asked for the document.
        preference("preference");
        /// The version that the document must have.
        version("version");
        /// How versions are compared.
        version_type("version_type");
        /// What distinguishes this percolate query from others of the search.
        percolate_name("name");
        /// The score of a rank feature grows up to a limit, such as `json!({"pivot": 8})`.
        saturation("saturation");
        /// It grows as a logarithm: `json!({"scaling_factor": 4})`.
        log("log");
        /// It grows as a sigmoid: `json!({"pivot": 7, "exponent": 0.6})`.
        sigmoid("sigmoid");
        /// It is the number: `json!({})`.
        linear("linear");
    }
}

/// Queries of vectors and of meaning.
impl Query {
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

    /// The documents whose vectors are nearest to the one that is built, such as
    /// `json!({"text_embedding": {"model_id": "e5", "model_text": "shoes"}})`.
    pub fn knn_built(field: impl Into<String>, query_vector_builder: impl Serialize) -> Self {
        let knn = Self::new("knn", pair("field", field.into()));
        knn.with("query_vector_builder", query_vector_builder)
    }

    /// Documents that mean what this text means. Since 8.15.0.
    pub fn semantic(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new("semantic", pair("field", field.into())).with("query", text.into())
    }

    /// Documents whose sparse vectors fit that which a model makes of this text.
    /// Since 8.15.0.
    pub fn sparse_vector(
        field: impl Into<String>,
        inference_id: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        let sparse = Self::new("sparse_vector", pair("field", field.into()));
        sparse.with("inference_id", inference_id.into()).with("query", text.into())
    }

    /// Documents whose sparse vectors fit this one: weights by token. Since 8.15.0.
    pub fn sparse_vector_of(field: impl Into<String>, vector: impl Serialize) -> Self {
        let sparse = Self::new("sparse_vector", pair("field", field.into()));
        sparse.with("query_vector", vector)
    }

    /// The forerunner of [`sparse_vector`](Self::sparse_vector). Deprecated since 8.15.0.
    pub fn text_expansion(
        field: impl Into<String>,
        model_id: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        let options = pair("model_id", model_id.into());
        Self::of_field("text_expansion", field, options).with("model_text", text.into())
    }

    /// The forerunner of [`sparse_vector_of`](Self::sparse_vector_of). Deprecated
    /// since 8.15.0.
    pub fn weighted_tokens(field: impl Into<String>, tokens: impl Serialize) -> Self {
        Self::of_field("weighted_tokens", field, pair("tokens", tokens))
    }

    options! {
        /// How many documents are found.
        k("k");
        /// How many are looked at on each shard.
        num_candidates("num_candidates");
        /// The least similarity of a hit.
        similarity("similarity");
        /// How quantised vectors are compared again, such as `json!({"oversample": 2.0})`.
        rescore_vector("rescore_vector");
        /// The share of the vectors that is looked at, in percent.
        visit_percentage("visit_percentage");
        /// Whether tokens that hardly count are left out.
        prune("prune");
        /// Which tokens hardly count.
        pruning_config("pruning_config");
    }
}

/// Queries of two sides.
impl Query {
    /// The documents of `positive`, of which those of `negative` count less: by
    /// `negative_boost`, between 0 and 1.
    pub fn boosting(
        positive: impl Into<Self>,
        negative: impl Into<Self>,
        negative_boost: f64,
    ) -> Self {
        let negative: Value = negative.into().into();
        let boosting = Self::new("boosting", pair("positive", positive.into()));
        boosting.with("negative", negative).with("negative_boost", negative_boost)
    }
}
