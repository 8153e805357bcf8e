//! The JSON that the query DSL builds, against that of Elasticsearch's documentation.

use es_client::{
    dsl::{Aggregation, CompositeSource, Highlight, HighlightField, Query, Sort, Suggester},
    params::{
        CalendarInterval, ChildScoreMode, DistanceUnit, FunctionBoostMode, Operator, SortMode,
        TextQueryType,
    },
};
use serde::Serialize;
use serde_json::{Value, json};

#[track_caller]
fn is(built: impl Serialize, expected: &Value) {
    assert_eq!(&serde_json::to_value(built).unwrap(), expected);
}

#[test]
fn queries_of_one_field() {
    is(
        Query::match_all().boost(1.5),
        &json!({"match_all": {"boost": 1.5}}),
    );
    is(Query::match_none(), &json!({"match_none": {}}));
    is(
        Query::term("a", "x"),
        &json!({"term": {"a": {"value": "x"}}}),
    );
    is(
        Query::terms("a", ["x", "y"]).boost(1),
        &json!({"terms": {"a": ["x", "y"], "boost": 1}}),
    );
    is(
        Query::range("t")
            .gte("now-1d/d")
            .lt("now/d")
            .time_zone("+01:00"),
        &json!({"range": {"t": {"gte": "now-1d/d", "lt": "now/d", "time_zone": "+01:00"}}}),
    );
    is(Query::exists("a"), &json!({"exists": {"field": "a"}}));
    is(
        Query::ids(["1", "2"]),
        &json!({"ids": {"values": ["1", "2"]}}),
    );
    is(
        Query::prefix("a", "x").case_insensitive(true),
        &json!({"prefix": {"a": {"value": "x", "case_insensitive": true}}}),
    );
    is(
        Query::wildcard("a", "x*y"),
        &json!({"wildcard": {"a": {"value": "x*y"}}}),
    );
    is(
        Query::regexp("a", "x.*"),
        &json!({"regexp": {"a": {"value": "x.*"}}}),
    );
    is(
        Query::fuzzy("a", "x").fuzziness("AUTO"),
        &json!({"fuzzy": {"a": {"value": "x", "fuzziness": "AUTO"}}}),
    );
    is(
        Query::knn("v", [1.0, 0.5], 5, 50),
        &json!({"knn": {"field": "v",
        "query_vector": [1.0, 0.5], "k": 5, "num_candidates": 50}}),
    );
}

#[test]
fn queries_of_text_and_places() {
    is(
        Query::match_("a", "x y").operator(Operator::And),
        &json!({"match": {"a": {"query": "x y", "operator": "and"}}}),
    );
    is(
        Query::match_phrase("a", "x y").slop(2),
        &json!({"match_phrase": {"a": {"query": "x y", "slop": 2}}}),
    );
    is(
        Query::match_phrase_prefix("a", "x"),
        &json!({"match_phrase_prefix": {"a": {"query": "x"}}}),
    );
    is(
        Query::multi_match(["a^3", "b"], "x")
            .type_(TextQueryType::BestFields)
            .tie_breaker(0.3),
        &json!({"multi_match": {"query": "x", "fields": ["a^3", "b"], "type": "best_fields",
            "tie_breaker": 0.3}}),
    );
    is(
        Query::query_string("(a) OR b").default_field("c"),
        &json!({"query_string": {"query": "(a) OR b", "default_field": "c"}}),
    );
    is(
        Query::simple_query_string("a + b")
            .fields(["c"])
            .default_operator(Operator::And),
        &json!({"simple_query_string": {"query": "a + b", "fields": ["c"], "default_operator": "and"}}),
    );
    is(
        Query::geo_distance("at", json!({"lat": 40, "lon": -70}), "12km"),
        &json!({"geo_distance": {"distance": "12km", "at": {"lat": 40, "lon": -70}}}),
    );
    is(
        Query::geo_bounding_box("at", [-74.1, 40.73], [-71.12, 40.01]),
        &json!({"geo_bounding_box": {"at": {"top_left": [-74.1, 40.73], "bottom_right": [-71.12, 40.01]}}}),
    );
}

