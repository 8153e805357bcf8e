//! One of each kind.

use std::time::Duration;

use es_client::{
    dsl::{
        Aggregation, CompositeSource, Highlight, HighlightField, Intervals, KnnSearch, Query,
        Rescore, Retriever, ScoreFunction, Script, Sort, SpanQuery, Suggester,
    },
    params::{CalendarInterval, GeoShapeRelation, NormalizeMethod, ScriptSortType},
};
use serde_json::{Value, json};

/// A value, with the name of its type in the facts.
pub(crate) fn all() -> Vec<(&'static str, Value)> {
    let named = |name: &'static str| move |value: Value| (name, value);
    let mut all: Vec<_> = queries().into_iter().map(named("QueryContainer")).collect();
    all.extend(spans().into_iter().map(named("SpanQuery")));
    all.extend(intervals().into_iter().map(named("IntervalsContainer")));
    all.extend(functions().into_iter().map(named("FunctionScoreContainer")));
    all.extend(
        aggregations()
            .into_iter()
            .map(named("AggregationContainer")),
    );
    all.extend(
        sources()
            .into_iter()
            .map(named("CompositeAggregationSource")),
    );
    all.extend(retrievers().into_iter().map(named("RetrieverContainer")));
    all.extend(rescorers().into_iter().map(named("Rescore")));
    all.extend(sorts().into_iter().map(named("SortOptions")));
    all.extend(suggesters().into_iter().map(named("FieldSuggester")));
    let title = HighlightField::new()
        .number_of_fragments(0)
        .matched_fields(["a", "b"]);
    all.push(("Highlight", json!(Highlight::new().field_with("b", title))));
    all.push((
        "KnnSearch",
        json!(KnnSearch::new("a", [1.0]).filter(Query::match_all()).k(1)),
    ));
    all
}

/// JSON of values of different types.
macro_rules! jsons {
    ($($value:expr),* $(,)?) => {
        vec![$(serde_json::to_value($value).unwrap()),*]
    };
}

fn queries() -> Vec<Value> {
    let a = Query::match_all;
    let shape = || json!({"type": "point", "coordinates": [1, 2]});
    let indexed = || json!({"index": "i", "id": "1", "path": "p"});
    let within = GeoShapeRelation::Within;
    let mut all = jsons![
        Query::match_all(),
        Query::match_none(),
        Query::exists("a"),
        Query::ids(["1"]),
        Query::term("a", 1),
        Query::terms("a", [1, 2]),
        Query::terms_lookup("a", "i", "1", "p"),
        Query::terms_set("a", ["x"]).minimum_should_match_script(Script::source("1")),
        Query::range("a").gte(1).lt(2),
        Query::range("a")
            .gte("now-1d")
            .lt("now")
            .format("f")
            .time_zone("Z"),
        Query::prefix("a", "x"),
        Query::wildcard("a", "x"),
        Query::regexp("a", "x"),
        Query::fuzzy("a", "x").fuzziness("AUTO"),
        Query::match_("a", "x").fuzziness(1),
        Query::multi_match(["a"], "x"),
        Query::match_bool_prefix("a", "x"),
        Query::match_phrase("a", "x"),
        Query::match_phrase_prefix("a", "x"),
        Query::combined_fields(["a"], "x"),
        Query::common("a", "x"),
        Query::simple_query_string("x"),
        Query::query_string("x"),
        Query::bool()
            .must(a())
            .filter([a(), a()])
            .should(a())
            .must_not(a()),
        Query::boosting(a(), a(), 0.5),
        Query::constant_score(a()),
        Query::dis_max([a()]),
        Query::function_score(a()).function(ScoreFunction::constant(2.0).filter(a())),
        Query::script_score(a(), Script::source("1")),
        Query::script(Script::stored("s")),
        Query::nested("p", a()),
        Query::has_child("c", a()),
        Query::has_parent("p", a()),
        Query::parent_id("c", "1"),
        Query::pinned(["1"], a()),
        Query::pinned_docs([json!({"_index": "i", "_id": "1"})], a()),
        Query::rule(["r"], json!({"q": "x"}), a()),
        Query::wrapper("e30="),
        Query::type_("t"),
        Query::geo_distance("a", [1.0, 2.0], "1km"),
        Query::geo_bounding_box("a", [1.0, 2.0], [2.0, 1.0]),
        Query::geo_polygon("a", [[1.0, 2.0], [2.0, 1.0], [1.0, 1.0]]),
        Query::geo_shape("a", shape(), within),
        Query::geo_indexed_shape("a", indexed(), within),
        Query::shape("a", shape(), within),
        Query::indexed_shape("a", indexed(), within),
        Query::geohash_grid("a", "u0"),
        Query::geotile_grid("a", "6/32/22"),
        Query::geohex_grid("a", "811fbffffffffff"),
        Query::distance_feature("a", "now", "1d"),
        Query::distance_feature("a", [1.0, 2.0], "1km"),
        Query::more_like_this([json!("x"), json!({"_id": "1"})]),
        Query::percolate("a", json!({"b": 1})),
        Query::percolate_all("a", [json!({"b": 1})]),
        Query::percolate_stored("a", "i", "1"),
        Query::rank_feature("a").saturation(json!({"pivot": 8})),
        Query::knn("a", [1.0], 1, 9).filter(a()),
        Query::knn_built(
            "a",
            json!({"text_embedding": {"model_id": "m", "model_text": "x"}})
        ),
        Query::semantic("a", "x"),
        Query::sparse_vector("a", "m", "x"),
        Query::sparse_vector_of("a", json!({"x": 0.5})),
        Query::text_expansion("a", "m", "x"),
        Query::weighted_tokens("a", json!({"x": 0.5})),
    ];
    let rules = intervals().into_iter().map(Intervals::from);
    all.extend(rules.map(|rule| json!(Query::intervals("a", rule))));
    all.extend(
        spans()
            .into_iter()
            .filter(|span| span.get("span_gap").is_none()),
    );
    all
}

