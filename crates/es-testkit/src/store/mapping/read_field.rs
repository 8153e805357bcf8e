//! From the definition of one field to the field.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::field::{Field, Kind, Number, Similarity};
use super::parse::failed;
use crate::analysis::{Analyzer, Analyzers};
use crate::api::error::ApiError;
use crate::dates::Format;
use crate::strict::Fields;

/// Types of the server that are not done here.
const UNSUPPORTED: &[&str] = &[
    "aggregate_metric_double",
    "annotated_text",
    "constant_keyword",
    "counted_keyword",
    "date_nanos",
    "date_range",
    "double_range",
    "flattened",
    "float_range",
    "geo_shape",
    "histogram",
    "icu_collation_keyword",
    "integer_range",
    "ip_range",
    "join",
    "long_range",
    "match_only_text",
    "murmur3",
    "passthrough",
    "percolator",
    "point",
    "rank_feature",
    "rank_features",
    "rank_vectors",
    "search_as_you_type",
    "semantic_text",
    "shape",
    "sparse_vector",
    "token_count",
    "version",
    "wildcard",
    "exponential_histogram",
    "pattern_text",
];

/// Settings of fields that are not done here.
const UNSUPPORTED_SETTINGS: &[&str] = &[
    "script",
    "on_script_error",
    "time_series_dimension",
    "time_series_metric",
    "element_type",
    "term_vector",
    "index_prefixes",
    "index_phrases",
    "similarity_",
    "split_queries_on_whitespace",
    "eager_global_ordinals",
    "fielddata_frequency_filter",
    "position_increment_gap",
    "synthetic_source_keep",
    "ignore_z_value",
    "orientation",
    "contexts",
];

pub(super) fn read_field(
    path: &str,
    type_name: &str,
    settings: &Map<String, Value>,
    analyzers: &Analyzers,
) -> Result<Field, ApiError> {
    let fields = Fields::new(crate::strict::Reader::Section, path, settings);
    fields.raw("type");
    let kind = read_kind(path, type_name, &fields, analyzers).map_err(into_mapping_error)?;
    fields.unsupported(UNSUPPORTED_SETTINGS)?;
    let flag = |name: &str, default: bool| -> Result<bool, ApiError> {
        let given = fields.flag(name).map_err(|error| failed(error.reason))?;
        Ok(given.unwrap_or(default))
    };
    let refuse = |setting: &str| {
        Err(ApiError::unsupported(format!(
            "[{setting}] of the field [{path}]"
        )))
    };
    let indexed = flag("index", true)?;
    let by_default = !matches!(kind, Kind::Text { .. } | Kind::Completion { .. });
    let doc_values = flag("doc_values", by_default)?;
    if flag("store", false)? {
        return refuse("store");
    }
    let mut ignore_malformed = false;
    if matches!(
        kind,
        Kind::Number(_) | Kind::Date { .. } | Kind::GeoPoint | Kind::Ip | Kind::Boolean
    ) {
        ignore_malformed = flag("ignore_malformed", false)?;
        if !flag("coerce", true)? {
            return refuse("coerce: false");
        }
    }
    let null_value = match kind {
        Kind::Text { .. }
        | Kind::Vector { .. }
        | Kind::Completion { .. }
        | Kind::Alias(_)
        | Kind::Binary => None,
        _ => fields.raw("null_value").filter(|value| !value.is_null()),
    };
    let copy_to = match kind {
        Kind::Vector { .. } | Kind::Alias(_) => Vec::new(),
        _ => fields
            .texts("copy_to")
            .map_err(|error| failed(error.reason))?
            .unwrap_or_default(),
    };
    let forms = match kind {
        Kind::Alias(_) => BTreeMap::new(),
        _ => read_forms(path, &fields, analyzers)?,
    };
    fields.raw("meta");
    if let Some((name, _)) = fields.rest().first() {
        return Err(failed(format!(
            "unknown parameter [{name}] on mapper [{path}] of type [{type_name}]"
        )));
    }
    let mut shown = settings.clone();
    shown.remove("type");
    shown.remove("fields");
    if !copy_to.is_empty() {
        shown.insert("copy_to".to_owned(), copy_to.clone().into());
    }
    let field = Field {
        path: path.to_owned(),
        kind,
        type_name: type_name.to_owned(),
        shown,
        forms,
        indexed,
        doc_values,
        null_value: null_value.cloned(),
        ignore_malformed,
        copy_to,
    };
    if let (Kind::Number(_), Some(value)) = (&field.kind, null_value) {
        field.read(value).map_err(failed)?;
    }
    Ok(field)
}

