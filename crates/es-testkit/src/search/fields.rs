//! Values of hits: `fields` and `docvalue_fields`.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::api::error::ApiError;
use crate::api::value::{Term, java_double};
use crate::dates::Format;
use crate::store::{
    Document, Entry, Field, Index, Kind, Mapping, Number, Point, matches_wildcard, shortest,
};
use crate::strict::Fields;

/// The values that a search asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct ShownFields {
    fields: Vec<Shown>,
    doc_values: Vec<Shown>,
}

/// A pattern of fields, and the format in which their values are printed.
#[derive(Clone, Debug)]
struct Shown {
    pattern: String,
    format: Option<String>,
}

/// The values of a field, by the name under which they are shown.
type Named = (String, Vec<Value>);

impl ShownFields {
    /// Takes `fields` and `docvalue_fields`.
    pub fn take(fields: &Fields<'_>) -> Result<Self, ApiError> {
        Ok(Self {
            fields: read_shown(fields.get("fields")?)?,
            doc_values: read_shown(fields.get("docvalue_fields")?)?,
        })
    }

    /// Returns the values of a document.
    pub fn of_document(&self, index: &Index, document: &Document) -> Result<Vec<Named>, ApiError> {
        let (mapping, entry) = (&*index.mapping, &document.entry);
        let mut shown = Vec::new();
        // Of a field that both ask for, the later values replace these.
        for wanted in &self.doc_values {
            if let Some(value) = column(index, document, &wanted.pattern)? {
                shown.push((wanted.pattern.clone(), vec![value]));
            }
        }
        self.add_doc_values(mapping, entry, &mut shown)?;
        for wanted in &self.fields {
            if let Some(values) = metadata(index, document, &wanted.pattern)? {
                shown.push((wanted.pattern.clone(), vec![values]));
            }
            for field in mapping.matching(&wanted.pattern) {
                let has_inputs = entry
                    .fields
                    .get(&field.path)
                    .is_some_and(|data| !data.inputs.is_empty());
                if has_inputs {
                    return Err(ApiError::unsupported("[fields] of [completion] fields"));
                }
                if matches!(field.kind, Kind::Vector { .. })
                    || mapping.nested_parent(&field.path).is_some()
                {
                    continue;
                }
                let values = wanted.values_of(&field, entry)?;
                if !values.is_empty() {
                    let name = if wanted.pattern.contains('*') {
                        field.path.clone()
                    } else {
                        wanted.pattern.clone()
                    };
                    shown.push((name, values));
                }
            }
        }
        shown.extend(self.nested_values(mapping, entry, "")?);
        Ok(shown)
    }

    /// Returns those of an object of a nested field, whose `fields` are below its path.
    pub fn of_object(
        &self,
        mapping: &Mapping,
        entry: &Entry,
        path: &str,
    ) -> Result<Vec<Named>, ApiError> {
        let mut shown = Vec::new();
        let object = self.nested_object(mapping, entry, path)?;
        if !object.is_empty() {
            if mapping.nested_parent(path).is_some() {
                return Err(ApiError::unsupported(
                    "[fields] of the inner hits of nested fields in nested fields",
                ));
            }
            shown.push((path.to_owned(), vec![Value::Object(object)]));
        }
        self.add_doc_values(mapping, entry, &mut shown)?;
        Ok(shown)
    }

    fn add_doc_values(
        &self,
        mapping: &Mapping,
        entry: &Entry,
        shown: &mut Vec<Named>,
    ) -> Result<(), ApiError> {
        for wanted in &self.doc_values {
            for field in mapping.matching(&wanted.pattern) {
                if !field.doc_values {
                    if wanted.pattern.contains('*') {
                        continue;
                    }
                    return Err(ApiError::illegal_argument(format!(
                        "Can't load fielddata on [{}] because fielddata is unsupported on fields of type [{}]. Use doc values instead.",
                        field.path, field.type_name
                    ))
                    .in_search());
                }
                let values = wanted.doc_values_of(&field, entry)?;
                if !values.is_empty() {
                    shown.push((field.path.clone(), values));
                }
            }
        }
        Ok(())
    }

    /// The values of nested fields: objects of values, by the path of the nested field.
    fn nested_values(
        &self,
        mapping: &Mapping,
        entry: &Entry,
        prefix: &str,
    ) -> Result<Vec<Named>, ApiError> {
        let mut shown = Vec::new();
        for (path, children) in &entry.nested {
            let mut objects = Vec::new();
            for child in children {
                let object = self.nested_object(mapping, child, path)?;
                if !object.is_empty() {
                    objects.push(Value::Object(object));
                }
            }
            if !objects.is_empty() {
                let name = path.strip_prefix(prefix).unwrap_or(path);
                shown.push((name.to_owned(), objects));
            }
        }
        Ok(shown)
    }

    /// The values of one object of a nested field, by their names within it.
    fn nested_object(
        &self,
        mapping: &Mapping,
        entry: &Entry,
        path: &str,
    ) -> Result<Map<String, Value>, ApiError> {
        let mut object = Map::new();
        for name in entry.fields.keys() {
            let fits = |wanted: &&Shown| matches_wildcard(&wanted.pattern, name);
            let wanted = self.fields.iter().find(fits);
            if let (Some(wanted), Some(field)) = (wanted, mapping.field(name)) {
                let relative = name.strip_prefix(&format!("{path}.")).unwrap_or(name);
                let values = wanted.values_of(&field, entry)?;
                object.insert(relative.to_owned(), values.into());
            }
        }
        for (name, values) in self.nested_values(mapping, entry, &format!("{path}."))? {
            object.insert(name, values.into());
        }
        Ok(object)
    }
}

