use es_client::dsl::{Aggregation, Highlight, Query, Rescore, Retriever, Sort, Suggester};
use serde_json::{Value, json};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    all.extend(retrievers().into_iter().map(|it| ("RetrieverContainer", json!(it))));
    all.extend(rescores().into_iter().map(|it| ("Rescore", json!(it))));
    all.extend(sorts().into_iter().map(|it| ("SortOptions", json!(it))));
    all.extend(
        sorts().into_iter().filter_map(|it| Some(("FieldSort", json!(it).get("a")?.clone()))),
    );
    all.extend(suggesters().into_iter().map(|it| ("FieldSuggester", json!(it))));
    all.extend(sources().into_iter().map(|it| ("CompositeAggregationSource", json!(it))));
    let field = highlight().fragment_offset(1).matched_fields(["a", "b"]);
    all.push(("Highlight", json!(highlight().encoder("html").field_with("a", field))));
    all
}

fn a() -> Retriever {
    Retriever::standard(Query::match_all())
}

fn retrievers() -> Vec<Retriever> {
    let built = || json!({"text_embedding": {"model_id": "m", "model_text": "x"}});
    vec![
        a().collapse(json!({"field": "a"}))
            .sort([Sort::score()])
            .search_after([1])
            .terminate_after(9),
        Retriever::knn("a", [1.0], 1, 9)
            .rescore_vector(json!({"oversample": 2.0}))
            .similarity(0.5)
            .visit_percentage(1.0),
        Retriever::knn_built("a", built(), 1).num_candidates(9),
        Retriever::rrf([a()]).rank_constant(9).rank_window_size(9).query("x").fields(["a"]),
        Retriever::rrf_weighted([(a(), 2.0)]),
        Retriever::linear([(a(), 2.0, "minmax")]).rank_window_size(9),
        Retriever::linear_fields("x", ["a"]).normalizer("minmax"),
        Retriever::text_similarity_reranker(a(), "a", "x")
            .inference_id("m")
            .rank_window_size(9)
            .chunk_rescorer(json!({"size": 1})),
        Retriever::rescorer(a(), Rescore::query(Query::match_all())),
        Retriever::rule(a(), ["r"], json!({"q": "x"})).rank_window_size(9),
        Retriever::pinned(a(), ["1"]).rank_window_size(9),
        Retriever::pinned_docs(a(), [json!({"index": "i", "id": "1"})]),
        Retriever::diversify(a(), "a").lambda(0.5).query_vector([1.0]).rank_window_size(9).size(1),
        Retriever::diversify(a(), "a").query_vector_builder(built()),
    ]
    .into_iter()
    .map(|retriever| retriever.filter(Query::match_all()).min_score(0.5).named("n"))
    .collect()
}

fn rescores() -> [Rescore; 3] {
    [
        Rescore::query(Query::match_all())
            .query_weight(0.5)
            .rescore_query_weight(0.5)
            .score_mode("max"),
        Rescore::script(json!({"source": "1"})).window_size(9),
        Rescore::learning_to_rank("m").params(json!({"q": "x"})),
    ]
}

fn sorts() -> Vec<Sort> {
    let nested = || json!({"path": "p"});
    vec![
        Sort::field("a")
            .asc()
            .format("f")
            .missing("_last")
            .mode("min")
            .nested(nested())
            .numeric_type("long")
            .unmapped_type("long"),
        Sort::score().desc(),
        Sort::doc().asc(),
        Sort::geo_distance("a", [1.0, 2.0])
            .asc()
            .distance_type("plane")
            .ignore_unmapped(true)
            .mode("min")
            .nested(nested())
            .unit("km"),
        Sort::script("number", json!({"source": "1"})).asc().mode("min").nested(nested()),
    ]
}

fn suggesters() -> Vec<Suggester> {
    let completion = |it: Suggester| {
        let it = it.analyzer("simple").contexts(json!({"c": "x"})).fuzzy(json!({"fuzziness": 1}));
        it.regex(json!({"flags": "ALL"})).size(1).skip_duplicates(true)
    };
    vec![
        completion(Suggester::completion("a", "x")),
        completion(Suggester::completion_regex("a", "x.*")),
        Suggester::phrase("a", "x")
            .analyzer("simple")
            .collate(json!({"query": {"source": "{}"}}))
            .confidence(1.0)
            .direct_generator([json!({"field": "a"})])
            .force_unigrams(true)
            .gram_size(2)
            .highlight(json!({"pre_tag": "<b>", "post_tag": "</b>"}))
            .max_errors(0.5)
            .real_word_error_likelihood(0.5)
            .separator(" ")
            .shard_size(1)
            .size(1)
            .smoothing(json!({"laplace": {"alpha": 0.7}}))
            .token_limit(9),
        Suggester::term("a", "x")
            .analyzer("simple")
            .lowercase_terms(true)
            .max_edits(1)
            .max_inspections(9)
            .max_term_freq(0.5)
            .min_doc_freq(0.5)
            .min_word_length(1)
            .prefix_length(1)
            .shard_size(1)
            .size(1)
            .sort("score")
            .string_distance("internal")
            .suggest_mode("always"),
    ]
}

/// Sources of a composite are aggregations of some kinds.
fn sources() -> Vec<Aggregation> {
    let bounds = json!({"wkt": "BBOX (1, 2, 2, 1)"});
    let of = |it: Aggregation| {
        let it = it.missing_bucket(true).missing_order("last").order("asc");
        it.script(json!({"source": "1"})).value_type("long")
    };
    vec![
        of(Aggregation::terms("a")),
        of(Aggregation::histogram("a", 5.0)),
        of(Aggregation::geotile_grid("a")).bounds(bounds).precision(8),
        of(Aggregation::date_histogram("a", "1d")).offset("1h").format("f").time_zone("Z"),
        of(Aggregation::fixed_date_histogram("a", "1d")),
    ]
}

fn highlight() -> Highlight {
    Highlight::new()
        .pre_tags(["<b>"])
        .post_tags(["</b>"])
        .fragment_size(9)
        .number_of_fragments(1)
        .require_field_match(true)
        .kind("unified")
        .tags_schema("styled")
        .order("score")
        .no_match_size(9)
        .highlight_query(Query::match_all())
        .boundary_scanner("word")
        .boundary_scanner_locale("en")
        .boundary_chars(".")
        .boundary_max_scan(9)
        .fragmenter("span")
        .max_analyzed_offset(9)
        .max_fragment_length(9)
        .phrase_limit(9)
        .highlight_filter(true)
        .force_source(true)
        .options(json!({"x": 1}))
}