/// Reads the other forms in which a field is indexed.
fn read_forms(
    path: &str,
    fields: &Fields<'_>,
    analyzers: &Analyzers,
) -> Result<BTreeMap<String, Arc<Field>>, ApiError> {
    let given = fields.get("fields").map_err(|error| failed(error.reason))?;
    let Some(given) = given else {
        return Ok(BTreeMap::new());
    };
    // An empty list passes for none.
    if given.as_array().is_some_and(Vec::is_empty) {
        return Ok(BTreeMap::new());
    }
    let given = given.as_object().ok_or_else(|| {
        failed(format!(
            "expected map for property [fields] on field [{path}]"
        ))
    })?;
    let read = |(name, definition): (&String, &Value)| {
        let settings = definition
            .as_object()
            .ok_or_else(|| failed(format!("illegal field [{name}]")))?;
        let kind = settings
            .get("type")
            .and_then(Value::as_str)
            .ok_or_else(|| failed(format!("no type specified for property [{name}]")))?;
        if matches!(kind, "object" | "nested") {
            return Err(failed(format!(
                "Type [{kind}] cannot be used in multi field"
            )));
        }
        if name.contains('.') {
            return Err(failed(format!(
                "Field name [{name}] which is a multi field of [{path}] cannot contain '.'"
            )));
        }
        if settings.contains_key("copy_to") {
            return Err(ApiError::illegal_argument(format!(
                "[copy_to] may not be used to copy from a multi-field: [{path}.{name}]"
            )));
        }
        if settings.contains_key("fields") {
            return Err(failed(format!(
                "Found a multi-field within the multi-field [{name}] of the field [{path}], which is not allowed"
            )));
        }
        let form = read_field(&format!("{path}.{name}"), kind, settings, analyzers)?;
        Ok((name.clone(), Arc::new(form)))
    };
    given.iter().map(read).collect()
}

fn into_mapping_error(error: ApiError) -> ApiError {
    if error.is_unsupported() || error.kind == "mapper_parsing_exception" {
        return error;
    }
    failed(error.reason)
}

fn read_kind(
    path: &str,
    type_name: &str,
    fields: &Fields<'_>,
    analyzers: &Analyzers,
) -> Result<Kind, ApiError> {
    if let Some(number) = Number::parse(type_name) {
        return Ok(Kind::Number(number));
    }
    Ok(match type_name {
        "text" => text(path, fields, analyzers)?,
        "keyword" => keyword(path, fields, analyzers)?,
        "scaled_float" => scaled_float(path, fields)?,
        "boolean" => Kind::Boolean,
        "binary" => Kind::Binary,
        "date" => date(path, fields)?,
        "ip" => Kind::Ip,
        "geo_point" => Kind::GeoPoint,
        "dense_vector" => dense_vector(fields)?,
        "completion" => completion(path, fields, analyzers)?,
        "alias" => match fields.text("path")? {
            Some(target) => Kind::Alias(target),
            None => {
                return Err(failed(format!(
                    "The [path] property must be specified for field [{path}]."
                )));
            }
        },
        other if UNSUPPORTED.contains(&other) => {
            return Err(ApiError::unsupported(format!(
                "the type [{other}] of the field [{path}]"
            )));
        }
        other => {
            return Err(failed(format!(
                "The mapper type [{other}] declared on field [{path}] does not exist. It might have been created within a future version or requires a plugin to be installed. Check the documentation."
            )));
        }
    })
}

/// Returns the analyzer that a setting names.
fn analyzer(
    fields: &Fields<'_>,
    analyzers: &Analyzers,
    setting: &str,
) -> Result<Option<Arc<Analyzer>>, ApiError> {
    match fields.text(setting)? {
        Some(name) => analyzers.get(&name).map(Some),
        None => Ok(None),
    }
}

fn text(path: &str, fields: &Fields<'_>, analyzers: &Analyzers) -> Result<Kind, ApiError> {
    fields.unsupported(&["search_quote_analyzer"])?;
    if fields
        .text("similarity")?
        .is_some_and(|name| name != "BM25")
    {
        return Err(ApiError::unsupported(format!(
            "[similarity] of the field [{path}]"
        )));
    }
    fields.text("index_options")?.map_or(Ok(()), |options| {
        if options == "positions" {
            Ok(())
        } else {
            Err(ApiError::unsupported(format!("[index_options: {options}]")))
        }
    })?;
    let index = match analyzer(fields, analyzers, "analyzer")? {
        Some(analyzer) => analyzer,
        None => analyzers.default_analyzer()?,
    };
    let search =
        analyzer(fields, analyzers, "search_analyzer")?.unwrap_or_else(|| Arc::clone(&index));
    Ok(Kind::Text {
        index,
        search,
        fielddata: fields.flag("fielddata")?.unwrap_or(false),
        norms: fields.flag("norms")?.unwrap_or(true),
    })
}

