//! Every kind and every option of the facts is there, and what is built fits them.

use std::collections::BTreeSet;

use crate::dsl::{
    examples,
    facts::{Facts, Property},
};

/// Properties that no method sets, with the reason.
const LEFT_OUT: [(&str, &str, &str); 5] = [
    ("WildcardQuery", "wildcard", "the same as `value`"),
    ("RuleQuery", "ruleset_id", "one of `ruleset_ids`"),
    ("DateHistogramAggregation", "interval", "7 deprecated it, 8 does not take it"),
    ("GeoCentroidAggregation", "count", "a property of the answer"),
    ("GeoCentroidAggregation", "location", "a property of the answer"),
];

#[test]
fn no_kind_and_no_option_is_missing() {
    let facts = Facts::read();
    let mut built = BTreeSet::new();
    let unfit = |(container, value): (&'static str, serde_json::Value)| {
        let error = facts.fits(container, &value, &mut built).err()?;
        Some(format!("{container} {value}: {error}"))
    };
    let unfit: Vec<_> = examples::all().into_iter().filter_map(unfit).collect();
    assert!(unfit.is_empty(), "{unfit:#?}");
    let missing: Vec<_> = wanted(&facts).difference(&built).cloned().collect();
    assert!(missing.is_empty(), "no method, or no example of it, for {missing:#?}");
}

/// The variants of all containers, and the properties of each variant.
fn wanted(facts: &Facts) -> BTreeSet<Property> {
    const CONTAINERS: [&str; 11] = [
        "AggregationContainer",
        "CompositeAggregationSource",
        "FieldSuggester",
        "FunctionScoreContainer",
        "IntervalsContainer",
        "IntervalsQuery",
        "QueryContainer",
        "Rescore",
        "RetrieverContainer",
        "SortOptions",
        "SpanQuery",
    ];
    let mut wanted = BTreeSet::new();
    let of = |name: &str| -> Vec<Property> {
        facts.properties(name).into_keys().map(|property| (name.to_owned(), property)).collect()
    };
    for name in ["Highlight", "HighlightField", "FieldSort"] {
        wanted.extend(of(name));
    }
    for container in CONTAINERS {
        wanted.extend(of(container));
        for kind in facts.properties(container).into_values() {
            for variant in facts.structs(&kind) {
                wanted.extend(of(&variant));
            }
        }
    }
    for (name, property, _) in LEFT_OUT {
        assert!(wanted.remove(&(name.to_owned(), property.to_owned())), "{name}.{property}");
    }
    wanted
}

#[test]
fn options_are_set_by_their_own_methods_in_the_examples() {
    let texts = [
        include_str!("examples/aggregations.rs"),
        include_str!("examples/queries.rs"),
        include_str!("examples/searches.rs"),
    ];
    assert!(texts.iter().all(|text| !text.contains(".with(")));
}

#[test]
fn what_does_not_fit_the_facts_is_found() {
    let facts = Facts::read();
    let wrong = [
        ("QueryContainer", r#"{"term": {"a": {"value": 1, "bost": 2}}}"#, "no `bost`"),
        ("QueryContainer", r#"{"exists": {}}"#, "lacks `field`"),
        ("QueryContainer", r#"{"trem": {}}"#, "no `trem`"),
        ("QueryContainer", r#"{"match": {"a": {"query": "x", "slop": 1}}}"#, "no `slop`"),
        ("QueryContainer", r#"{"match": {"a": {"query": "x"}, "b": {"query": "x"}}}"#, "is no 1{"),
        ("QueryContainer", r#"{"bool": {"must": [{"exists": {"field": 1}}]}}"#, "is no string"),
        ("RetrieverContainer", r#"{"knn": {"field": "v", "k": 1.5}}"#, "is no i32"),
        ("AggregationContainer", r#"{"terms": {"collect_mode": "deep"}}"#, "is no Terms"),
    ];
    for (container, value, message) in wrong {
        let value = serde_json::from_str(value).unwrap();
        let error = facts.fits(container, &value, &mut BTreeSet::new()).unwrap_err();
        assert!(error.contains(message), "{error}");
    }
}
