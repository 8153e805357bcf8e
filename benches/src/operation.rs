//! The operations of every client, and the response that each must have read.

use std::{fmt, str::FromStr};

use serde_json::{Value, json};

/// Name of the user in every measurement.
pub const USER: &str = "elastic";
/// Password of the user in every measurement.
pub const PASSWORD: &str = "changeme";
/// The index that is written to and searched.
pub const INDEX: &str = "products";
/// The index whose searches return 1 MB instead of 4 kB.
pub const LARGE_INDEX: &str = "products-large";
/// Number of hits in a search of [`INDEX`].
pub const HITS: usize = 10;
/// Number of documents in a bulk request.
pub const BULK: usize = 5_000;
/// Number of hits in a search of [`LARGE_INDEX`].
pub const LARGE_HITS: usize = 1_000;

/// Every error of a measurement.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// One kind of request with one way to read its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `HEAD /`.
    Head,
    /// `GET /` into a JSON value.
    Info,
    /// A small document into an index, the response into a JSON value.
    Index,
    /// A search into a JSON value.
    Value(Page),
    /// A search into typed hits.
    Typed(Page),
    /// A search into hits whose sources stay raw text.
    Raw(Page),
    /// [`BULK`] documents in one request, each with an id, and which of them failed.
    Bulk,
}

/// The length of a search's response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// [`HITS`] hits, about 4 kB.
    Small,
    /// [`LARGE_HITS`] hits, about 1 MB.
    Large,
}

impl Page {
    /// The index to search for a response of this length.
    pub fn index(self) -> &'static str {
        match self {
            Self::Small => INDEX,
            Self::Large => LARGE_INDEX,
        }
    }

    /// The path of the search.
    pub fn path(self) -> &'static str {
        match self {
            Self::Small => "/products/_search",
            Self::Large => "/products-large/_search",
        }
    }

    /// The number of hits in the response.
    pub fn hits(self) -> usize {
        match self {
            Self::Small => HITS,
            Self::Large => LARGE_HITS,
        }
    }
}

impl Operation {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 10] = [
        Self::Head,
        Self::Info,
        Self::Index,
        Self::Value(Page::Small),
        Self::Typed(Page::Small),
        Self::Raw(Page::Small),
        Self::Value(Page::Large),
        Self::Typed(Page::Large),
        Self::Raw(Page::Large),
        Self::Bulk,
    ];

    /// The name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Info => "info",
            Self::Index => "index",
            Self::Value(Page::Small) => "search-value",
            Self::Typed(Page::Small) => "search-typed",
            Self::Raw(Page::Small) => "search-raw",
            Self::Value(Page::Large) => "large-value",
            Self::Typed(Page::Large) => "large-typed",
            Self::Raw(Page::Large) => "large-raw",
            Self::Bulk => "bulk",
        }
    }

    /// Whether request or response have some 1 MB, which is worth fewer repetitions.
    pub fn is_large(self) -> bool {
        matches!(
            self,
            Self::Value(Page::Large)
                | Self::Typed(Page::Large)
                | Self::Raw(Page::Large)
                | Self::Bulk
        )
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Operation {
    type Err = BoxError;

    fn from_str(name: &str) -> Result<Self, BoxError> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.name() == name)
            .ok_or_else(|| format!("no operation is called {name}").into())
    }
}

/// The query of every search, serialised anew for each request as a program
/// that builds its queries does.
pub fn query() -> Value {
    json!({"query": {"match": {"title": "trail shoes"}}, "size": 10})
}

/// Fails unless a search had as many hits as it must.
pub fn check_hits(found: usize, page: Page) -> Result<(), BoxError> {
    if found == page.hits() {
        return Ok(());
    }
    Err(format!("{found} hits instead of {}", page.hits()).into())
}

/// Fails unless the text that names the outcome is the expected one.
pub fn check_text(found: &Value, expected: &str) -> Result<(), BoxError> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{found} instead of {expected}").into())
}

/// The number of hits in a response that was read into a value.
pub fn hits_of(response: &Value) -> usize {
    response["hits"]["hits"].as_array().map_or(0, Vec::len)
}

/// The error of a client that is not measured in an operation.
pub fn not_measured() -> BoxError {
    "it is not measured in this".into()
}

/// Fails unless a bulk request's response, read into a value, has all documents
/// and no failure.
pub fn check_bulk(response: &Value) -> Result<(), BoxError> {
    let items = response["items"].as_array().map_or(0, Vec::len);
    if items == BULK && response["errors"] == false {
        return Ok(());
    }
    Err(format!("{items} items instead of {BULK}, or errors").into())
}
