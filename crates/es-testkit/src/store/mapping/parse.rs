//! From the JSON of a mapping to its fields.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::field::{Field, Kind, Number, Similarity};
use super::{Dynamic, Mapping, Node, Object};
use crate::analysis::Analyzers;
use crate::api::error::ApiError;
use crate::dates::Format;
use crate::strict::Fields;

fn failed(reason: impl std::fmt::Display) -> ApiError {
    ApiError::bad_request("mapper_parsing_exception", format!("Failed to parse mapping: {reason}"))
}

pub(super) fn merge(mapping: &mut Mapping, given: &Map<String, Value>) -> Result<(), ApiError> {
    for (name, value) in given {
        match (name.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                let analyzers = Arc::clone(&mapping.analyzers);
                merge_children(&mut mapping.root, properties, "", &analyzers)?;
            }
            ("dynamic", value) => {
                mapping.root.dynamic = Some(dynamic(value)?);
                keep(&mut mapping.root, name, &text_of(value));
            }
            ("date_detection", Value::Bool(flag)) => {
                mapping.date_detection = *flag;
                keep(&mut mapping.root, name, value);
            }
            ("numeric_detection", Value::Bool(flag)) => {
                mapping.numeric_detection = *flag;
                keep(&mut mapping.root, name, value);
            }
            ("_routing", Value::Object(settings)) => {
                mapping.routing_required = settings.get("required") == Some(&Value::Bool(true));
                keep(&mut mapping.root, name, value);
            }
            ("_meta", Value::Object(_)) => keep(&mut mapping.root, name, value),
            ("_source", Value::Object(settings)) => {
                if settings.keys().any(|name| name != "enabled") {
                    return Err(ApiError::unsupported(
                        "[_source] of a mapping with other members than [enabled]",
                    ));
                }
                mapping.source_enabled = settings.get("enabled") != Some(&Value::Bool(false));
                keep(&mut mapping.root, name, value);
            }
            (
                "dynamic_templates"
                | "runtime"
                | "dynamic_date_formats"
                | "_data_stream_timestamp"
                | "_size"
                | "subobjects",
                _,
            ) => {
                return Err(ApiError::unsupported(format!("[{name}] in a mapping")));
            }
            ("properties", _) => return Err(failed("Expected map for property [properties]")),
            _ => {
                return Err(failed(format!(
                    "Root mapping definition has unsupported parameters:  [{name} : {value}]"
                )));
            }
        }
    }
    Ok(())
}

fn keep(object: &mut Object, name: &str, value: &Value) {
    object.shown.insert(name.to_owned(), value.clone());
}

/// `dynamic: true` is shown as a text.
fn text_of(value: &Value) -> Value {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned).into()
}

fn dynamic(value: &Value) -> Result<Dynamic, ApiError> {
    match text_of(value).as_str() {
        Some("true") => Ok(Dynamic::True),
        Some("false") => Ok(Dynamic::False),
        Some("strict") => Ok(Dynamic::Strict),
        Some("runtime") => Err(ApiError::unsupported("[dynamic: runtime]")),
        _ => Err(failed(format!("Cannot parse [dynamic] of the value {value}"))),
    }
}

