use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::object::{Clause, json, pair};
use crate::params::{DynamicMapping, Param, ParamValue, ToParam};

container! {
    /// A field of a mapping, of any type. Types without a constructor are
    /// [`json!`](serde_json::json).
    Field;
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident $type:literal -> $kind:ident;)*) => {
        /// Types of fields.
        impl Field {$(
            $(#[$doc])*
            pub fn $name() -> $kind {
                $kind(Clause::plain(pair("type", $type)))
            }
        )*}
    };
}
fields! {
    /// Creates a field of analyzed text.
    text "text" -> TextField;
    /// Creates a field of exact texts.
    keyword "keyword" -> KeywordField;
    /// Creates a field of integers of 64 bits.
    long "long" -> NumberField;
    /// Creates a field of integers of 32 bits.
    integer "integer" -> NumberField;
    /// Creates a field of integers of 16 bits.
    short "short" -> NumberField;
    /// Creates a field of integers of 8 bits.
    byte "byte" -> NumberField;
    /// Creates a field of unsigned integers of 64 bits.
    unsigned_long "unsigned_long" -> NumberField;
    /// Creates a field of floating-point numbers of 64 bits.
    double "double" -> NumberField;
    /// Creates a field of floating-point numbers of 32 bits.
    float "float" -> NumberField;
    /// Creates a field of floating-point numbers of 16 bits.
    half_float "half_float" -> NumberField;
    /// Creates a field of dates.
    date "date" -> DateField;
    /// Creates a field of dates with a resolution of nanoseconds.
    date_nanos "date_nanos" -> DateField;
    /// Creates a field of booleans.
    boolean "boolean" -> BooleanField;
    /// Creates a field of IP addresses.
    ip "ip" -> SimpleField;
    /// Creates a field of versions, such as `8.19.0`.
    version "version" -> SimpleField;
    /// Creates a field of binary values in base64.
    binary "binary" -> SimpleField;
    /// Creates a field of points.
    geo_point "geo_point" -> GeoField;
    /// Creates a field of shapes.
    geo_shape "geo_shape" -> GeoField;
    /// Creates an object.
    object "object" -> ObjectField;
    /// Creates objects that are searched one by one.
    nested "nested" -> ObjectField;
    /// Creates a field for suggestions while users type.
    completion "completion" -> CompletionField;
    /// Creates a field for searches while users type.
    search_as_you_type "search_as_you_type" -> TextField;
    /// Creates an object whose values are searched as keywords.
    flattened "flattened" -> KeywordField;
    /// Creates a field of token weights.
    sparse_vector "sparse_vector" -> SimpleField;
    /// Creates a field of stored queries.
    percolator "percolator" -> SimpleField;
}

impl Field {
    /// Creates a field of numbers that are stored as integers.
    pub fn scaled_float(scaling_factor: f64) -> NumberField {
        let mut clause = Clause::plain(pair("type", "scaled_float"));
        clause.set("scaling_factor", scaling_factor);
        NumberField(clause)
    }

    /// Creates a field of vectors. Without dimensions, the first document sets them.
    pub fn dense_vector(dims: impl Param<i64>) -> DenseVectorField {
        let mut clause = Clause::plain(pair("type", "dense_vector"));
        clause.param("dims", dims);
        DenseVectorField(clause)
    }

    /// Creates a field of text that is searched by its meaning. Since 8.15.0.
    pub fn semantic_text() -> SemanticTextField {
        SemanticTextField(Clause::plain(pair("type", "semantic_text")))
    }

    /// Creates another name of a field.
    pub fn alias(path: impl Into<String>) -> SimpleField {
        let mut clause = Clause::plain(pair("type", "alias"));
        clause.set("path", path.into());
        SimpleField(clause)
    }

    /// Creates the relation of parents to their types of children.
    ///
    /// ```
    /// use es_client::dsl::Field;
    /// use serde_json::json;
    ///
    /// assert_eq!(
    ///     json!(Field::join([("book", ["chapter", "review"])])),
    ///     json!({"type": "join", "relations": {"book": ["chapter", "review"]}})
    /// );
    /// ```
    pub fn join<P: AsRef<str>, C: Serialize>(
        relations: impl IntoIterator<Item = (P, C)>,
    ) -> SimpleField {
        let relations: BTreeMap<String, Value> = relations
            .into_iter()
            .map(|(p, c)| (p.as_ref().to_owned(), json(c)))
            .collect();
        let mut clause = Clause::plain(pair("type", "join"));
        clause.set("relations", relations);
        SimpleField(clause)
    }
}

kind! {
    /// A field of a type without options of its own.
    SimpleField in [Field];
    /// Metadata of the field.
    meta("meta") object;
}

