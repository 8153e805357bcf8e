//! The document of every measurement.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A product of a shop.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Product {
    pub title: String,
    pub brand: String,
    pub description: String,
    pub category: String,
    pub price: f64,
    pub stock: u32,
    pub rating: f32,
    pub tags: Vec<String>,
    pub added: String,
}

impl Product {
    /// A product that is a little different for every number.
    pub fn numbered(number: usize) -> Self {
        Self {
            title: format!("Trail shoes {number}"),
            brand: "Longstride".into(),
            description: "Light shoes with a firm grip for long days on rough paths".into(),
            category: "shoes".into(),
            price: 59.0 + number as f64 / 4.0,
            stock: 17 + number as u32 % 100,
            rating: 4.5,
            tags: vec!["outdoor".into(), "running".into(), "sale".into()],
            added: "2026-03-14T09:26:53Z".into(),
        }
    }
}

impl Product {
    /// A product of some 320 bytes as JSON, 350 with the line of its operation.
    pub fn to_write(number: usize) -> Self {
        let description = "Light shoes with a firm grip for long days on rough paths, with a sole \
                           that sheds mud, laces that stay tied and room for thick socks";
        Self {
            description: description.into(),
            ..Self::numbered(number)
        }
    }

    /// So many of them.
    pub fn many(count: usize) -> Vec<Self> {
        (0..count).map(Self::to_write).collect()
    }
}

/// A search's response whose hits are typed.
#[derive(Debug, Deserialize)]
pub struct Found<T> {
    pub took: u64,
    pub timed_out: bool,
    pub hits: Hits<T>,
}

/// The part of a response that holds the hits.
#[derive(Debug, Deserialize)]
pub struct Hits<T> {
    pub max_score: Option<f64>,
    pub hits: Vec<Hit<T>>,
}

/// One hit.
#[derive(Debug, Deserialize)]
pub struct Hit<T> {
    #[serde(rename = "_index")]
    pub index: String,
    #[serde(rename = "_id")]
    pub id: String,
    #[serde(rename = "_score")]
    pub score: Option<f64>,
    #[serde(rename = "_source")]
    pub source: T,
}

/// A search's response into [`Product`]s.
pub type Typed = Found<Product>;
/// A search's response whose sources stay as they came.
pub type Raw = Found<Box<RawValue>>;