pub(super) fn merge_children(
    object: &mut Object,
    given: &Map<String, Value>,
    prefix: &str,
    analyzers: &Analyzers,
) -> Result<(), ApiError> {
    for (name, definition) in given {
        if name.is_empty() {
            return Err(failed("field name cannot be an empty string"));
        }
        // A dotted name stands for objects around the last one.
        if let Some((first, rest)) = name.split_once('.') {
            let inner = Map::from_iter([(rest.to_owned(), definition.clone())]);
            let below = child_object(object, first, prefix)?;
            merge_children(below, &inner, &format!("{prefix}{first}."), analyzers)?;
            continue;
        }
        let path = format!("{prefix}{name}");
        let Some(settings) = definition.as_object() else {
            return Err(failed(format!(
                "Expected map for property [fields] on field [{path}] but got a value"
            )));
        };
        let kind = match settings.get("type") {
            None => None,
            Some(Value::String(kind)) => Some(kind.as_str()),
            Some(_) => {
                return Err(failed(format!(
                    "The mapper type declared on field [{path}] is no text"
                )));
            }
        };
        match kind {
            None if !settings
                .keys()
                .any(|name| matches!(name.as_str(), "properties" | "dynamic" | "enabled")) =>
            {
                return Err(failed(format!("No type specified for field [{path}]")));
            }
            None | Some("object" | "nested") => {
                let nested = kind == Some("nested");
                if let Some(Node::Field(field)) = object.children.get(name) {
                    return Err(changed(&path, &field.type_name, kind.unwrap_or("object")));
                }
                let known = object.children.contains_key(name);
                let below = child_object(object, name, prefix)?;
                if known && below.nested != nested {
                    return Err(ApiError::illegal_argument(format!(
                        "can't merge a non-nested mapping [{path}] with a nested mapping"
                    )));
                }
                below.nested = nested;
                object_settings(below, settings, &path, analyzers)?;
            }
            Some(kind) => {
                let field = read_field(&path, kind, settings, analyzers)?;
                match object.children.get(name) {
                    Some(Node::Object(_)) => return Err(changed(&path, "object", kind)),
                    Some(Node::Field(known)) => {
                        let merged = replace(known, field)?;
                        object.children.insert(name.clone(), Node::Field(Arc::new(merged)));
                    }
                    None => {
                        object.children.insert(name.clone(), Node::Field(Arc::new(field)));
                    }
                }
            }
        }
    }
    Ok(())
}

fn child_object<'o>(
    object: &'o mut Object,
    name: &str,
    prefix: &str,
) -> Result<&'o mut Object, ApiError> {
    let node = object
        .children
        .entry(name.to_owned())
        .or_insert_with(|| Node::Object(Object { enabled: true, ..Object::default() }));
    match node {
        Node::Object(object) => Ok(object),
        Node::Field(field) => Err(changed(&format!("{prefix}{name}"), &field.type_name, "object")),
    }
}

fn object_settings(
    object: &mut Object,
    settings: &Map<String, Value>,
    path: &str,
    analyzers: &Analyzers,
) -> Result<(), ApiError> {
    for (name, value) in settings {
        match (name.as_str(), value) {
            ("type", _) if object.nested => keep(object, name, value),
            ("type", _) => keep(object, "\u{0}object", &Value::Bool(true)),
            ("properties", Value::Object(properties)) => {
                merge_children(object, properties, &format!("{path}."), analyzers)?;
            }
            ("dynamic", value) => {
                object.dynamic = Some(dynamic(value)?);
                keep(object, name, &text_of(value));
            }
            ("enabled", Value::Bool(flag)) if !object.nested => {
                object.enabled = *flag;
                keep(object, name, value);
            }
            (
                "subobjects" | "include_in_parent" | "include_in_root" | "synthetic_source_keep",
                _,
            ) => {
                return Err(ApiError::unsupported(format!("[{name}] of the field [{path}]")));
            }
            _ => {
                let kind = if object.nested { "nested" } else { "object" };
                return Err(failed(format!(
                    "unknown parameter [{name}] on mapper [{path}] of type [{kind}]"
                )));
            }
        }
    }
    Ok(())
}

fn changed(path: &str, from: &str, to: &str) -> ApiError {
    ApiError::illegal_argument(format!(
        "mapper [{path}] cannot be changed from type [{from}] to [{to}]"
    ))
}