kind! {
    /// A field of text.
    TextField in [Field];
    /// Analyzer at index time.
    analyzer("analyzer") param String;
    /// Analyzer of queries. Default: that at index time.
    search_analyzer("search_analyzer") param String;
    /// Fields that the values are also copied to.
    copy_to("copy_to") param [String];
    /// Whether the field is searchable. Default: `true`.
    index("index") param bool;
    /// Whether the field is stored apart from the source. Default: `false`.
    store("store") param bool;
    /// Whether the length of the field is taken into account when scoring. Default: `true`.
    norms("norms") param bool;
    /// Whether the field can be sorted and aggregated, in memory. Default: `false`.
    fielddata("fielddata") param bool;
    /// Similarity.
    similarity("similarity") param String;
    /// Metadata of the field.
    meta("meta") object;
}

kind! {
    /// A field of exact texts.
    KeywordField in [Field];
    /// Fields that the values are also copied to.
    copy_to("copy_to") param [String];
    /// Whether the field is searchable. Default: `true`.
    index("index") param bool;
    /// Whether the field can be sorted and aggregated. Default: `true`.
    doc_values("doc_values") param bool;
    /// Number of characters above which a text is not indexed.
    ignore_above("ignore_above") param i64;
    /// Normalizer of the texts.
    normalizer("normalizer") param String;
    /// Value that stands for `null`.
    null_value("null_value") param String;
    /// Whether the field is stored apart from the source. Default: `false`.
    store("store") param bool;
    /// Metadata of the field.
    meta("meta") object;
}

kind! {
    /// A field of numbers.
    NumberField in [Field];
    /// Fields that the values are also copied to.
    copy_to("copy_to") param [String];
    /// Whether texts become numbers and fractions are truncated. Default: `true`.
    coerce("coerce") param bool;
    /// Whether the field can be sorted and aggregated. Default: `true`.
    doc_values("doc_values") param bool;
    /// Whether malformed values are ignored. Default: `false`.
    ignore_malformed("ignore_malformed") param bool;
    /// Whether the field is searchable. Default: `true`.
    index("index") param bool;
    /// Value that stands for `null`.
    null_value("null_value") param f64;
    /// Metadata of the field.
    meta("meta") object;
}

kind! {
    /// A field of dates.
    DateField in [Field];
    /// Format of the dates.
    format("format") param String;
    /// Whether the field can be sorted and aggregated. Default: `true`.
    doc_values("doc_values") param bool;
    /// Whether malformed values are ignored. Default: `false`.
    ignore_malformed("ignore_malformed") param bool;
    /// Whether the field is searchable. Default: `true`.
    index("index") param bool;
    /// Value that stands for `null`.
    null_value("null_value") param String;
    /// Metadata of the field.
    meta("meta") object;
}

kind! {
    /// A field of booleans.
    BooleanField in [Field];
    /// Whether the field can be sorted and aggregated. Default: `true`.
    doc_values("doc_values") param bool;
    /// Whether the field is searchable. Default: `true`.
    index("index") param bool;
    /// Value that stands for `null`.
    null_value("null_value") param bool;
    /// Metadata of the field.
    meta("meta") object;
}

kind! {
    /// A field of points or shapes.
    GeoField in [Field];
    /// Whether malformed values are ignored. Default: `false`.
    ignore_malformed("ignore_malformed") param bool;
    /// Whether a third coordinate is ignored. Default: `true`.
    ignore_z_value("ignore_z_value") param bool;
    /// Whether the field is searchable. Default: `true`.
    index("index") param bool;
    /// Metadata of the field.
    meta("meta") object;
}

kind! {
    /// An object, or nested objects.
    ObjectField in [Field];
    /// Whether unknown fields are added to the mapping. Default: that of the parent.
    dynamic("dynamic") param DynamicMapping;
    /// Whether the fields are indexed. Default: `true`.
    enabled("enabled") param bool;
    /// Whether nested objects are also indexed as fields of the parent. Default: `false`.
    include_in_parent("include_in_parent") param bool;
    /// Whether nested objects are also indexed as fields of the root. Default: `false`.
    include_in_root("include_in_root") param bool;
    /// Fields of the object.
    properties("properties") param Properties;
}

kind! {
    /// A field for suggestions.
    CompletionField in [Field];
    /// Analyzer at index time.
    analyzer("analyzer") param String;
    /// Analyzer of queries. Default: that at index time.
    search_analyzer("search_analyzer") param String;
    /// Contexts by which suggestions are filtered.
    contexts("contexts") object;
    /// Maximum length of a value.
    max_input_length("max_input_length") param i64;
}

kind! {
    /// A field of vectors.
    DenseVectorField in [Field];
    /// Type of the elements: `float`, `byte`, `bit` or `bfloat16`.
    element_type("element_type") param String;
    /// Whether the field is searchable by `knn`. Default: `true`.
    index("index") param bool;
    /// Similarity: `cosine`, `dot_product`, `l2_norm` or `max_inner_product`.
    similarity("similarity") param String;
    /// Index and quantization, such as `json!({"type": "int8_hnsw"})`.
    index_options("index_options") object;
}

