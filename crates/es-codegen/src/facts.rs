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
}

#[derive(Deserialize)]
pub(crate) struct Manifest {
    pub(crate) common: Vec<Param>,
    pub(crate) cat: Vec<Param>,
    pub(crate) enums: BTreeMap<String, Enumeration>,
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
    pub(crate) answer: Answer,
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
    #[serde(rename = "media")]
    pub(crate) media_types: Vec<String>,
    /// Property to kind; a trailing `?` on the name: optional.
    #[serde(default, rename = "props")]
    pub(crate) properties: BTreeMap<String, String>,
    #[serde(rename = "type")]
    pub(crate) name: String,
}

#[derive(Deserialize)]
pub(crate) struct Answer {
    pub(crate) kind: String,
    /// The expression of its type, where there is one.
    #[serde(default, rename = "type")]
    pub(crate) name: String,
    /// Status to type of bodies that are answers.
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

/// A type of a request or answer; only what the generator asks of it.
#[derive(Deserialize)]
pub(crate) struct Type {
    /// Property to type expression, for types that have properties.
    #[serde(default, rename = "p", deserialize_with = "object_or_nothing")]
    pub(crate) properties: BTreeMap<String, String>,
    #[serde(default, rename = "meta", deserialize_with = "object_or_nothing")]
    pub(crate) notes: BTreeMap<String, Notes>,
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
        types: BTreeMap<String, Type>,
    }
    let mut types = BTreeMap::new();
    for name in ["types.json", "types-more.json"] {
        types.extend(json::<Types>(&folder.join(name))?.types);
    }
    Ok(Facts { manifest: json(&folder.join("manifest.json"))?, types })
}

fn json<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(serde_json::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?)
}
