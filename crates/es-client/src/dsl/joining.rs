use super::{
    object::{options, pair},
    query::Query,
};

/// Queries over documents that belong together.
impl Query {
    /// Documents with a nested object at this path that fits.
    pub fn nested(path: impl Into<String>, query: impl Into<Self>) -> Self {
        Self::new("nested", pair("path", path.into())).with("query", query.into())
    }

    /// Documents with a child of this type that fits.
    pub fn has_child(child: impl Into<String>, query: impl Into<Self>) -> Self {
        Self::new("has_child", pair("type", child.into())).with("query", query.into())
    }

    /// Documents whose parent is of this type and fits.
    pub fn has_parent(parent: impl Into<String>, query: impl Into<Self>) -> Self {
        Self::new("has_parent", pair("parent_type", parent.into())).with("query", query.into())
    }

    /// The children of the document with this id, of a type.
    pub fn parent_id(child: impl Into<String>, id: impl Into<String>) -> Self {
        Self::new("parent_id", pair("type", child.into())).with("id", id.into())
    }

    options! {
        /// Whether the parent's score counts for its children. Default: `false`.
        score("score");
        /// What the hit tells of the nested objects, children or parent that fit.
        inner_hits("inner_hits");
        /// Whether a path or type that an index does not know is no error.
        ignore_unmapped("ignore_unmapped");
        /// How many children have to fit, at least.
        min_children("min_children");
        /// How many children may fit, at most.
        max_children("max_children");
    }
}