fn spans() -> Vec<Value> {
    let word = || Query::span_term("a", "x");
    jsons![
        word(),
        Query::span_or([word()]),
        Query::span_not(word(), word()),
        Query::span_first(word(), 3),
        Query::span_containing(word(), word()),
        Query::span_within(word(), word()),
        Query::span_multi(Query::prefix("a", "x")),
        Query::span_field_masking("b", word()),
        Query::span_gap("a", 1),
        Query::span_near([SpanQuery::from(word()), Query::span_gap("a", 1).into()]).slop(1),
    ]
}

fn intervals() -> Vec<Value> {
    let word = || Intervals::match_("x");
    jsons![
        word().filter("containing", word()),
        Intervals::prefix("x"),
        Intervals::wildcard("x"),
        Intervals::regexp("x"),
        Intervals::range().gte("x"),
        Intervals::fuzzy("x"),
        Intervals::all_of([word()]).filter("before", word()),
        Intervals::any_of([word()]).filter("not_overlapping", word()),
    ]
}

fn functions() -> Vec<Value> {
    jsons![
        ScoreFunction::gauss("a", 1, 2).offset(1).decay(0.5),
        ScoreFunction::exp("a", "now", "1d").weight(2),
        ScoreFunction::linear("a", json!([1, 2]), "1km"),
        ScoreFunction::field_value_factor("a").factor(2.0),
        ScoreFunction::random_score().seed(1).field("a"),
        ScoreFunction::script_score("1"),
        ScoreFunction::constant(2.0).filter(Query::match_all()),
    ]
}