/// Changes a known field: only its further forms and some settings may change.
fn replace(known: &Field, given: Field) -> Result<Field, ApiError> {
    if known.type_name != given.type_name {
        return Err(changed(&known.path, &known.type_name, &given.type_name));
    }
    for name in [
        "analyzer",
        "index",
        "doc_values",
        "format",
        "normalizer",
        "dims",
        "similarity",
        "scaling_factor",
        "null_value",
        "store",
        "path",
    ] {
        if known.shown.get(name) != given.shown.get(name) && given.shown.contains_key(name) {
            return Err(ApiError::illegal_argument(format!(
                "Mapper for [{}] conflicts with existing mapper:\n\tCannot update parameter [{name}] from [{}] to [{}]",
                known.path,
                known.shown.get(name).unwrap_or(&Value::Null),
                given.shown.get(name).unwrap_or(&Value::Null),
            )));
        }
    }
    let mut forms = known.forms.clone();
    for (name, form) in given.forms {
        if let Some(old) = forms.get(&name)
            && old.type_name != form.type_name
        {
            return Err(changed(&form.path, &old.type_name, &form.type_name));
        }
        forms.insert(name, form);
    }
    let mut shown = known.shown.clone();
    shown.extend(given.shown);
    Ok(Field {
        forms,
        shown,
        ..Field {
            kind: if let Kind::Vector { .. } = known.kind {
                known.kind.clone()
            } else {
                given.kind
            },
            ..known.clone()
        }
    })
}

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

pub(super) fn read_field(
    path: &str,
    type_name: &str,
    settings: &Map<String, Value>,
    analyzers: &Analyzers,
) -> Result<Field, ApiError> {
    let fields = Fields::new(crate::strict::Reader::Section, path, settings);
    fields.raw("type");
    let kind = read_kind(path, type_name, &fields, analyzers).map_err(into_mapping_error)?;
    fields.unsupported(&[
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
        "preserve_separators",
        "preserve_position_increments",
        "max_input_length",
        "contexts",
    ])?;
    let read = |error: ApiError| failed(error.reason);
    let indexed = fields.flag("index").map_err(read)?.unwrap_or(true);
    let doc_values =
        fields.flag("doc_values").map_err(read)?.unwrap_or(!matches!(kind, Kind::Text { .. }));
    if fields.flag("store").map_err(read)?.unwrap_or(false) {
        return Err(ApiError::unsupported(format!("[store] of the field [{path}]")));
    }
    let mut ignore_malformed = false;
    if matches!(
        kind,
        Kind::Number(_) | Kind::Date { .. } | Kind::GeoPoint | Kind::Ip | Kind::Boolean
    ) {
        ignore_malformed = fields.flag("ignore_malformed").map_err(read)?.unwrap_or(false);
        fields.flag("coerce").map_err(read)?.map_or(Ok(()), |coerce| {
            if coerce {
                Ok(())
            } else {
                Err(ApiError::unsupported(format!("[coerce: false] of the field [{path}]")))
            }
        })?;
    }
    let null_value = match kind {
        Kind::Text { .. }
        | Kind::Vector { .. }
        | Kind::Completion { .. }
        | Kind::Alias(_)
        | Kind::Binary => None,
        _ => fields.raw("null_value").filter(|value| !value.is_null()).cloned(),
    };
    let copy_to = match kind {
        Kind::Vector { .. } | Kind::Alias(_) => Vec::new(),
        _ => fields.texts("copy_to").map_err(read)?.unwrap_or_default(),
    };
    let mut forms = BTreeMap::new();
    if !matches!(kind, Kind::Alias(_))
        && let Some(given) = fields.get("fields").map_err(read)?
    {
        let given = given.as_object().ok_or_else(|| {
            failed(format!("expected map for property [fields] on field [{path}]"))
        })?;
        for (name, definition) in given {
            let below = format!("{path}.{name}");
            let settings =
                definition.as_object().ok_or_else(|| failed(format!("illegal field [{name}]")))?;
            let kind = settings.get("type").and_then(Value::as_str);
            let kind =
                kind.ok_or_else(|| failed(format!("no type specified for property [{name}]")))?;
            if matches!(kind, "object" | "nested") {
                return Err(failed(format!("Type [{kind}] cannot be used in multi field")));
            }
            forms.insert(name.clone(), Arc::new(read_field(&below, kind, settings, analyzers)?));
        }
    }
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
    Ok(Field {
        path: path.to_owned(),
        kind,
        type_name: type_name.to_owned(),
        shown,
        forms,
        indexed,
        doc_values,
        null_value,
        ignore_malformed,
        copy_to,
    })
}

