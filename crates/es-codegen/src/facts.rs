//! The facts as they stand in `facts/`; its README says what each key means.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::Result;

/// Everything that is read.
pub(crate) struct Facts {
    pub manifest: Manifest,
    /// The types of requests and responses, by name.
    pub types: BTreeMap<String, Type>,
    /// The enums of parameters and of types, by name.
    pub enums: BTreeMap<String, Enumeration>,
}

#[derive(Deserialize)]
pub(crate) struct Manifest {
    pub common: Vec<Param>,
    pub cat: Vec<Param>,
    enums: BTreeMap<String, Enumeration>,
    pub endpoints: Vec<Endpoint>,
}

#[derive(Deserialize)]
pub(crate) struct Enumeration {
    #[serde(rename = "v")]
    pub values: Vec<String>,
    /// Names of values, where the value itself is a poor one.
    #[serde(default, rename = "as")]
    pub names: BTreeMap<String, String>,
    /// Other values may occur.
    #[serde(default)]
    pub open: bool,
}

#[derive(Deserialize)]
pub(crate) struct Endpoint {
    pub name: String,
    #[serde(rename = "stab")]
    pub stability: String,
    pub since: Option<String>,
    #[serde(rename = "vis")]
    pub visibility: String,
    pub on: Vec<String>,
    #[serde(rename = "dep")]
    pub deprecated: Option<String>,
    pub paths: Vec<Route>,
    pub parts: Vec<Param>,
    #[serde(default)]
    pub query: Vec<Param>,
    pub set: Option<String>,
    pub body: Option<Body>,
    #[serde(rename = "res")]
    pub response: Response,
    #[serde(default, rename = "priv")]
    pub privileges: Privileges,
}

/// A path of an endpoint.
#[derive(Deserialize)]
pub(crate) struct Route {
    #[serde(rename = "p")]
    pub template: String,
    /// The method to send; `GET/POST` depends on the body.
    #[serde(rename = "use")]
    pub method: String,
    #[serde(default, rename = "dup")]
    pub duplicate: bool,
}

/// A path part or a query parameter.
#[derive(Clone, Deserialize)]
pub(crate) struct Param {
    #[serde(rename = "n")]
    pub name: String,
    #[serde(rename = "t")]
    pub kind: String,
    #[serde(default, rename = "req")]
    pub required: bool,
    /// A part of the same name exists.
    #[serde(default)]
    pub part: bool,
    #[serde(flatten)]
    pub notes: Notes,
}

/// Facts about a parameter or property besides its name and type.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct Notes {
    #[serde(rename = "def")]
    pub default: Option<Value>,
    pub since: Option<String>,
    #[serde(rename = "dep")]
    pub deprecated: Option<String>,
    pub only: Option<String>,
    #[serde(rename = "stab")]
    pub stability: Option<String>,
    #[serde(rename = "vis")]
    pub visibility: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Body {
    #[serde(default, rename = "req")]
    pub required: bool,
    #[serde(rename = "media")]
    pub media_types: Vec<String>,
    /// Property to kind; a trailing `?` on the name: optional.
    #[serde(default, rename = "props")]
    pub properties: BTreeMap<String, String>,
    #[serde(rename = "type")]
    pub name: String,
}

#[derive(Deserialize)]
pub(crate) struct Response {
    pub kind: String,
    /// The expression of its type, where there is one.
    #[serde(default, rename = "type")]
    pub name: String,
    /// Status to type of bodies that are ordinary responses.
    #[serde(default)]
    pub except: BTreeMap<u16, String>,
}

#[derive(Default, Deserialize)]
pub(crate) struct Privileges {
    #[serde(default)]
    pub cluster: Vec<String>,
    #[serde(default)]
    pub index: Vec<String>,
}

/// A type of a request or response; only what the generator needs of it.
#[derive(Deserialize)]
pub(crate) struct Type {
    #[serde(rename = "k")]
    pub form: String,
    /// The choices of a type that is one of several.
    #[serde(default)]
    of: Value,
    /// The type of the one further property, whose name is a field's.
    #[serde(default, rename = "one_extra")]
    pub field_kind: Option<String>,
    /// Properties beside the variants of a container.
    #[serde(default, deserialize_with = "object_or_nothing")]
    pub own: BTreeMap<String, String>,
    /// Property to type expression, for types that have properties.
    #[serde(default, rename = "p", deserialize_with = "object_or_nothing")]
    pub properties: BTreeMap<String, String>,
    #[serde(default, rename = "meta", deserialize_with = "object_or_nothing")]
    pub notes: BTreeMap<String, Notes>,
}

impl Type {
    /// Returns the names of the choices.
    pub fn choices(&self) -> Vec<&str> {
        match &self.of {
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            Value::Object(names) => names.values().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

fn object_or_nothing<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// Reads the facts.
pub(crate) fn read(folder: &Path) -> Result<Facts> {
    #[derive(Deserialize)]
    struct Types {
        types: BTreeMap<String, Value>,
    }
    let mut types = BTreeMap::new();
    let mut manifest: Manifest = json(&folder.join("manifest.json"))?;
    let mut enums = std::mem::take(&mut manifest.enums);
    for name in ["types.json", "types-more.json", "dsl.json"] {
        for (name, value) in json::<Types>(&folder.join(name))?.types {
            if value.get("k").is_some_and(|form| form == "enum") {
                enums.insert(name, serde_json::from_value(value)?);
            } else {
                types.insert(name, serde_json::from_value(value)?);
            }
        }
    }
    Ok(Facts {
        manifest,
        types,
        enums,
    })
}

fn json<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(serde_json::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?)
}
