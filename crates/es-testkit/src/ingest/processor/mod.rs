//! The processors.

mod change;
mod date;
mod fields;

use http::StatusCode;

use self::change::ChangeField;
use self::date::Date;
use self::fields::{Append, Remove, Rename, Set};
use super::{Config, Document, Outcome, Pipelines, invalid};
use crate::api::error::ApiError;

/// A change of a document.
#[derive(Clone, Debug)]
pub(super) enum Processor {
    Append(Append),
    Change(ChangeField),
    Date(Date),
    Drop,
    Fail { message: String },
    Pipeline { name: String, ignore_missing: bool },
    Remove(Remove),
    Rename(Rename),
    Set(Set),
}

/// Processors that a genuine server has beside those above.
const UNSUPPORTED: [&str; 33] = [
    "attachment",
    "bytes",
    "circle",
    "community_id",
    "csv",
    "date_index_name",
    "dissect",
    "dot_expander",
    "enrich",
    "fingerprint",
    "foreach",
    "geo_grid",
    "geoip",
    "grok",
    "html_strip",
    "inference",
    "ip_location",
    "json",
    "kv",
    "network_direction",
    "normalize_for_stream",
    "recover_failure_document",
    "redact",
    "registered_domain",
    "remove_by_pattern",
    "reroute",
    "script",
    "set_security_user",
    "sort",
    "terminate",
    "uri_parts",
    "urldecode",
    "user_agent",
];

impl Processor {
    pub fn parse(kind: &str, config: &Config<'_>) -> Result<Self, ApiError> {
        if let Some(change) = ChangeField::parse(kind, config)? {
            return Ok(Self::Change(change));
        }
        Ok(match kind {
            "append" => Self::Append(Append::parse(config)?),
            "date" => Self::Date(Date::parse(config)?),
            "drop" => Self::Drop,
            "fail" => Self::Fail {
                message: config.required_text("message")?,
            },
            "pipeline" => Self::Pipeline {
                name: config.required_text("name")?,
                ignore_missing: config.flag("ignore_missing_pipeline")?.unwrap_or(false),
            },
            "remove" => Self::Remove(Remove::parse(config)?),
            "rename" => Self::Rename(Rename::parse(config)?),
            "set" => Self::Set(Set::parse(config)?),
            _ if UNSUPPORTED.contains(&kind) => {
                return Err(ApiError::unsupported(format!("the processor [{kind}]")));
            }
            _ => {
                return Err(
                    invalid(format!("No processor type exists with name [{kind}]"))
                        .with("processor_type", kind),
                );
            }
        })
    }

    pub fn run(
        &self,
        pipelines: &Pipelines,
        document: &mut Document,
        depth: usize,
    ) -> Result<Outcome, ApiError> {
        match self {
            Self::Append(append) => append.run(document)?,
            Self::Change(change) => change.run(document)?,
            Self::Date(date) => date.run(document)?,
            Self::Drop => return Ok(Outcome::Dropped),
            Self::Fail { message } => {
                return Err(ApiError::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "fail_processor_exception",
                    document.render(message)?,
                ));
            }
            Self::Pipeline {
                name,
                ignore_missing,
            } => {
                let name = document.render(name)?;
                return run_pipeline(&name, *ignore_missing, pipelines, document, depth);
            }
            Self::Remove(remove) => remove.run(document)?,
            Self::Rename(rename) => rename.run(document)?,
            Self::Set(set) => set.run(document)?,
        }
        Ok(Outcome::Kept)
    }
}

fn run_pipeline(
    name: &str,
    ignore_missing: bool,
    pipelines: &Pipelines,
    document: &mut Document,
    depth: usize,
) -> Result<Outcome, ApiError> {
    let illegal_state = |reason| {
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "illegal_state_exception",
            reason,
        )
    };
    match pipelines.get(name) {
        // Deeper than any chain that does not call itself.
        Some(_) if depth > pipelines.len() => Err(illegal_state(format!(
            "Cycle detected for pipeline: {name}"
        ))),
        Some(pipeline) => pipeline.run_inside(pipelines, document, depth + 1),
        None if ignore_missing => Ok(Outcome::Kept),
        None => Err(illegal_state(format!(
            "Pipeline processor configured for non-existent pipeline [{name}]"
        ))),
    }
}

/// Refuses settings of a processor that are not done here.
fn unsupported(config: &Config<'_>, names: &[&str]) -> Result<(), ApiError> {
    match names
        .iter()
        .find(|name| config.settings.contains_key(**name))
    {
        None => Ok(()),
        Some(name) => Err(ApiError::unsupported(format!(
            "[{name}] of the processor [{}]",
            config.kind
        ))),
    }
}