fn into_mapping_error(error: ApiError) -> ApiError {
    if error.reason.starts_with("es-testkit") || error.kind == "mapper_parsing_exception" {
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
    let analyzer = |name: &str| match fields.text(name)? {
        Some(name) => analyzers.get(&name).map(Some),
        None => Ok(None),
    };
    if let Some(number) = Number::parse(type_name) {
        return Ok(Kind::Number(number));
    }
    Ok(match type_name {
        "text" => {
            fields.unsupported(&["search_quote_analyzer"])?;
            if fields.text("similarity")?.is_some_and(|name| name != "BM25") {
                return Err(ApiError::unsupported(format!("[similarity] of the field [{path}]")));
            }
            fields.text("index_options")?.map_or(Ok(()), |options| {
                if options == "positions" {
                    Ok(())
                } else {
                    Err(ApiError::unsupported(format!("[index_options: {options}]")))
                }
            })?;
            let index = match analyzer("analyzer")? {
                Some(analyzer) => analyzer,
                None => analyzers.default_analyzer()?,
            };
            let search = analyzer("search_analyzer")?.unwrap_or_else(|| Arc::clone(&index));
            Kind::Text {
                index,
                search,
                fielddata: fields.flag("fielddata")?.unwrap_or(false),
                norms: fields.flag("norms")?.unwrap_or(true),
            }
        }
        "keyword" => {
            fields.unsupported(&["similarity", "index_options"])?;
            fields.flag("norms")?.map_or(Ok(()), |norms| {
                if norms {
                    Err(ApiError::unsupported(format!("[norms] of the field [{path}]")))
                } else {
                    Ok(())
                }
            })?;
            let normalizer = match fields.text("normalizer")? {
                Some(name) => Some(analyzers.normalizer(&name).map_err(|_| {
                    failed(format!("normalizer [{name}] not found for field [{path}]"))
                })?),
                None => None,
            };
            Kind::Keyword {
                normalizer,
                ignore_above: fields.count("ignore_above")?.unwrap_or(usize::MAX),
            }
        }
        "scaled_float" => {
            let factor = fields.float("scaling_factor")?;
            let factor = factor.ok_or_else(|| {
                failed(format!("Field [{path}] misses required parameter [scaling_factor]"))
            })?;
            if factor.is_nan() || factor <= 0.0 {
                return Err(failed(format!(
                    "[scaling_factor] must be a positive number, got [{factor}]"
                )));
            }
            Kind::Number(Number::Scaled(factor))
        }
        "boolean" => Kind::Boolean,
        "binary" => Kind::Binary,
        "date" => {
            if fields
                .text("locale")?
                .is_some_and(|locale| !matches!(locale.as_str(), "" | "en" | "ROOT"))
            {
                return Err(ApiError::unsupported(format!("[locale] of the field [{path}]")));
            }
            let format = match fields.text("format")? {
                Some(text) => Format::parse(&text)?,
                None => Format::default(),
            };
            Kind::Date { format }
        }
        "ip" => Kind::Ip,
        "geo_point" => Kind::GeoPoint,
        "dense_vector" => {
            fields.get("index_options")?;
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
            Kind::Vector {
                dims: dims.and_then(|dims| usize::try_from(dims).ok()),
                similarity: similarity.unwrap_or(Similarity::Cosine),
            }
        }
        "completion" => Kind::Completion {
            analyzer: match analyzer("analyzer")? {
                Some(analyzer) => analyzer,
                None => analyzers.get("simple")?,
            },
        },
        "alias" => match fields.text("path")? {
            Some(target) => Kind::Alias(target),
            None => {
                return Err(failed(format!(
                    "The [path] property must be specified for field [{path}]."
                )));
            }
        },
        other if UNSUPPORTED.contains(&other) => {
            return Err(ApiError::unsupported(format!("the type [{other}] of the field [{path}]")));
        }
        other => {
            return Err(failed(format!(
                "The mapper type [{other}] declared on field [{path}] does not exist. It might have been created within a future version or requires a plugin to be installed. Check the documentation."
            )));
        }
    })
}
