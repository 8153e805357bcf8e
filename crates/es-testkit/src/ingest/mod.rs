//! Ingest pipelines: processors that change documents before they are indexed.

mod document;
mod processor;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub(crate) use document::Document;
use processor::Processor;

use crate::api::error::ApiError;

/// A pipeline.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    /// The pipeline as it was given.
    pub shown: Value,
    steps: Vec<Step>,
    on_failure: Vec<Step>,
}

/// A processor, and what follows when it fails.
#[derive(Clone, Debug)]
struct Step {
    kind: String,
    tag: Option<String>,
    processor: Processor,
    ignore_failure: bool,
    on_failure: Vec<Step>,
}

/// The pipelines of a cluster by their ids.
pub(crate) type Pipelines = BTreeMap<String, Pipeline>;

/// The outcome of a pipeline that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Kept,
    Dropped,
}

/// Makes the error for a configuration that cannot be read.
fn invalid(reason: impl Into<String>) -> ApiError {
    ApiError::bad_request("parse_exception", reason)
}

impl Pipeline {
    /// Reads a pipeline.
    ///
    /// # Errors
    /// 400 for what no pipeline has, or is not done here.
    pub fn parse(id: &str, given: &Map<String, Value>) -> Result<Self, ApiError> {
        let known = [
            "description",
            "processors",
            "on_failure",
            "version",
            "_meta",
            "deprecated",
        ];
        let Some(processors) = given.get("processors") else {
            return Err(invalid("[processors] required property is missing"));
        };
        let steps = steps("processors", processors)?;
        let on_failure = match given.get("on_failure") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) if items.is_empty() => {
                return Err(invalid(format!(
                    "pipeline [{id}] cannot have an empty on_failure option defined"
                )));
            }
            Some(value) => self::steps("on_failure", value)?,
        };
        if let Some(name) = given.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(invalid(format!(
                "pipeline [{id}] doesn't support one or more provided configuration parameters [{name}]"
            )));
        }
        let property = |name: &str, kind: &str, fits: fn(&Value) -> bool| match given.get(name) {
            Some(value) if !value.is_null() && !fits(value) => {
                Err(invalid(format!("[{name}] property isn't a {kind}")))
            }
            _ => Ok(()),
        };
        property("description", "string", Value::is_string)?;
        property("version", "number", is_version)?;
        property("_meta", "map", Value::is_object)?;
        property("deprecated", "boolean", Value::is_boolean)?;
        Ok(Self {
            shown: Value::Object(given.clone()),
            steps,
            on_failure,
        })
    }

    /// Changes a document.
    ///
    /// # Errors
    /// The failure of a processor that nothing handles.
    pub fn run(&self, pipelines: &Pipelines, document: &mut Document) -> Result<Outcome, ApiError> {
        self.run_inside(pipelines, document, 0)
    }

    fn run_inside(
        &self,
        pipelines: &Pipelines,
        document: &mut Document,
        depth: usize,
    ) -> Result<Outcome, ApiError> {
        match run(&self.steps, pipelines, document, depth) {
            Ok(outcome) => Ok(outcome),
            Err(failure) if self.on_failure.is_empty() => Err(failure.error),
            Err(failure) => handle(&self.on_failure, &failure, pipelines, document, depth)
                .map_err(|failure| failure.error),
        }
    }
}

/// Whether a value is a whole number of 32 bits, or its text.
fn is_version(value: &Value) -> bool {
    let number = match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_i64(),
    };
    number.is_some_and(|number| i32::try_from(number).is_ok())
}

/// The failure of one processor.
struct Failure {
    error: ApiError,
    kind: String,
    tag: Option<String>,
}

fn run(
    steps: &[Step],
    pipelines: &Pipelines,
    document: &mut Document,
    depth: usize,
) -> Result<Outcome, Box<Failure>> {
    for step in steps {
        let outcome = step
            .processor
            .run(pipelines, document, depth)
            .map_err(|error| {
                Box::new(Failure {
                    error,
                    kind: step.kind.clone(),
                    tag: step.tag.clone(),
                })
            });
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(_) if step.ignore_failure => Outcome::Kept,
            Err(failure) if step.on_failure.is_empty() => return Err(failure),
            Err(failure) => handle(&step.on_failure, &failure, pipelines, document, depth)?,
        };
        if outcome == Outcome::Dropped {
            return Ok(Outcome::Dropped);
        }
    }
    Ok(Outcome::Kept)
}