fn aggregations() -> Vec<Value> {
    let named = || [("x", Query::match_all())];
    let range = || [json!({"to": 1}), json!({"from": 1})];
    let field = |name: &str| json!({"field": name});
    let script = || Script::source("1");
    let paths = || json!({"x": "p"});
    jsons![
        Aggregation::terms("a")
            .aggregation("n", Aggregation::avg("a"))
            .meta(json!({"m": 1})),
        Aggregation::multi_terms([field("a"), field("b")]),
        Aggregation::rare_terms("a"),
        Aggregation::missing("a"),
        Aggregation::histogram("a", 5.0),
        Aggregation::variable_width_histogram("a", 9),
        Aggregation::date_histogram("a", CalendarInterval::Month),
        Aggregation::fixed_date_histogram("a", Duration::from_secs(60)),
        Aggregation::auto_date_histogram("a", 9),
        Aggregation::geohash_grid("a"),
        Aggregation::geohex_grid("a"),
        Aggregation::geotile_grid("a"),
        Aggregation::composite([("n", CompositeSource::terms("a"))]),
        Aggregation::time_series(),
        Aggregation::range("a", range()),
        Aggregation::date_range("a", [json!({"to": "now"})]),
        Aggregation::ip_range("a", [json!({"mask": "10.0.0.0/25"})]),
        Aggregation::ip_prefix("a", 24),
        Aggregation::geo_distance("a", [1.0, 2.0], range()),
        Aggregation::filter(Query::match_all()),
        Aggregation::filters(named()),
        Aggregation::filters_listed([Query::match_all()]),
        Aggregation::adjacency_matrix(named()),
        Aggregation::nested("p"),
        Aggregation::reverse_nested(),
        Aggregation::children("c"),
        Aggregation::parent("c"),
        Aggregation::global(),
        Aggregation::sampler(9),
        Aggregation::random_sampler(0.5),
        Aggregation::diversified_sampler("a"),
        Aggregation::significant_terms("a"),
        Aggregation::significant_text("a"),
        Aggregation::categorize_text("a"),
        Aggregation::frequent_item_sets([field("a")]),
        Aggregation::avg("a").missing(1),
        Aggregation::sum("a"),
        Aggregation::min("a"),
        Aggregation::max("a"),
        Aggregation::value_count("a"),
        Aggregation::stats("a"),
        Aggregation::extended_stats("a"),
        Aggregation::string_stats("a"),
        Aggregation::cardinality("a"),
        Aggregation::percentiles("a").percents([95.0]),
        Aggregation::percentile_ranks("a", [9.0]),
        Aggregation::boxplot("a"),
        Aggregation::median_absolute_deviation("a"),
        Aggregation::geo_bounds("a"),
        Aggregation::geo_centroid("a"),
        Aggregation::cartesian_bounds("a"),
        Aggregation::cartesian_centroid("a"),
        Aggregation::weighted_avg(field("a"), field("b")),
        Aggregation::rate(CalendarInterval::Month),
        Aggregation::matrix_stats(["a", "b"]),
        Aggregation::t_test(field("a"), field("b")),
        Aggregation::top_hits(1).sort([Sort::score()]),
        Aggregation::top_metrics([field("a")]).sort(Sort::score()),
        Aggregation::geo_line(field("a")).sort(field("t")),
        Aggregation::line(field("a")).sort(field("t")),
        Aggregation::scripted_metric(script(), script(), script()),
        Aggregation::avg_bucket("p"),
        Aggregation::sum_bucket("p"),
        Aggregation::min_bucket("p"),
        Aggregation::max_bucket("p"),
        Aggregation::stats_bucket("p"),
        Aggregation::extended_stats_bucket("p"),
        Aggregation::percentiles_bucket("p"),
        Aggregation::derivative("p"),
        Aggregation::serial_diff("p"),
        Aggregation::cumulative_sum("p"),
        Aggregation::cumulative_cardinality("p"),
        Aggregation::change_point("p"),
        Aggregation::bucket_count_ks_test("p"),
        Aggregation::bucket_correlation(
            "p",
            json!({"count_correlation": {"indicator":
                {"doc_count": 9, "expectations": [1.0], "fractions": [0.5]}}}),
        ),
        Aggregation::bucket_script(paths(), script()),
        Aggregation::bucket_selector(paths(), script()),
        Aggregation::bucket_sort([Sort::field("p").desc()]),
        Aggregation::normalize("p", NormalizeMethod::PercentOfSum),
        Aggregation::moving_fn("p", 5, "1"),
        Aggregation::moving_percentiles("p", 5),
        Aggregation::moving_avg("p", "simple", json!({})),
        Aggregation::moving_avg("p", "holt", json!({"alpha": 0.5, "beta": 0.5})),
        Aggregation::inference("m", paths()),
    ]
}

fn sources() -> Vec<Value> {
    let months = CompositeSource::date_histogram("a").calendar_interval(CalendarInterval::Month);
    jsons![
        CompositeSource::terms("a"),
        CompositeSource::histogram("a", 5.0),
        CompositeSource::geotile_grid("a"),
        months,
        CompositeSource::date_histogram("a").fixed_interval(Duration::from_secs(60)),
    ]
}

fn retrievers() -> Vec<Value> {
    let a = || Retriever::standard(Query::match_all());
    let built = || json!({"text_embedding": {"model_id": "m", "model_text": "x"}});
    jsons![
        a().sort([Sort::score()]),
        Retriever::knn("a", [1.0], 1, 9).filter(Query::match_all()),
        Retriever::knn_built("a", built(), 1).num_candidates(9),
        Retriever::rrf([a()]),
        Retriever::rrf_weighted([(a(), 2.0)]),
        Retriever::linear([(a(), 2.0, "minmax")]),
        Retriever::linear_fields("x", ["a"]),
        Retriever::text_similarity_reranker(a(), "a", "x"),
        Retriever::rescorer(a(), Rescore::query(Query::match_all())),
        Retriever::rule(a(), ["r"], json!({"q": "x"})),
        Retriever::pinned(a(), ["1"]),
        Retriever::pinned_docs(a(), [json!({"index": "i", "id": "1"})]),
        Retriever::diversify(a(), "a"),
    ]
}

fn rescorers() -> Vec<Value> {
    jsons![
        Rescore::query(Query::match_all()).query_weight(0.5),
        Rescore::script(Script::source("1")).window_size(9),
        Rescore::learning_to_rank("m"),
    ]
}

fn sorts() -> Vec<Value> {
    jsons![
        Sort::field("a").asc().missing("_last"),
        Sort::score().desc(),
        Sort::doc().asc(),
        Sort::geo_distance("a", [1.0, 2.0]).asc(),
        Sort::script(ScriptSortType::Number, "1").asc(),
    ]
}

fn suggesters() -> Vec<Value> {
    jsons![
        Suggester::completion("a", "x"),
        Suggester::completion_regex("a", "x.*"),
        Suggester::phrase("a", "x"),
        Suggester::term("a", "x"),
    ]
}