#[test]
fn queries_of_queries() {
    let a = || Query::term("a", 1);
    let term = json!({"term": {"a": {"value": 1}}});
    is(
        Query::bool()
            .must(a())
            .must(a())
            .filter(a())
            .should(a())
            .must_not(a())
            .minimum_should_match(1),
        &json!({"bool": {"must": [term, term], "filter": [term], "should": [term],
            "must_not": [term], "minimum_should_match": 1}}),
    );
    is(
        Query::constant_score(a()).boost(1.2),
        &json!({"constant_score": {"filter": term, "boost": 1.2}}),
    );
    is(
        Query::dis_max([a(), a()]).tie_breaker(0.7),
        &json!({"dis_max": {"queries": [term, term], "tie_breaker": 0.7}}),
    );
    is(
        Query::function_score(a())
            .function(json!({"random_score": {}}))
            .boost_mode(FunctionBoostMode::Multiply),
        &json!({"function_score": {"query": term, "functions": [{"random_score": {}}],
            "boost_mode": "multiply"}}),
    );
    is(
        Query::script_score(a(), json!({"source": "1"})),
        &json!({"script_score": {"query": term, "script": {"source": "1"}}}),
    );
    is(
        Query::nested("o", a()).score_mode(ChildScoreMode::Avg),
        &json!({"nested": {"path": "o", "query": term, "score_mode": "avg"}}),
    );
    is(
        Query::has_child("c", a()).min_children(2),
        &json!({"has_child": {"type": "c", "query": term, "min_children": 2}}),
    );
    is(
        Query::has_parent("p", a()),
        &json!({"has_parent": {"parent_type": "p", "query": term}}),
    );
}

#[test]
fn json_stands_wherever_a_query_does() {
    let given = json!({"shape": {"x": {"relation": "within"}}});
    is(
        Query::bool().filter(given.clone()),
        &json!({"bool": {"filter": [given]}}),
    );
    is(Query::from(json!([1])), &json!([1]));
    is(
        Query::bool().with("boost", 2),
        &json!({"bool": {"boost": 2}}),
    );
    is(
        Query::term("a", 1).boost(1).boost(2),
        &json!({"term": {"a": {"value": 1, "boost": 2}}}),
    );
}

#[test]
fn aggregations() {
    is(
        Aggregation::terms("b")
            .size(5)
            .aggregation("p", Aggregation::avg("price")),
        &json!({"terms": {"field": "b", "size": 5}, "aggs": {"p": {"avg": {"field": "price"}}}}),
    );
    is(
        Aggregation::histogram("p", 50.0),
        &json!({"histogram": {"field": "p", "interval": 50}}),
    );
    is(
        Aggregation::histogram("p", 0.5),
        &json!({"histogram": {"field": "p", "interval": 0.5}}),
    );
    is(
        Aggregation::date_histogram("t", CalendarInterval::Month),
        &json!({"date_histogram": {"field": "t", "calendar_interval": "month"}}),
    );
    is(
        Aggregation::range("p", [json!({"to": 10}), json!({"from": 10})]),
        &json!({"range": {"field": "p", "ranges": [{"to": 10}, {"from": 10}]}}),
    );
    is(
        Aggregation::filter(Query::term("a", 1)),
        &json!({"filter": {"term": {"a": {"value": 1}}}}),
    );
    is(
        Aggregation::filters([("x", Query::match_all())]),
        &json!({"filters": {"filters": {"x": {"match_all": {}}}}}),
    );
    is(
        Aggregation::nested("o").aggregation("n", Aggregation::cardinality("o.n")),
        &json!({"nested": {"path": "o"}, "aggs": {"n": {"cardinality": {"field": "o.n"}}}}),
    );
    is(
        Aggregation::top_hits(1).sort([Sort::field("t").desc()]),
        &json!({"top_hits": {"size": 1, "sort": [{"t": {"order": "desc"}}]}}),
    );
    is(
        Aggregation::composite([("b", CompositeSource::terms("brand"))]).after(json!({"b": "x"})),
        &json!({"composite": {"sources": [{"b": {"terms": {"field": "brand"}}}], "after": {"b": "x"}}}),
    );
    is(
        Aggregation::percentiles("t").percents([95.0, 99.0]),
        &json!({"percentiles": {"field": "t", "percents": [95, 99]}}),
    );
}

#[test]
fn sorts_highlights_and_suggesters() {
    is(
        Sort::field("p").asc().mode(SortMode::Avg).missing("_last"),
        &json!({"p": {"order": "asc", "mode": "avg", "missing": "_last"}}),
    );
    is(
        Sort::geo_distance("at", [-70, 40])
            .asc()
            .unit(DistanceUnit::Kilometers),
        &json!({"_geo_distance": {"at": [-70, 40], "order": "asc", "unit": "km"}}),
    );
    is(
        Highlight::new()
            .field("a")
            .field_with("b", HighlightField::new().fragment_size(9))
            .pre_tags(["<b>"]),
        &json!({"fields": {"a": {}, "b": {"fragment_size": 9}}, "pre_tags": ["<b>"]}),
    );
    is(
        Suggester::completion("s", "nir").skip_duplicates(true),
        &json!({"prefix": "nir", "completion": {"field": "s", "skip_duplicates": true}}),
    );
    is(
        Suggester::phrase("s", "x y").size(1),
        &json!({"text": "x y", "phrase": {"field": "s", "size": 1}}),
    );
}
