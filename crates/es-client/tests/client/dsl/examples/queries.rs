use es_client::dsl::{Intervals, Query, ScoreFunction};
use serde_json::json;

pub(super) fn all() -> Vec<Query> {
    let mut all = Vec::new();
    for family in [of_values, of_text, of_queries, of_places, of_spans, of_likeness, of_vectors] {
        all.extend(family());
    }
    all.into_iter().map(|query| query.boost(2).named("n")).chain([span_gap()]).collect()
}

fn a() -> Query {
    Query::match_all()
}

fn of_values() -> Vec<Query> {
    let range = || Query::range("a").relation("within");
    vec![
        Query::match_all(),
        Query::match_none(),
        Query::exists("a"),
        Query::ids(["1"]),
        Query::term("a", 1).case_insensitive(true),
        Query::terms("a", [1, 2]),
        Query::terms_lookup("a", "i", "1", "p"),
        Query::terms_set("a", ["x"]).minimum_should_match(1).minimum_should_match_field("f"),
        Query::terms_set("a", ["x"]).minimum_should_match_script(json!({"source": "1"})),
        range().gte(1).gt(1).lte(1).lt(1),
        range().gte("x").gt("x").lte("x").lt("x"),
        range().gte("x").gt("x").lte("x").lt("x").format("f").time_zone("Z"),
        Query::prefix("a", "x").case_insensitive(true).rewrite("constant_score"),
        Query::wildcard("a", "x").case_insensitive(true).rewrite("constant_score"),
        Query::regexp("a", "x")
            .case_insensitive(true)
            .rewrite("constant_score")
            .flags("ALL")
            .max_determinized_states(9),
        Query::fuzzy("a", "x")
            .fuzziness("AUTO")
            .max_expansions(9)
            .prefix_length(1)
            .rewrite("constant_score")
            .transpositions(false),
    ]
}

fn of_text() -> Vec<Query> {
    let fuzzy = |query: Query| {
        let query = query.fuzziness("AUTO").fuzzy_rewrite("constant_score");
        query.fuzzy_transpositions(true).minimum_should_match("75%")
    };
    let words = |query: Query| {
        fuzzy(query).max_expansions(9).operator("and").prefix_length(1).analyzer("simple")
    };
    let match_ = |query: Query| {
        let query = words(query).auto_generate_synonyms_phrase_query(true).cutoff_frequency(0.1);
        query.lenient(true).zero_terms_query("all")
    };
    let phrase = |query: Query| query.analyzer("simple").slop(1).zero_terms_query("all");
    let syntax = |query: Query| {
        let query = query.analyze_wildcard(true).analyzer("simple").default_operator("and");
        let query = query.auto_generate_synonyms_phrase_query(true).fields(["a"]).lenient(true);
        let query = query.fuzzy_max_expansions(9).fuzzy_prefix_length(1).quote_field_suffix("q");
        query.fuzzy_transpositions(true).minimum_should_match(1)
    };
    vec![
        match_(Query::match_("a", "x")),
        match_(Query::multi_match(["a"], "x")).slop(1).tie_breaker(0.5).kind("phrase"),
        words(Query::match_bool_prefix("a", "x")),
        phrase(Query::match_phrase("a", "x")),
        phrase(Query::match_phrase_prefix("a", "x")).max_expansions(9),
        Query::combined_fields(["a"], "x")
            .auto_generate_synonyms_phrase_query(true)
            .minimum_should_match(1)
            .operator("and")
            .zero_terms_query("all"),
        Query::common("a", "x")
            .analyzer("simple")
            .cutoff_frequency(0.1)
            .high_freq_operator("or")
            .low_freq_operator("and")
            .minimum_should_match(1),
        syntax(Query::simple_query_string("x")).flags("OR|AND"),
        syntax(fuzzy(Query::query_string("x")))
            .allow_leading_wildcard(true)
            .default_field("a")
            .enable_position_increments(true)
            .escape(true)
            .max_determinized_states(9)
            .phrase_slop(1.0)
            .quote_analyzer("simple")
            .rewrite("constant_score")
            .tie_breaker(0.5)
            .time_zone("Z")
            .kind("phrase"),
    ]
    .into_iter()
    .chain(intervals().map(|rule| Query::intervals("a", rule)))
    .collect()
}

fn intervals() -> impl Iterator<Item = Intervals> {
    let of = |rule: Intervals| rule.analyzer("simple").use_field("b");
    let word = || Intervals::match_("x");
    [
        of(word()).max_gaps(1).ordered(true).filter("containing", word()),
        of(Intervals::prefix("x")),
        of(Intervals::wildcard("x")),
        of(Intervals::regexp("x")),
        of(Intervals::range()).gte("x").gt("x").lte("x").lt("x"),
        of(Intervals::fuzzy("x")).fuzziness("AUTO").prefix_length(1).transpositions(true),
        Intervals::all_of([word()]).max_gaps(1).ordered(true).filter("before", word()),
        Intervals::any_of([
            word(),
            Intervals::prefix("x"),
            Intervals::wildcard("x"),
            Intervals::regexp("x"),
            Intervals::range(),
            Intervals::fuzzy("x"),
            Intervals::all_of([word()]),
            Intervals::any_of([word()]),
        ])
        .filter("not_overlapping", word()),
    ]
    .into_iter()
}