impl Shown {
    fn read(item: &Value) -> Result<Self, ApiError> {
        if let Value::String(pattern) = item {
            return Ok(Self {
                pattern: pattern.clone(),
                format: None,
            });
        }
        let fields = Fields::section("field_and_format", item)?;
        if fields.flag("include_unmapped")?.unwrap_or(false) {
            return Err(ApiError::unsupported("[include_unmapped] in [fields]"));
        }
        let pattern = fields
            .text("field")?
            .ok_or_else(|| fields.invalid("Required [field]"))?;
        let format = fields.text("format")?;
        fields.finish()?;
        Ok(Self { pattern, format })
    }

    /// The format of dates, if there is one of its own.
    fn of_dates(&self, field: &Field) -> Result<Option<Format>, ApiError> {
        match &self.format {
            Some(text) if field.is_date() => {
                Format::parse(text).map(Some).map_err(ApiError::in_search)
            }
            _ => Ok(None),
        }
    }

    /// Values as the document has them.
    fn values_of(&self, field: &Field, entry: &Entry) -> Result<Vec<Value>, ApiError> {
        let is_point = matches!(field.kind, Kind::GeoPoint);
        match self.format.as_deref() {
            Some("geojson" | "wkt") if is_point => {}
            Some(format) if is_point && format.starts_with("mvt(") => {
                return Err(ApiError::unsupported(format!("points as [{format}]")));
            }
            Some(_) if !field.is_date() => return Err(no_formats(field)),
            _ => {}
        }
        let format = self.of_dates(field)?;
        let Some(data) = entry.fields.get(&field.path) else {
            return Ok(Vec::new());
        };
        let is_text = self.format.as_deref() == Some("wkt");
        let points = data.points.iter().map(|Point { lat, lon }| {
            if is_text {
                return format!("POINT ({} {})", java_double(*lon), java_double(*lat)).into();
            }
            json!({"coordinates": [lon, lat], "type": "Point"})
        });
        let terms = data.terms.iter();
        Ok(terms
            .map(|term| print(field, term, format.as_ref()))
            .chain(points)
            .collect())
    }

    /// Values as the index has them by column: sorted, those of texts once.
    fn doc_values_of(&self, field: &Field, entry: &Entry) -> Result<Vec<Value>, ApiError> {
        match field.kind {
            Kind::Number(_) if self.format.is_some() => {
                return Err(ApiError::unsupported(
                    "[format] of numbers in [docvalue_fields]",
                ));
            }
            _ if self.format.is_some() && !field.is_date() => return Err(no_formats(field)),
            _ => {}
        }
        let Some(data) = entry.fields.get(&field.path) else {
            return Ok(Vec::new());
        };
        if let Kind::Vector { .. } = field.kind {
            let numbers: Value = data.vector.iter().map(|part| shortest(*part)).collect();
            return Ok(Some(numbers)
                .filter(|_| !data.vector.is_empty())
                .into_iter()
                .collect());
        }
        if let Kind::GeoPoint = field.kind {
            let mut points: Vec<Point> = data.points.iter().copied().map(Point::rounded).collect();
            points.sort_by(|a, b| a.lat.total_cmp(&b.lat).then(a.lon.total_cmp(&b.lon)));
            let texts = points
                .iter()
                .map(|point| format!("{}, {}", java_double(point.lat), java_double(point.lon)));
            return Ok(texts.map(Value::from).collect());
        }
        let format = self.of_dates(field)?;
        let mut terms = data.terms.clone();
        terms.sort_by(Term::compare);
        if matches!(field.kind, Kind::Keyword { .. } | Kind::Ip) {
            terms.dedup();
        }
        Ok(terms
            .iter()
            .map(|term| print(field, term, format.as_ref()))
            .collect())
    }
}

/// Returns the value of a metadata field.
fn metadata(index: &Index, document: &Document, name: &str) -> Result<Option<Value>, ApiError> {
    Ok(match name {
        "_id" => Some(document.id.as_str().into()),
        "_index" => Some((*index.name).into()),
        "_version" => Some(document.version.into()),
        "_source" | "_seq_no" => {
            return Err(ApiError::illegal_argument(format!(
                "error fetching [{name}]: Cannot fetch values for internal field [{name}]."
            ))
            .in_search());
        }
        _ => None,
    })
}

/// Returns the doc value of a metadata field.
fn column(index: &Index, document: &Document, name: &str) -> Result<Option<Value>, ApiError> {
    match name {
        "_seq_no" => Ok(Some(document.seq_no.into())),
        "_id" | "_routing" | "_source" => Err(ApiError::illegal_argument(format!(
            "Fielddata is not supported on field [{name}]"
        ))
        .in_search()),
        _ => metadata(index, document, name),
    }
}

fn no_formats(field: &Field) -> ApiError {
    ApiError::illegal_argument(format!(
        "Field [{}] of type [{}] doesn't support formats.",
        field.path, field.type_name
    ))
    .in_search()
}

fn read_shown(value: Option<&Value>) -> Result<Vec<Shown>, ApiError> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(Shown::read).collect(),
        Some(value) => Err(ApiError::parsing(format!(
            "Unknown key for a {} in [fields].",
            crate::strict::token(value)
        ))),
    }
}

fn print(field: &Field, term: &Term, format: Option<&Format>) -> Value {
    match (term, &field.kind, format) {
        (Term::Integer(millis), Kind::Date { .. }, Some(format)) => {
            format.print(*millis, &TimeZone::UTC).into()
        }
        (Term::Float(number), Kind::Number(Number::Float | Number::HalfFloat), _) => {
            shortest(*number as f32).into()
        }
        (term, _, _) => field.shown_term(term),
    }
}