kind! {
    /// A field of text that is searched by its meaning.
    SemanticTextField in [Field];
    /// Id of the inference endpoint at index time.
    inference_id("inference_id") param String;
    /// Id of the inference endpoint of queries.
    search_inference_id("search_inference_id") param String;
    /// How texts are split into chunks.
    chunking_settings("chunking_settings") object;
}

macro_rules! subfields {
    ($($kind:ident)*) => {$(
        impl $kind {
            /// Adds a subfield, which indexes the same values in another way.
            pub fn field(mut self, name: impl Into<String>, field: impl Into<Field>) -> Self {
                self.0.entry("fields", name.into(), field.into().into());
                self
            }
        }
    )*};
}
subfields! { TextField KeywordField NumberField DateField }

impl ObjectField {
    /// Adds a field of the object.
    ///
    /// ```
    /// use es_client::dsl::Field;
    /// use serde_json::json;
    ///
    /// let reviews = Field::nested().property("stars", Field::byte());
    /// assert_eq!(
    ///     json!(reviews.property("text", Field::text())),
    ///     json!({"type": "nested", "properties": {
    ///         "stars": {"type": "byte"}, "text": {"type": "text"}}})
    /// );
    /// ```
    pub fn property(mut self, name: impl Into<String>, field: impl Into<Field>) -> Self {
        self.0.entry("properties", name.into(), field.into().into());
        self
    }
}

/// Fields by their names.
///
/// Setters take arrays, vectors and maps of names and fields as well.
///
/// ```
/// use es_client::dsl::{Field, Properties};
/// use serde_json::json;
///
/// let properties = Properties::new().with("title", Field::text()).with("id", Field::keyword());
/// assert_eq!(
///     json!(properties),
///     json!({"title": {"type": "text"}, "id": {"type": "keyword"}})
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties(Map<String, Value>);

impl Properties {
    /// Creates an empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, field: impl Into<Field>) -> Self {
        self.0.insert(name.into(), field.into().into());
        self
    }
}

impl Serialize for Properties {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl ToParam for Properties {
    fn to_param(&self) -> ParamValue {
        ParamValue::json(Value::Object(self.0.clone()))
    }
}

impl Param<Properties> for Properties {}
impl Param<Properties> for Value {}

kind! {
    /// The mapping of an index.
    ///
    /// ```
    /// use es_client::dsl::{Field, Mapping};
    /// use es_client::params::DynamicMapping;
    /// use serde_json::json;
    ///
    /// let mapping = Mapping::new()
    ///     .dynamic(DynamicMapping::Strict)
    ///     .property("title", Field::text().analyzer("english").field("raw", Field::keyword()))
    ///     .property("price", Field::scaled_float(100.0))
    ///     .property("embedding", Field::dense_vector(384).similarity("cosine"));
    /// assert_eq!(
    ///     json!(mapping),
    ///     json!({"dynamic": "strict", "properties": {
    ///         "title": {"type": "text", "analyzer": "english",
    ///             "fields": {"raw": {"type": "keyword"}}},
    ///         "price": {"type": "scaled_float", "scaling_factor": 100.0},
    ///         "embedding": {"type": "dense_vector", "dims": 384, "similarity": "cosine"},
    ///     }})
    /// );
    /// # async fn call(client: es_client::Elasticsearch, mapping: Mapping) -> es_client::Result<()> {
    /// client.indices().create("products").mappings(mapping).await?;
    /// # Ok(())
    /// # }
    /// ```
    Mapping alone;
    /// Metadata of the mapping.
    meta("_meta") object;
    /// Whether a routing value is required, such as `json!({"required": true})`.
    routing("_routing") object;
    /// How the source is stored, such as `json!({"enabled": false})`.
    source("_source") object;
    /// Whether texts that look like dates become dates. Default: `true`.
    date_detection("date_detection") param bool;
    /// Whether unknown fields are added to the mapping. Default: `true`.
    dynamic("dynamic") param DynamicMapping;
    /// Formats of the dates to detect.
    dynamic_date_formats("dynamic_date_formats") list [String];
    /// Rules for the types of unknown fields.
    dynamic_templates("dynamic_templates") object;
    /// Whether texts that look like numbers become numbers. Default: `false`.
    numeric_detection("numeric_detection") param bool;
    /// Fields.
    properties("properties") param Properties;
    /// Runtime fields.
    runtime("runtime") object;
}

impl Mapping {
    /// Creates a mapping without fields.
    pub fn new() -> Self {
        Self(Clause::plain(Map::new()))
    }

    /// Adds a field.
    pub fn property(mut self, name: impl Into<String>, field: impl Into<Field>) -> Self {
        self.0.entry("properties", name.into(), field.into().into());
        self
    }
}

impl Default for Mapping {
    fn default() -> Self {
        Self::new()
    }
}
