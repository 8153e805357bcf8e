use super::{
    kinds::*,
    object::{Clause, pair},
};
use crate::params::Param;

impl Highlight {
    /// Creates a highlighter of no field yet.
    pub fn new() -> Self {
        Self(Clause::plain(pair("fields", serde_json::Map::new())))
    }

    /// Adds a field.
    ///
    /// ```
    /// use es_client::dsl::{Highlight, HighlightField};
    /// use serde_json::json;
    ///
    /// let title = HighlightField::new().number_of_fragments(0);
    /// assert_eq!(
    ///     json!(Highlight::new().field_with("title", title).field("text")),
    ///     json!({"fields": {"title": {"number_of_fragments": 0}, "text": {}}})
    /// );
    /// ```
    pub fn field(self, field: impl Into<String>) -> Self {
        self.field_with(field, HighlightField::new())
    }

    /// Adds a field with options of its own.
    pub fn field_with(
        mut self,
        field: impl Into<String>,
        options: impl Param<HighlightField>,
    ) -> Self {
        if let (Some(fields), Some(options)) = (self.0.object(), options.to_param().into_json()) {
            fields.insert(field.into(), options);
        }
        self
    }
}

impl Default for Highlight {
    fn default() -> Self {
        Self::new()
    }
}

macro_rules! empty {
    ($($kind:ident)*) => {$(
        impl $kind {
            /// Creates it without any option.
            pub fn new() -> Self {
                Self(Clause::plain(serde_json::Map::new()))
            }
        }

        impl Default for $kind {
            fn default() -> Self {
                Self::new()
            }
        }
    )*};
}
empty! { HighlightField InnerHits }

impl FieldCollapse {
    /// Creates a collapse by the values of a field.
    pub fn new(field: impl Into<String>) -> Self {
        Self(Clause::plain(pair("field", field.into())))
    }
}
