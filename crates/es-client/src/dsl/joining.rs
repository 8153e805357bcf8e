use super::{
    kinds::*,
    object::{Clause, pair},
    query::Query,
};

/// Queries of nested objects, parents and children.
impl Query {
    /// Matches documents with a nested object at this path that matches.
    ///
    /// ```
    /// use es_client::dsl::Query;
    /// use serde_json::json;
    ///
    /// let five_stars = Query::nested("reviews", Query::term("reviews.stars", 5));
    /// assert_eq!(
    ///     json!(five_stars),
    ///     json!({"nested": {"path": "reviews",
    ///         "query": {"term": {"reviews.stars": {"value": 5}}}}})
    /// );
    /// ```
    pub fn nested(path: impl Into<String>, query: impl Into<Self>) -> NestedQuery {
        let mut clause = Clause::new("nested", pair("path", path.into()));
        clause.set("query", query.into());
        NestedQuery(clause)
    }

    /// Matches documents with a child of this type that matches.
    ///
    /// ```
    /// use es_client::dsl::Query;
    /// use serde_json::json;
    ///
    /// let discussed = Query::has_child("comment", Query::match_all()).min_children(3);
    /// assert_eq!(
    ///     json!(discussed),
    ///     json!({"has_child": {"type": "comment", "query": {"match_all": {}}, "min_children": 3}})
    /// );
    /// ```
    pub fn has_child(child: impl Into<String>, query: impl Into<Self>) -> HasChildQuery {
        let mut clause = Clause::new("has_child", pair("type", child.into()));
        clause.set("query", query.into());
        HasChildQuery(clause)
    }

    /// Matches documents whose parent is of this type and matches.
    pub fn has_parent(parent: impl Into<String>, query: impl Into<Self>) -> HasParentQuery {
        let mut clause = Clause::new("has_parent", pair("parent_type", parent.into()));
        clause.set("query", query.into());
        HasParentQuery(clause)
    }

    /// Matches the children of a type of the document with this id.
    pub fn parent_id(child: impl Into<String>, id: impl Into<String>) -> ParentIdQuery {
        let mut clause = Clause::new("parent_id", pair("type", child.into()));
        clause.set("id", id.into());
        ParentIdQuery(clause)
    }
}
