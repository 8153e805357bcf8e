//! Recipes for tests, each with the cluster of one node that it needs.
//!
//! They use the [simulated cluster](crate::SimulatedCluster), so that they need no HTTP client, and
//! this function:
//!
//! ```
//! use es_testkit::SimulatedCluster;
//! use http_body_util::BodyExt as _;
//! use serde_json::{Value, json};
//! use tower::ServiceExt as _;
//!
//! async fn send(cluster: &SimulatedCluster, method: &str, path: &str, body: Value) -> (u16, Value) {
//!     let request = http::Request::builder()
//!         .method(method)
//!         .uri(format!("{}{path}", cluster.node(0).url()))
//!         .header("content-type", "application/json")
//!         .body(body.to_string())
//!         .unwrap();
//!     let response = cluster.service().oneshot(request).await.unwrap();
//!     let status = response.status().as_u16();
//!     let body = response.into_body().collect().await.unwrap().to_bytes();
//!     (status, serde_json::from_slice(&body).unwrap_or_default())
//! }
//! ```
//!
//! # Prepare documents
//!
//! Each document is searchable at once.
//!
//! ```
//! use es_testkit::Cluster;
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().simulated()?;
//! send(&cluster, "PUT", "/books/_doc/1", json!({"title": "Dune", "year": 1965})).await;
//! let query = json!({"query": {"match": {"title": "dune"}}});
//! let (status, found) = send(&cluster, "POST", "/books/_search", query).await;
//! assert_eq!((status, &found["hits"]["total"]["value"]), (200, &json!(1)));
//! # Ok(())
//! # }
//! ```
//!
//! # Wait for a refresh as in production
//!
//! A test that forgets to refresh then fails as it would there.
//!
//! ```
//! use es_testkit::Cluster;
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().refresh_on_request(true).simulated()?;
//! send(&cluster, "PUT", "/books/_doc/1", json!({"title": "Dune"})).await;
//! assert_eq!(send(&cluster, "GET", "/books/_count", json!({})).await.1["count"], 0);
//! send(&cluster, "POST", "/books/_refresh", json!({})).await;
//! assert_eq!(send(&cluster, "GET", "/books/_count", json!({})).await.1["count"], 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Refuse fields that the mapping does not have
//!
//! ```
//! use es_testkit::Cluster;
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().simulated()?;
//! let mapping = json!({"mappings": {"dynamic": "strict", "properties": {"title": {"type": "text"}}}});
//! send(&cluster, "PUT", "/books", mapping).await;
//! let (status, error) = send(&cluster, "PUT", "/books/_doc/1", json!({"titel": "Dune"})).await;
//! assert_eq!((status, &error["error"]["type"]), (400, &json!("strict_dynamic_mapping_exception")));
//! # Ok(())
//! # }
//! ```
//!
//! # Write twice at once
//!
//! The second writer has an outdated sequence number.
//!
//! ```
//! use es_testkit::Cluster;
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().simulated()?;
//! send(&cluster, "PUT", "/stock/_doc/1", json!({"left": 2})).await;
//! let path = "/stock/_doc/1?if_seq_no=0&if_primary_term=1";
//! assert_eq!(send(&cluster, "PUT", path, json!({"left": 1})).await.0, 200);
//! assert_eq!(send(&cluster, "PUT", path, json!({"left": 1})).await.0, 409);
//! # Ok(())
//! # }
//! ```
//!
//! # Fail one item of a bulk request
//!
//! ```
//! use es_testkit::Cluster;
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().simulated()?;
//! send(&cluster, "PUT", "/stock", json!({"mappings": {"properties": {"left": {"type": "long"}}}})).await;
//! let lines = "{\"index\":{\"_id\":\"1\"}}\n{\"left\":2}\n{\"index\":{\"_id\":\"2\"}}\n{\"left\":\"many\"}\n";
//! let request = http::Request::post(format!("{}/stock/_bulk", cluster.node(0).url()))
//!     .header("content-type", "application/x-ndjson")
//!     .body(lines.to_owned())?;
//! assert_eq!(cluster.service().oneshot(request).await?.status(), 200);
//! assert_eq!(send(&cluster, "HEAD", "/stock/_doc/1", json!({})).await.0, 200);
//! assert_eq!(send(&cluster, "HEAD", "/stock/_doc/2", json!({})).await.0, 404);
//! # Ok(())
//! # }
//! ```
//!
//! # Let a scroll expire
//!
//! With a paused clock nobody waits for it.
//!
//! ```
//! use std::time::Duration;
//! use es_testkit::Cluster;
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().simulated()?;
//! send(&cluster, "PUT", "/books/_doc/1", json!({})).await;
//! let (_, page) = send(&cluster, "POST", "/books/_search?scroll=1m", json!({})).await;
//! tokio::time::advance(Duration::from_secs(61)).await;
//! let next = json!({"scroll_id": page["_scroll_id"], "scroll": "1m"});
//! assert_eq!(send(&cluster, "POST", "/_search/scroll", next).await.0, 404);
//! # Ok(())
//! # }
//! ```
//!
//! # Read a frozen view while others write
//!
//! ```
//! use es_testkit::Cluster;
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().simulated()?;
//! send(&cluster, "PUT", "/books/_doc/1", json!({})).await;
//! let (_, pit) = send(&cluster, "POST", "/books/_pit?keep_alive=1m", json!({})).await;
//! send(&cluster, "PUT", "/books/_doc/2", json!({})).await;
//! let search = json!({"pit": {"id": pit["id"]}});
//! let (_, found) = send(&cluster, "POST", "/_search", search).await;
//! assert_eq!(found["hits"]["total"]["value"], 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Write to a data stream and roll it over
//!
//! ```
//! use es_testkit::Cluster;
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().simulated()?;
//! let template = json!({"index_patterns": ["logs-*"], "data_stream": {}, "priority": 500});
//! send(&cluster, "PUT", "/_index_template/logs", template).await;
//! let event = json!({"@timestamp": "2026-01-01T00:00:00Z", "message": "started"});
//! assert_eq!(send(&cluster, "POST", "/logs-app/_doc", event).await.0, 201);
//! let (_, rolled) = send(&cluster, "POST", "/logs-app/_rollover", json!({})).await;
//! assert_eq!(rolled["rolled_over"], true);
//! // A document without a timestamp is refused.
//! assert_eq!(send(&cluster, "POST", "/logs-app/_doc", json!({})).await.0, 400);
//! # Ok(())
//! # }
//! ```
//!
//! # Change documents with a pipeline
//!
//! ```
//! use es_testkit::Cluster;
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().simulated()?;
//! let pipeline = json!({"processors": [{"lowercase": {"field": "mail"}}]});
//! send(&cluster, "PUT", "/_ingest/pipeline/mail", pipeline).await;
//! send(&cluster, "PUT", "/users/_doc/1?pipeline=mail", json!({"mail": "A@B.EU"})).await;
//! let (_, user) = send(&cluster, "GET", "/users/_source/1", json!({})).await;
//! assert_eq!(user["mail"], "a@b.eu");
//! # Ok(())
//! # }
//! ```
//!
//! # Switch an alias
//!
//! Both actions take effect together.
//!
//! ```
//! use es_testkit::Cluster;
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().simulated()?;
//! send(&cluster, "PUT", "/books-1", json!({"aliases": {"books": {}}})).await;
//! send(&cluster, "PUT", "/books-2/_doc/1", json!({"title": "Dune"})).await;
//! let actions = json!({"actions": [
//!     {"remove": {"index": "books-1", "alias": "books"}},
//!     {"add": {"index": "books-2", "alias": "books"}},
//! ]});
//! assert_eq!(send(&cluster, "POST", "/_aliases", actions).await.0, 200);
//! assert_eq!(send(&cluster, "GET", "/books/_count", json!({})).await.1["count"], 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Count by month
//!
//! ```
//! use es_testkit::Cluster;
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().simulated()?;
//! for (id, day) in ["2026-01-03", "2026-01-20", "2026-02-01"].iter().enumerate() {
//!     send(&cluster, "PUT", &format!("/sales/_doc/{id}"), json!({"day": day})).await;
//! }
//! let months = json!({"date_histogram": {"field": "day", "calendar_interval": "month"}});
//! let search = json!({"size": 0, "aggs": {"months": months}});
//! let (_, found) = send(&cluster, "POST", "/sales/_search", search).await;
//! assert_eq!(found["aggregations"]["months"]["buckets"][0]["doc_count"], 2);
//! # Ok(())
//! # }
//! ```
//!
//! # Find the nearest vectors
//!
//! ```
//! use es_testkit::Cluster;
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().simulated()?;
//! let vector = json!({"type": "dense_vector", "dims": 2, "similarity": "l2_norm"});
//! send(&cluster, "PUT", "/points", json!({"mappings": {"properties": {"v": vector}}})).await;
//! send(&cluster, "PUT", "/points/_doc/near", json!({"v": [1, 1]})).await;
//! send(&cluster, "PUT", "/points/_doc/far", json!({"v": [9, 9]})).await;
//! let search = json!({"knn": {"field": "v", "query_vector": [0, 0], "k": 1, "num_candidates": 10}});
//! let (_, found) = send(&cluster, "POST", "/points/_search", search).await;
//! assert_eq!(found["hits"]["hits"][0]["_id"], "near");
//! # Ok(())
//! # }
//! ```
//!
//! # Meet a feature that the test kit does not have
//!
//! ```
//! use es_testkit::Cluster;
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().simulated()?;
//! send(&cluster, "PUT", "/books/_doc/1", json!({})).await;
//! let search = json!({"runtime_mappings": {"x": {"type": "long"}}});
//! let (status, error) = send(&cluster, "POST", "/books/_search", search).await;
//! assert_eq!(status, 400);
//! assert!(error["error"]["reason"].as_str().unwrap().starts_with("es-testkit does not support"));
//! # Ok(())
//! # }
//! ```
//!
//! # Speak as an older version
//!
//! ```
//! use es_testkit::Cluster;
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().version("7.17.9").simulated()?;
//! let (_, info) = send(&cluster, "GET", "/", Value::Null).await;
//! assert_eq!(info["version"]["number"], "7.17.9");
//! # Ok(())
//! # }
//! ```
//!
//! # Refuse one search in three
//!
//! The fault sees each request.
//!
//! ```
//! use std::sync::atomic::{AtomicUsize, Ordering};
//! use es_testkit::{Cluster, Fault};
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().simulated()?;
//! let count = AtomicUsize::new(0);
//! let busy = Fault::status(429)
//!     .on_path("_search")
//!     .when(move |_| count.fetch_add(1, Ordering::Relaxed) % 3 == 2);
//! cluster.node(0).inject(busy);
//! let mut statuses = Vec::new();
//! for _ in 0..3 {
//!     statuses.push(send(&cluster, "POST", "/_search", json!({})).await.0);
//! }
//! assert_eq!(statuses, [200, 200, 429]);
//! # Ok(())
//! # }
//! ```
//!
//! # Lose a response after the write
//!
//! A client that repeats it must find the document.
//!
//! ```
//! use es_testkit::{Cluster, Fault};
//!
//! # mod recipe { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/send.rs")); }
//! # use recipe::*;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::builder().simulated()?;
//! cluster.node(0).inject(Fault::reset().after_processing().once());
//! let request = http::Request::put(format!("{}/books/_create/1", cluster.node(0).url()))
//!     .header("content-type", "application/json")
//!     .body(String::from("{}"))?;
//! assert!(cluster.service().oneshot(request).await.is_err());
//! assert_eq!(send(&cluster, "PUT", "/books/_create/1", json!({})).await.0, 409);
//! # Ok(())
//! # }
//! ```