/// Values other than those that the server has without settings are not done here.
fn completion(path: &str, fields: &Fields<'_>, analyzers: &Analyzers) -> Result<Kind, ApiError> {
    let unsupported = |name| ApiError::unsupported(format!("[{name}] of the field [{path}]"));
    for name in ["preserve_separators", "preserve_position_increments"] {
        if fields.flag(name)? == Some(false) {
            return Err(unsupported(name));
        }
    }
    match fields.integer("max_input_length")? {
        None | Some(50) => {}
        Some(length) if length > 0 => return Err(unsupported("max_input_length")),
        Some(length) => {
            return Err(failed(format!(
                "[max_input_length] must be > 0 but was [{length}]"
            )));
        }
    }
    let analyzer = match analyzer(fields, analyzers, "analyzer")? {
        Some(analyzer) => analyzer,
        None => analyzers.get("simple")?,
    };
    Ok(Kind::Completion { analyzer })
}

fn keyword(path: &str, fields: &Fields<'_>, analyzers: &Analyzers) -> Result<Kind, ApiError> {
    fields.unsupported(&["similarity", "index_options"])?;
    fields.flag("norms")?.map_or(Ok(()), |norms| {
        if norms {
            Err(ApiError::unsupported(format!(
                "[norms] of the field [{path}]"
            )))
        } else {
            Ok(())
        }
    })?;
    let normalizer =
        match fields.text("normalizer")? {
            Some(name) => Some(analyzers.normalizer(&name).map_err(|_| {
                failed(format!("normalizer [{name}] not found for field [{path}]"))
            })?),
            None => None,
        };
    Ok(Kind::Keyword {
        normalizer,
        ignore_above: fields.count("ignore_above")?.unwrap_or(usize::MAX),
    })
}

fn scaled_float(path: &str, fields: &Fields<'_>) -> Result<Kind, ApiError> {
    let factor = fields.float("scaling_factor")?;
    let factor = factor.ok_or_else(|| {
        failed(format!(
            "Field [{path}] misses required parameter [scaling_factor]"
        ))
    })?;
    if factor.is_nan() || factor <= 0.0 {
        return Err(failed(format!(
            "[scaling_factor] must be a positive number, got [{factor}]"
        )));
    }
    Ok(Kind::Number(Number::Scaled(factor)))
}

fn date(path: &str, fields: &Fields<'_>) -> Result<Kind, ApiError> {
    if fields
        .text("locale")?
        .is_some_and(|locale| !matches!(locale.as_str(), "" | "en" | "ROOT"))
    {
        return Err(ApiError::unsupported(format!(
            "[locale] of the field [{path}]"
        )));
    }
    let format = match fields.text("format")? {
        Some(text) => Format::parse(&text)?,
        None => Format::default(),
    };
    Ok(Kind::Date { format })
}

fn dense_vector(fields: &Fields<'_>) -> Result<Kind, ApiError> {
    let options = fields.get("index_options")?;
    if let Some(options) = options {
        check_index_options(options)?;
    }
    if fields.raw("dims").is_some_and(serde_json::Value::is_string) {
        return Err(failed("Property [dims] must be an integer"));
    }
    let dims = fields.integer("dims")?;
    if let Some(wrong) = dims.filter(|dims| !(1..=4096).contains(dims)) {
        return Err(failed(format!(
            "The number of dimensions should be in the range [1, 4096] but was [{wrong}]"
        )));
    }
    let similarity = fields.choice(
        "similarity",
        &[
            ("cosine", Similarity::Cosine),
            ("dot_product", Similarity::DotProduct),
            ("l2_norm", Similarity::L2Norm),
            ("max_inner_product", Similarity::MaxInnerProduct),
        ],
    )?;
    if fields.flag("index")? == Some(false) {
        let given = [
            ("similarity", similarity.is_some()),
            ("index_options", options.is_some()),
        ];
        if let Some((name, _)) = given.into_iter().find(|(_, given)| *given) {
            return Err(failed(format!(
                "Field [{name}] can only be specified for a field of type [dense_vector] when it is indexed"
            )));
        }
    }
    Ok(Kind::Vector {
        dims: dims.and_then(|dims| usize::try_from(dims).ok()),
        similarity: similarity.unwrap_or(Similarity::Cosine),
    })
}

/// Refuses an index of vectors that there is not. All of them give exact results here.
fn check_index_options(options: &Value) -> Result<(), ApiError> {
    let name = options.get("type").and_then(Value::as_str);
    match name {
        None => Err(failed(
            "[index_options] requires field [type] to be configured",
        )),
        Some(
            "hnsw" | "int8_hnsw" | "int4_hnsw" | "bbq_hnsw" | "flat" | "int8_flat" | "int4_flat"
            | "bbq_flat" | "bbq_disk",
        ) => Ok(()),
        Some(name) => Err(failed(format!(
            "Unknown vector index options type [{name}]"
        ))),
    }
}
