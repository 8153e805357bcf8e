use es_client::dsl::{Aggregation, Highlight, Query, Sort};
use serde_json::{Value, json};

pub(super) fn all() -> Vec<Aggregation> {
    let mut all = Vec::new();
    for family in [of_values, of_ranges, of_queries, of_significance, of_numbers, of_hits, of_paths]
    {
        all.extend(family());
    }
    all.push(Aggregation::global().aggregation("n", Aggregation::avg("a")).meta(json!({"m": 1})));
    all
}

fn script() -> Value {
    json!({"source": "1"})
}

fn of_values() -> Vec<Aggregation> {
    let bounds = || json!({"min": 1.0, "max": 2.0});
    let shards = |it: Aggregation| it.min_doc_count(1).shard_min_doc_count(1).shard_size(9).size(1);
    let dates = |it: Aggregation| {
        let it = it.format("f").keyed(true).min_doc_count(1).missing_value("now").offset("1h");
        let days = || json!({"min": "2026-01-01", "max": "2026-12-31"});
        let it = it.extended_bounds(days()).hard_bounds(days()).order(json!({"_key": "asc"}));
        it.params(json!({"p": 1})).script(script()).time_zone("Z")
    };
    let grid = |it: Aggregation| {
        it.bounds(json!({"wkt": "BBOX (1, 2, 2, 1)"})).precision(5).shard_size(9).size(1)
    };
    vec![
        shards(Aggregation::terms("a"))
            .collect_mode("breadth_first")
            .exclude(["x"])
            .include("x.*")
            .execution_hint("map")
            .format("f")
            .missing_value("x")
            .missing_bucket(true)
            .missing_order("last")
            .order([json!({"_count": "desc"})])
            .script(script())
            .show_term_doc_count_error(true)
            .value_type("long"),
        shards(Aggregation::multi_terms([json!({"field": "a"}), json!({"field": "b"})]))
            .collect_mode("depth_first")
            .order(json!({"_key": "asc"}))
            .show_term_doc_count_error(true),
        Aggregation::rare_terms("a")
            .exclude(["x"])
            .include("x.*")
            .max_doc_count(1)
            .missing_value("x")
            .precision(0.01)
            .value_type("long"),
        Aggregation::missing("a").missing_value("x"),
        Aggregation::histogram("a", 5.0)
            .extended_bounds(bounds())
            .hard_bounds(bounds())
            .format("f")
            .keyed(true)
            .min_doc_count(1)
            .missing_value(1.0)
            .offset(1.0)
            .order(json!({"_key": "asc"}))
            .script(script()),
        Aggregation::variable_width_histogram("a", 9)
            .initial_buffer(9)
            .script(script())
            .shard_size(9),
        dates(Aggregation::date_histogram("a", "month")),
        dates(Aggregation::fixed_date_histogram("a", "1d")),
        Aggregation::auto_date_histogram("a", 9)
            .format("f")
            .minimum_interval("day")
            .missing_value("now")
            .offset("1h")
            .params(json!({"p": 1}))
            .script(script())
            .time_zone("Z"),
        grid(Aggregation::geohash_grid("a")),
        grid(Aggregation::geohex_grid("a")),
        grid(Aggregation::geotile_grid("a")),
        Aggregation::composite([("n", Aggregation::terms("a"))]).after(json!({"n": "x"})).size(1),
        Aggregation::time_series().keyed(true).size(1),
    ]
}

fn of_ranges() -> Vec<Aggregation> {
    let range = || [json!({"to": 1}), json!({"from": 1})];
    vec![
        Aggregation::range("a", range()).format("f").keyed(true).missing_value(1).script(script()),
        Aggregation::date_range("a", [json!({"to": "now"})])
            .format("f")
            .keyed(true)
            .missing_value("now")
            .time_zone("Z"),
        Aggregation::ip_range("a", [json!({"mask": "10.0.0.0/25"})]),
        Aggregation::ip_prefix("a", 24)
            .append_prefix_length(true)
            .is_ipv6(false)
            .keyed(true)
            .min_doc_count(1),
        Aggregation::geo_distance("a", [1.0, 2.0], range()).distance_type("plane").unit("km"),
    ]
}

