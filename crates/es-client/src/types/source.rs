//! The document of a hit, which fails by itself.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::lenient::Lenient;
use crate::{
    error::{DecodeError, Error, Result},
    json_read::{ReadError, second_reading},
};

/// The document of a hit.
///
/// It is read with the response, as fast as any field. If that fails, the response is read
/// a second time, and each document that cannot be read is kept as text with its error.
#[derive(Clone, Default)]
pub(crate) enum Source<T> {
    /// There is none.
    #[default]
    Absent,
    /// It was read.
    Document(T),
    /// It could not be read.
    Failed(Arc<Failed>),
}

/// A document that could not be read.
pub(crate) struct Failed {
    error: ReadError,
    raw: Box<RawValue>,
}

impl<T> Source<T> {
    pub fn document(&self) -> Option<&T> {
        match self {
            Self::Document(document) => Some(document),
            Self::Absent | Self::Failed(_) => None,
        }
    }

    pub fn get(&self, index: &str, id: &str) -> Result<Option<&T>> {
        match self {
            Self::Absent => Ok(None),
            Self::Document(document) => Ok(Some(document)),
            Self::Failed(failed) => Err(failed.error(index, id)),
        }
    }

    pub fn into_inner(self, index: &str, id: &str) -> Result<Option<T>> {
        match self {
            Self::Absent => Ok(None),
            Self::Document(document) => Ok(Some(document)),
            Self::Failed(failed) => Err(failed.error(index, id)),
        }
    }
}

impl Failed {
    fn error(&self, index: &str, id: &str) -> Error {
        let path = match &*self.error.path {
            "" => "_source".to_owned(),
            path if path.starts_with('[') => format!("_source{path}"),
            path => format!("_source.{path}"),
        };
        Error::from(DecodeError::of_document(
            index,
            id,
            path,
            &self.error.error,
            &self.raw,
        ))
    }
}

impl<T> From<Option<T>> for Source<T> {
    fn from(document: Option<T>) -> Self {
        document.map_or(Self::Absent, Self::Document)
    }
}

impl<'de, T: Deserialize<'de>> Lenient<'de> for Source<T> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if second_reading() {
            let raw = <&'de RawValue>::deserialize(from)?;
            return Ok(read_alone(raw));
        }
        Option::deserialize(from).map(Self::from)
    }
}

#[cold]
fn read_alone<'de, T: Deserialize<'de>>(raw: &'de RawValue) -> Source<T> {
    serde_json::from_str::<Option<T>>(raw.get()).map_or_else(
        |error| {
            let error = ReadError::new(raw.get(), error);
            Source::Failed(Arc::new(Failed {
                error,
                raw: raw.to_owned(),
            }))
        },
        Source::from,
    )
}

impl<T: fmt::Debug> fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("None"),
            Self::Document(document) => document.fmt(f),
            Self::Failed(failed) => write!(f, "<{}>", failed.error),
        }
    }
}
