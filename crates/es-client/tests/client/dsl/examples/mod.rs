//! Every kind with every option, set by the methods of their names.

mod aggregations;
mod queries;
mod searches;

use serde_json::Value;

/// What is built, with the name of its type in the facts.
pub(crate) fn all() -> Vec<(&'static str, Value)> {
    let queries = queries::all().into_iter().map(|query| ("QueryContainer", query.into()));
    let aggregations =
        aggregations::all().into_iter().map(|it| ("AggregationContainer", it.into()));
    queries.chain(aggregations).chain(searches::all()).collect()
}
