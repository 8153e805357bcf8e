//! The facts as they stand in `facts/`; its README says what each key means.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::Result;

/// Everything that is read.
pub(crate) struct Facts {
    pub(crate) manifest: Manifest,
    /// The types of requests and responses, by name.
    pub(crate) types: BTreeMap<String, Type>,
    /// The enums of parameters and of types, by name.
    pub(crate) enums: BTreeMap<String, Enumeration>,
}

#[derive(Deserialize)]
pub(crate) struct Manifest {
    pub(crate) common: Vec<Param>,
    pub(crate) cat: Vec<Param>,
    enums: BTreeMap<String, Enumeration>,
    pub(crate) endpoints: Vec<Endpoint>,
}

#[derive(Deserialize)]
pub(crate) struct Enumeration {
    #[serde(rename = "v")]
    pub(crate) values: Vec<String>,
    /// Names of values, where the value itself is a poor one.
    #[serde(default, rename = "as")]
    pub(crate) names: BTreeMap<String, String>,
    /// Other values may occur.
    #[serde(default)]
    pub(crate) open: bool,
}

#[derive(Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) name: String,
    #[serde(rename = "stab")]
    pub(crate) stability: String,
    pub(crate) since: Option<String>,
    #[serde(rename = "vis")]
    pub(crate) visibility: String,
    pub(crate) on: Vec<String>,
    #[serde(rename = "dep")]
    pub(crate) deprecated: Option<String>,
    pub(crate) paths: Vec<Route>,
    pub(crate) parts: Vec<Param>,
    #[serde(default)]
    pub(crate) query: Vec<Param>,
    pub(crate) set: Option<String>,
    pub(crate) body: Option<Body>,
    #[serde(rename = "res")]
    pub(crate) response: Response,
    #[serde(default, rename = "priv")]
    pub(crate) privileges: Privileges,
}

/// A path of an endpoint.
#[derive(Deserialize)]
pub(crate) struct Route {
    #[serde(rename = "p")]
    pub(crate) template: String,
    /// The method to send; `GET/POST` depends on the body.
    #[serde(rename = "use")]
    pub(crate) method: String,
    #[serde(default, rename = "dup")]
    pub(crate) duplicate: bool,
}

/// A path part or a query parameter.
#[derive(Clone, Deserialize)]
pub(crate) struct Param {
    #[serde(rename = "n")]
    pub(crate) name: String,
    #[serde(rename = "t")]
    pub(crate) kind: String,
    #[serde(default, rename = "req")]
    pub(crate) required: bool,
    /// A part of the same name exists.
    #[serde(default)]
    pub(crate) part: bool,
    #[serde(flatten)]
    pub(crate) notes: Notes,
}

/// Facts about a parameter or property besides its name and type.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct Notes {
    #[serde(rename = "def")]
    pub(crate) default: Option<Value>,
    pub(crate) since: Option<String>,
    #[serde(rename = "dep")]
    pub(crate) deprecated: Option<String>,
    pub(crate) only: Option<String>,
    #[serde(rename = "stab")]
    pub(crate) stability: Option<String>,
    #[serde(rename = "vis")]
    pub(crate) visibility: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Body {
    #[serde(default, rename = "req")]
    pub(crate) required: bool,
    #[serde(rename = "media")]
    pub(crate) media_types: Vec<String>,
    /// Property to kind; a trailing `?` on the name: optional.
    #[serde(default, rename = "props")]
    pub(crate) properties: BTreeMap<String, String>,
    #[serde(rename = "type")]
    pub(crate) name: String,
}

#[derive(Deserialize)]
pub(crate) struct Response {
    pub(crate) kind: String,
    /// The expression of its type, where there is one.
    #[serde(default, rename = "type")]
    pub(crate) name: String,
    /// Status to type of bodies that are ordinary responses.
    #[serde(default)]
    pub(crate) except: BTreeMap<u16, String>,
}

#[derive(Default, Deserialize)]
pub(crate) struct Privileges {
    #[serde(default)]
    pub(crate) cluster: Vec<String>,
    #[serde(default)]
    pub(crate) index: Vec<String>,
}

/// A type of a request or response; only what the generator needs of it.
#[derive(Deserialize)]
pub(crate) struct Type {
    #[serde(rename = "k")]
    pub(crate) form: String,
    /// The choices of a type that is one of several.
    #[serde(default)]
    of: Value,
    /// The type of the one further property, whose name is a field's.
    #[serde(default, rename = "one_extra")]
    pub(crate) field_kind: Option<String>,
    /// Properties beside the variants of a container.
    #[serde(default, deserialize_with = "object_or_nothing")]
    pub(crate) own: BTreeMap<String, String>,
    /// Property to type expression, for types that have properties.
    #[serde(default, rename = "p", deserialize_with = "object_or_nothing")]
    pub(crate) properties: BTreeMap<String, String>,
    #[serde(default, rename = "meta", deserialize_with = "object_or_nothing")]
    pub(crate) notes: BTreeMap<String, Notes>,
}

impl Type {
    /// Returns the names of the choices.
    pub(crate) fn choices(&self) -> Vec<&str> {
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