/// Runs the processors that follow a failure, which they can read.
fn handle(
    steps: &[Step],
    failure: &Failure,
    pipelines: &Pipelines,
    document: &mut Document,
    depth: usize,
) -> Result<Outcome, Box<Failure>> {
    let facts = [
        ("on_failure_message", Some(&failure.error.reason)),
        ("on_failure_processor_type", Some(&failure.kind)),
        ("on_failure_processor_tag", failure.tag.as_ref()),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            document
                .ingest
                .insert(name.to_owned(), value.as_str().into());
        }
    }
    let outcome = run(steps, pipelines, document, depth);
    document
        .ingest
        .retain(|name, _| !name.starts_with("on_failure_"));
    outcome
}

fn steps(name: &str, given: &Value) -> Result<Vec<Step>, ApiError> {
    let Value::Array(items) = given else {
        return Err(invalid(format!("[{name}] property isn't a list")));
    };
    let mut read = Vec::new();
    for item in items {
        let Some(item) = item.as_object() else {
            let kind = match item {
                Value::Null => "null_pointer_exception",
                _ => "class_cast_exception",
            };
            return Err(ApiError::new(
                http::StatusCode::INTERNAL_SERVER_ERROR,
                kind,
                "a processor is no object",
            ));
        };
        for (kind, settings) in item {
            read.push(Step::parse(kind, settings)?);
        }
    }
    Ok(read)
}

impl Step {
    fn parse(kind: &str, settings: &Value) -> Result<Self, ApiError> {
        let Some(settings) = settings.as_object() else {
            if kind != "script" {
                return Err(invalid(format!("[{kind}] property isn't a map")));
            }
            return Err(ApiError::unsupported(format!(
                "[{kind}] with settings that are no object"
            )));
        };
        let config = Config::new(kind, settings);
        if settings.contains_key("if") {
            return Err(ApiError::unsupported(
                "[if] of a processor, which needs scripts",
            ));
        }
        config.take("description");
        let tag = config.text("tag")?;
        let ignore_failure = config.flag("ignore_failure")?.unwrap_or(false);
        let on_failure = match config.take("on_failure") {
            None => Vec::new(),
            Some(Value::Array(items)) if items.is_empty() => {
                return Err(invalid("[on_failure] processors list cannot be empty"));
            }
            Some(value) => steps("on_failure", value)?,
        };
        let processor = Processor::parse(kind, &config)?;
        config.finish()?;
        Ok(Self {
            kind: kind.to_owned(),
            tag,
            processor,
            ignore_failure,
            on_failure,
        })
    }
}

/// The settings of a processor, each to be taken once.
struct Config<'v> {
    kind: &'v str,
    settings: &'v Map<String, Value>,
    taken: std::cell::RefCell<Vec<&'v str>>,
}

impl<'v> Config<'v> {
    fn new(kind: &'v str, settings: &'v Map<String, Value>) -> Self {
        Self {
            kind,
            settings,
            taken: std::cell::RefCell::default(),
        }
    }

    fn take(&self, name: &str) -> Option<&'v Value> {
        let (name, value) = self.settings.get_key_value(name)?;
        self.taken.borrow_mut().push(name);
        Some(value)
    }

    fn required(&self, name: &str) -> Result<&'v Value, ApiError> {
        self.take(name)
            .ok_or_else(|| invalid(format!("[{name}] required property is missing")))
    }

    fn text(&self, name: &str) -> Result<Option<String>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(invalid(format!("[{name}] property isn't a string"))),
        }
    }

    fn required_text(&self, name: &str) -> Result<String, ApiError> {
        let text = self.text(name)?;
        text.ok_or_else(|| invalid(format!("[{name}] required property is missing")))
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text == "true" || text == "false" => {
                Ok(Some(text == "true"))
            }
            Some(_) => Err(invalid(format!("[{name}] property isn't a boolean"))),
        }
    }

    fn finish(&self) -> Result<(), ApiError> {
        let taken = self.taken.borrow();
        match self
            .settings
            .keys()
            .find(|name| !taken.contains(&name.as_str()))
        {
            None => Ok(()),
            Some(name) => Err(invalid(format!(
                "processor [{}] doesn't support one or more provided configuration parameters [{name}]",
                self.kind
            ))),
        }
    }
}