fn of_queries() -> Vec<Aggregation> {
    let named = || [("x", Query::match_all())];
    vec![
        Aggregation::filter(Query::match_all()),
        Aggregation::filters(named()).keyed(true).other_bucket(true).other_bucket_key("o"),
        Aggregation::filters_listed([Query::match_all()]),
        Aggregation::adjacency_matrix(named()).separator("+"),
        Aggregation::nested("p"),
        Aggregation::reverse_nested().path("p"),
        Aggregation::children("c"),
        Aggregation::parent("c"),
        Aggregation::global(),
        Aggregation::sampler(9),
        Aggregation::random_sampler(0.5).seed(1).shard_seed(1),
        Aggregation::diversified_sampler("a")
            .execution_hint("map")
            .max_docs_per_value(1)
            .script(script())
            .shard_size(9),
    ]
}

fn of_significance() -> Vec<Aggregation> {
    let heuristics = |it: Aggregation| {
        let signs = || json!({"include_negatives": true, "background_is_superset": true});
        let it = it.chi_square(signs()).mutual_information(signs()).jlh(json!({}));
        let it = it.gnd(json!({"background_is_superset": true})).percentage(json!({}));
        it.script_heuristic(json!({"script": script()}))
    };
    let significant = |it: Aggregation| {
        let it = it.background_filter(Query::match_all()).exclude(["x"]).include("x.*");
        let it = it.min_doc_count(1).shard_min_doc_count(1).shard_size(9).size(1);
        heuristics(it.execution_hint("map"))
    };
    vec![
        significant(Aggregation::significant_terms("a"))
            .p_value(json!({"background_is_superset": true})),
        significant(Aggregation::significant_text("a"))
            .filter_duplicate_text(true)
            .source_fields(["a"]),
        Aggregation::categorize_text("a")
            .categorization_analyzer("standard")
            .categorization_filters(["x.*"])
            .max_matched_tokens(9)
            .max_unique_tokens(9)
            .min_doc_count(1)
            .shard_min_doc_count(1)
            .shard_size(9)
            .similarity_threshold(50)
            .size(1),
        Aggregation::frequent_item_sets([json!({"field": "a"})])
            .set_filter(Query::match_all())
            .minimum_set_size(1)
            .minimum_support(0.1)
            .size(1),
    ]
}

fn of_numbers() -> Vec<Aggregation> {
    let of = |it: Aggregation| it.missing_value(1).script(script());
    let shown = |it: Aggregation| of(it).format("f");
    let ranks = |it: Aggregation| {
        let it = shown(it).hdr(json!({"number_of_significant_value_digits": 3})).keyed(true);
        it.tdigest(json!({"compression": 200}))
    };
    vec![
        shown(Aggregation::avg("a")),
        shown(Aggregation::sum("a")),
        shown(Aggregation::min("a")),
        shown(Aggregation::max("a")),
        shown(Aggregation::value_count("a")),
        shown(Aggregation::stats("a")),
        shown(Aggregation::extended_stats("a")).sigma(3.0),
        of(Aggregation::string_stats("a")).show_distribution(true),
        of(Aggregation::cardinality("a"))
            .execution_hint("direct")
            .precision_threshold(9)
            .rehash(true),
        ranks(Aggregation::percentiles("a")).percents([95.0]),
        ranks(Aggregation::percentile_ranks("a", [9.0])),
        of(Aggregation::boxplot("a")).compression(200.0).execution_hint("default"),
        shown(Aggregation::median_absolute_deviation("a"))
            .compression(200.0)
            .execution_hint("default"),
        of(Aggregation::geo_bounds("a")).wrap_longitude(true),
        of(Aggregation::geo_centroid("a")),
        of(Aggregation::cartesian_bounds("a")),
        of(Aggregation::cartesian_centroid("a")),
        Aggregation::weighted_avg(json!({"field": "a"}), json!({"field": "b"}))
            .format("f")
            .value_type("double"),
        shown(Aggregation::rate("month").field("a")).mode("sum"),
        Aggregation::matrix_stats(["a", "b"]).missing_value(json!({"a": 1.0})).mode("avg"),
        Aggregation::t_test(json!({"field": "a"}), json!({"field": "b"})).kind("paired"),
    ]
}

