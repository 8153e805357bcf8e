//! Reads the rows of an [ES|QL](https://www.elastic.co/docs/reference/query-languages/esql)
//! query into structs.
//!
//! ```no_run
//! # async fn rows(client: es_client::Elasticsearch) -> es_client::Result<()> {
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Brand {
//!     brand: String,
//!     average: f64,
//! }
//!
//! let brands: Vec<Brand> = client
//!     .helpers()
//!     .esql("FROM products | WHERE price > ?least | STATS average = AVG(price) BY brand | LIMIT 100")
//!     .param("least", 20)
//!     .rows()
//!     .await?;
//! for brand in brands {
//!     println!("{} {}", brand.brand, brand.average);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A row is read as a struct or map with the columns' names, or as a tuple or
//! list in the columns' order; each value straight from the answer's text.
//! Columns that a struct does not name are passed over.
//!
//! Values go into a query as [parameters](Esql::param), never by putting texts
//! together: what a user typed cannot change the query then.
//!
//! An answer that lacks what some clusters or shards should have given is an
//! error unless it is [allowed](Esql::allow_partial_results). The server cuts a
//! query without `LIMIT` at 1,000 rows, and says so in a warning.

mod builder;
mod rows;

pub use builder::Esql;
pub use rows::{Column, Rows};