fn of_queries() -> Vec<Query> {
    let hits = || json!({"name": "h"});
    let functions = [
        ScoreFunction::gauss("a", 1, 2).offset(1).decay(0.5).multi_value_mode("avg"),
        ScoreFunction::exp("a", "now", "1d").multi_value_mode("avg"),
        ScoreFunction::linear("a", json!([1, 2]), "1km").multi_value_mode("avg"),
        ScoreFunction::field_value_factor("a").factor(2.0).modifier("sqrt").missing(1.0),
        ScoreFunction::random_score().seed(1).field("a"),
        ScoreFunction::script_score(json!({"source": "1"})).filter(a()).weight(2.0).named("n"),
        ScoreFunction::constant(2.0),
    ];
    let scored = functions.into_iter().fold(Query::function_score(a()), Query::function);
    vec![
        Query::bool().must(a()).filter(a()).should(a()).must_not(a()).minimum_should_match(1),
        Query::boosting(a(), a(), 0.5),
        Query::constant_score(a()),
        Query::dis_max([a()]).tie_breaker(0.5),
        scored.boost_mode("sum").max_boost(9.0).min_score(1.0).score_mode("max"),
        Query::script_score(a(), json!({"source": "1"})).min_score(1.0),
        Query::script(json!({"id": "s"})),
        Query::nested("p", a()).ignore_unmapped(true).inner_hits(hits()).score_mode("avg"),
        Query::has_child("c", a())
            .ignore_unmapped(true)
            .inner_hits(hits())
            .score_mode("avg")
            .min_children(1)
            .max_children(2),
        Query::has_parent("p", a()).ignore_unmapped(true).inner_hits(hits()).score(true),
        Query::parent_id("c", "1").ignore_unmapped(true),
        Query::pinned(["1"], a()),
        Query::pinned_docs([json!({"_index": "i", "_id": "1"})], a()),
        Query::rule(["r"], json!({"q": "x"}), a()),
        Query::wrapper("e30="),
        Query::type_("t"),
    ]
}

fn of_places() -> Vec<Query> {
    let checked = |query: Query| query.ignore_unmapped(true).validation_method("coerce");
    let shape = || json!({"type": "point", "coordinates": [1, 2]});
    let indexed = || json!({"index": "i", "id": "1", "path": "p"});
    vec![
        checked(Query::geo_distance("a", [1.0, 2.0], "1km")).distance_type("plane"),
        checked(Query::geo_bounding_box("a", [1.0, 2.0], [2.0, 1.0])).kind("memory"),
        checked(Query::geo_polygon("a", [[1.0, 2.0], [2.0, 1.0], [1.0, 1.0]])),
        Query::geo_shape("a", shape(), "within").ignore_unmapped(true),
        Query::geo_indexed_shape("a", indexed(), "within").ignore_unmapped(true),
        Query::shape("a", shape(), "within").ignore_unmapped(true),
        Query::indexed_shape("a", indexed(), "within").ignore_unmapped(true),
        Query::geohash_grid("a", "u0"),
        Query::geotile_grid("a", "6/32/22"),
        Query::geohex_grid("a", "811fbffffffffff"),
        Query::distance_feature("a", "now", "1d"),
        Query::distance_feature("a", [1.0, 2.0], "1km"),
    ]
}

fn of_spans() -> Vec<Query> {
    let word = || Query::span_term("a", "x");
    let prefix = || Query::span_multi(Query::prefix("a", "x"));
    let all = vec![
        word(),
        Query::span_or([word()]),
        Query::span_not(word(), word()).pre(1).post(1),
        Query::span_not(word(), word()).dist(1),
        Query::span_first(word(), 3),
        Query::span_containing(word(), word()),
        Query::span_within(word(), word()),
        prefix(),
        Query::span_field_masking("b", word()),
        Query::span_near([word()]),
    ];
    let near = Query::span_near(all.clone()).in_order(true).slop(1);
    all.into_iter().chain([near]).collect()
}

/// What is nowhere but within another.
fn span_gap() -> Query {
    Query::span_near([Query::span_term("a", "x"), Query::span_gap("a", 1)])
}

fn of_likeness() -> Vec<Query> {
    let stored = |query: Query| query.percolate_name("p").preference("_local").version(1);
    vec![
        Query::more_like_this([json!("x"), json!({"_id": "1"})])
            .analyzer("simple")
            .boost_terms(1.0)
            .fail_on_unsupported_field(true)
            .fields(["a"])
            .include(true)
            .max_doc_freq(9)
            .max_query_terms(9)
            .max_word_length(9)
            .min_doc_freq(1)
            .min_term_freq(1)
            .min_word_length(1)
            .minimum_should_match(1)
            .routing("r")
            .stop_words(["the"])
            .unlike("y")
            .version(1)
            .version_type("external"),
        Query::percolate("a", json!({"b": 1})),
        Query::percolate_all("a", [json!({"b": 1})]),
        stored(Query::percolate_stored("a", "i", "1")).routing("r"),
        Query::rank_feature("a").saturation(json!({"pivot": 8})),
        Query::rank_feature("a").log(json!({"scaling_factor": 4})),
        Query::rank_feature("a").sigmoid(json!({"pivot": 7, "exponent": 0.6})),
        Query::rank_feature("a").linear(json!({})),
    ]
}

fn of_vectors() -> Vec<Query> {
    let pruned = |query: Query| query.pruning_config(json!({"tokens_weight_threshold": 0.5}));
    let built = json!({"text_embedding": {"model_id": "m", "model_text": "x"}});
    vec![
        Query::knn("a", [1.0], 1, 9)
            .filter(a())
            .rescore_vector(json!({"oversample": 2.0}))
            .similarity(0.5)
            .visit_percentage(1.0),
        Query::knn_built("a", built).k(1).num_candidates(9),
        Query::semantic("a", "x"),
        pruned(Query::sparse_vector("a", "m", "x")).prune(true),
        pruned(Query::sparse_vector_of("a", json!({"x": 0.5}))),
        pruned(Query::text_expansion("a", "m", "x")),
        pruned(Query::weighted_tokens("a", json!({"x": 0.5}))),
    ]
}