fn of_hits() -> Vec<Aggregation> {
    let of = |it: Aggregation| it.field("a").missing_value(1).script(script());
    let line = |it: Aggregation| {
        it.sort(json!({"field": "t"})).include_sort(true).size(9).sort_order("asc")
    };
    vec![
        of(Aggregation::top_hits(1))
            .docvalue_fields(["a"])
            .explain(true)
            .fields(["a"])
            .from(1)
            .highlight(Highlight::new().field("a"))
            .script_fields(json!({"s": {"script": script()}}))
            .seq_no_primary_term(true)
            .sort([Sort::score()])
            .source(false)
            .stored_fields(["a"])
            .track_scores(true)
            .version(true),
        of(Aggregation::top_metrics([json!({"field": "a"})])).size(1).sort(Sort::score()),
        line(Aggregation::geo_line(json!({"field": "a"}))),
        line(Aggregation::line(json!({"field": "a"}))),
        of(Aggregation::scripted_metric(script(), script(), script()))
            .init_script(script())
            .params(json!({"p": 1})),
    ]
}

fn of_paths() -> Vec<Aggregation> {
    let of = |it: Aggregation| it.format("f").gap_policy("skip");
    let moving = |model: &str, settings: Value| {
        of(Aggregation::moving_avg("p", model, settings)).minimize(true).predict(1).window(5)
    };
    let paths = || json!({"x": "p"});
    vec![
        of(Aggregation::avg_bucket("p")),
        of(Aggregation::sum_bucket("p")),
        of(Aggregation::min_bucket("p")),
        of(Aggregation::max_bucket("p")),
        of(Aggregation::stats_bucket("p")),
        of(Aggregation::extended_stats_bucket("p")).sigma(3.0),
        of(Aggregation::percentiles_bucket("p")).percents([95.0]),
        of(Aggregation::derivative("p")),
        of(Aggregation::serial_diff("p")).lag(1),
        of(Aggregation::cumulative_sum("p")),
        of(Aggregation::cumulative_cardinality("p")),
        of(Aggregation::change_point("p")),
        Aggregation::bucket_count_ks_test("p")
            .alternative(["less"])
            .fractions([0.5])
            .sampling_method("uniform"),
        Aggregation::bucket_correlation(
            "p",
            json!({"count_correlation": {"indicator":
                {"doc_count": 9, "expectations": [1.0], "fractions": [0.5]}}}),
        ),
        of(Aggregation::bucket_script(paths(), script())),
        of(Aggregation::bucket_selector(paths(), script())),
        Aggregation::bucket_sort([Sort::field("p").desc()]).from(1).gap_policy("skip").size(1),
        of(Aggregation::normalize("p", "percent_of_sum")),
        of(Aggregation::moving_fn("p", 5, "1")).shift(1),
        of(Aggregation::moving_percentiles("p", 5)).keyed(true).shift(1),
        moving("simple", json!({})),
        moving("linear", json!({})),
        moving("ewma", json!({"alpha": 0.5})),
        moving("holt", json!({"alpha": 0.5, "beta": 0.5})),
        moving("holt_winters", json!({"alpha": 0.5, "period": 7, "type": "add"})),
        of(Aggregation::inference("m", paths()))
            .inference_config(json!({"regression": {"results_field": "r"}})),
    ]
}
