//! Every kind of the facts is there, and what is built fits them.

use std::collections::BTreeSet;

use crate::dsl::{
    examples,
    facts::{Facts, Property},
};

#[test]
fn no_kind_is_missing() {
    let facts = Facts::read();
    let mut built = BTreeSet::new();
    let unfit = |(container, value): (&'static str, serde_json::Value)| {
        let error = facts.fits(container, &value, &mut built).err()?;
        Some(format!("{container} {value}: {error}"))
    };
    let unfit: Vec<_> = examples::all().into_iter().filter_map(unfit).collect();
    assert!(unfit.is_empty(), "{unfit:#?}");
    let missing: Vec<_> = wanted(&facts).difference(&built).cloned().collect();
    assert!(
        missing.is_empty(),
        "no constructor, or no example of it, for {missing:#?}"
    );
}

/// The variants of all containers. (Their options are generated from the facts.)
fn wanted(facts: &Facts) -> BTreeSet<Property> {
    const CONTAINERS: [&str; 10] = [
        "AggregationContainer",
        "CompositeAggregationSource",
        "FieldSuggester",
        "FunctionScoreContainer",
        "IntervalsContainer",
        "QueryContainer",
        "Rescore",
        "RetrieverContainer",
        "SortOptions",
        "SpanQuery",
    ];
    let mut wanted = BTreeSet::new();
    for name in CONTAINERS {
        let variants = facts.properties(name).into_keys();
        wanted.extend(variants.map(|variant| (name.to_owned(), variant)));
    }
    // A suggester has one input, a function an optional name.
    for (name, beside) in [
        ("FunctionScoreContainer", "_name"),
        ("AggregationContainer", "aggregations"),
    ] {
        wanted.remove(&(name.to_owned(), beside.to_owned()));
    }
    wanted
}

#[test]
fn what_does_not_fit_the_facts_is_found() {
    let facts = Facts::read();
    let wrong = [
        (
            "QueryContainer",
            r#"{"term": {"a": {"value": 1, "bost": 2}}}"#,
            "no `bost`",
        ),
        ("QueryContainer", r#"{"exists": {}}"#, "lacks `field`"),
        ("QueryContainer", r#"{"trem": {}}"#, "no `trem`"),
        (
            "QueryContainer",
            r#"{"match": {"a": {"query": "x", "slop": 1}}}"#,
            "no `slop`",
        ),
        (
            "QueryContainer",
            r#"{"match": {"a": {"query": "x"}, "b": {"query": "x"}}}"#,
            "is no 1{",
        ),
        (
            "QueryContainer",
            r#"{"bool": {"must": [{"exists": {"field": 1}}]}}"#,
            "is no string",
        ),
        (
            "RetrieverContainer",
            r#"{"knn": {"field": "v", "k": 1.5}}"#,
            "is no i32",
        ),
        (
            "AggregationContainer",
            r#"{"terms": {"collect_mode": "deep"}}"#,
            "is no Terms",
        ),
    ];
    for (container, value, message) in wrong {
        let value = serde_json::from_str(value).unwrap();
        let error = facts
            .fits(container, &value, &mut BTreeSet::new())
            .unwrap_err();
        assert!(error.contains(message), "{error}");
    }
}
