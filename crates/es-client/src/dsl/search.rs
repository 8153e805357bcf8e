use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::object::{json, options, pair};

/// One key by which hits are sorted.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    field: String,
    options: Map<String, Value>,
}

impl Sort {
    /// By a field.
    pub fn field(field: impl Into<String>) -> Self {
        Self { field: field.into(), options: Map::new() }
    }

    /// By how well hits match, the best first.
    pub fn score() -> Self {
        Self::field("_score")
    }

    /// By the place in the index: the cheapest, for reading everything.
    pub fn doc() -> Self {
        Self::field("_doc")
    }

    /// By the distance from a point.
    pub fn geo_distance(field: impl Into<String>, point: impl Serialize) -> Self {
        Self { field: "_geo_distance".to_owned(), options: pair(field, point) }
    }

    /// By what a script computes, as a `number`, `string` or `version`.
    pub fn script(kind: impl Into<String>, script: impl Serialize) -> Self {
        Self { field: "_script".to_owned(), options: pair("type", kind.into()) }
            .with("script", script)
    }

    /// The least first.
    #[must_use]
    pub fn asc(self) -> Self {
        self.with("order", "asc")
    }

    /// The greatest first.
    #[must_use]
    pub fn desc(self) -> Self {
        self.with("order", "desc")
    }

    options! {
        /// Where hits without a value go: `_first`, `_last` (default), or as this value.
        missing("missing");
        /// Which of several values counts: `min`, `max`, `sum`, `avg` or `median`.
        mode("mode");
        /// The type to take a field for in indices that do not know it.
        unmapped_type("unmapped_type");
        /// The unit of a distance.
        unit("unit");
        /// How distances are computed: `arc` (default) or `plane`.
        distance_type("distance_type");
        /// Whether indices that do not know the field of a distance are no error.
        ignore_unmapped("ignore_unmapped");
        /// The nested objects whose values count, such as `json!({"path": "offer"})`.
        nested("nested");
        /// The form in which dates are given back.
        format("format");
        /// The type as which numbers of several indices are compared.
        numeric_type("numeric_type");
    }

    /// Any option by its name. One that is set again replaces the earlier value.
    #[must_use]
    pub fn with(mut self, option: impl Into<String>, value: impl Serialize) -> Self {
        self.options.insert(option.into(), json(value));
        self
    }
}

impl Serialize for Sort {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map([(&self.field, &self.options)])
    }
}

/// Which fragments of the hits are shown with the words that match marked.
///
/// One without fields serves as the options of a field of another.
///
/// ```
/// use es_client::dsl::Highlight;
/// use serde_json::json;
///
/// let title = Highlight::new().number_of_fragments(0);
/// assert_eq!(
///     json!(Highlight::new().field_with("title", title).field("text")),
///     json!({"fields": {"title": {"number_of_fragments": 0}, "text": {}}})
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Highlight {
    #[serde(skip_serializing_if = "Map::is_empty")]
    fields: Map<String, Value>,
    #[serde(flatten)]
    options: Map<String, Value>,
}

impl Highlight {
    /// Of no field yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    #[must_use]
    pub fn field(self, field: impl Into<String>) -> Self {
        self.field_with(field, Map::new())
    }

    /// Adds a field with options of its own.
    #[must_use]
    pub fn field_with(mut self, field: impl Into<String>, options: impl Serialize) -> Self {
        self.fields.insert(field.into(), json(options));
        self
    }

    options! {
        /// What stands before a match, as a list. Default: `["<em>"]`.
        pre_tags("pre_tags");
        /// What stands after a match, as a list. Default: `["</em>"]`.
        post_tags("post_tags");
        /// How many letters a fragment has. Default: 100.
        fragment_size("fragment_size");
        /// How many fragments. Default: 5; 0: the whole field.
        number_of_fragments("number_of_fragments");
        /// Whether only fields that the query names are marked. Default: `true`.
        require_field_match("require_field_match");
        /// `unified`, `plain` or `fvh`.
        kind("type");
        /// What marks matches in place of tags: `styled`.
        tags_schema("tags_schema");
        /// Whether texts are encoded as HTML: `html`, or `default`.
        encoder("encoder");
        /// Whether the best fragments come first: `score`, or `none` (default).
        order("order");
        /// How much of the start is shown where nothing matches, in letters. Default: 0.
        no_match_size("no_match_size");
        /// The query whose matches are marked, in place of the search's.
        highlight_query("highlight_query");
        /// Where fragments end: `sentence`, `word` or `chars`.
        boundary_scanner("boundary_scanner");
        /// The language of sentences and words.
        boundary_scanner_locale("boundary_scanner_locale");
        /// The characters at which fragments end.
        boundary_chars("boundary_chars");
        /// How far these are looked for, in letters. Default: 20.
        boundary_max_scan("boundary_max_scan");
        /// How texts are cut: `simple` or `span` (default).
        fragmenter("fragmenter");
        /// How many letters of a text are looked at.
        max_analyzed_offset("max_analyzed_offset");
        /// How many letters a fragment has at most.
        max_fragment_length("max_fragment_length");
        /// How many phrases are looked at. Default: 256.
        phrase_limit("phrase_limit");
        /// Whether only documents that match a filter are marked.
        highlight_filter("highlight_filter");
        /// Whether texts are taken from the source. Deprecated since 8.8.0.
        force_source("force_source");
        /// What highlighters of plugins need.
        options("options");
        /// Of a field: how many letters earlier fragments begin (`fvh`).
        fragment_offset("fragment_offset");
        /// Of a field: the fields whose matches are marked in it.
        matched_fields("matched_fields");
    }

    /// Any option by its name. One that is set again replaces the earlier value.
    #[must_use]
    pub fn with(mut self, option: impl Into<String>, value: impl Serialize) -> Self {
        self.options.insert(option.into(), json(value));
        self
    }
}
