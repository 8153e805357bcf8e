//! The choice among the live nodes: the trait and the selectors that come with it.
//!
//! | selector | chooses | reads the load |
//! |---|---|---|
//! | [`RoundRobin`] (default) | one after the other | no |
//! | [`Random`] | any | no |
//! | [`LeastInFlight`] | the one with the fewest requests in flight | yes |
//! | [`PeakEwma`] | of two random ones the one that promises the earlier answer | yes |
//! | [`Sticky`] | the same again; by the request's hint if it has one | no |
//! | [`PreferAttribute`] | among the nodes with an attribute (zone), else all | as its inner one |
//!
//! A closure is a selector too:
//!
//! ```
//! use es_transport::{Node, NodePool, node::{Candidates, RequestContext}};
//!
//! let nodes = ["http://a:9200", "http://b:9200"].map(|url| url.parse::<Node>().unwrap());
//! let pool = NodePool::new(nodes)?;
//! let searches_to_b = |nodes: &Candidates<'_>, request: &RequestContext<'_>| {
//!     if request.path().ends_with("/_search") {
//!         nodes.position(|candidate| candidate.node().host() == "b").unwrap_or(0)
//!     } else {
//!         nodes.least_in_flight()
//!     }
//! };
//! let request = RequestContext::new(&http::Method::GET, "/products/_search");
//! assert_eq!(pool.select(&searches_to_b, &request).node().host(), "b");
//! # Ok::<(), es_transport::Error>(())
//! ```

mod context;
mod least_in_flight;
mod node_selector;
mod peak_ewma;
mod prefer_attribute;
mod random;
mod round_robin;
mod sticky;

pub use self::{
    context::RequestContext,
    least_in_flight::LeastInFlight,
    node_selector::{AttemptEnd, NodeSelector, SharedSelector},
    peak_ewma::PeakEwma,
    prefer_attribute::PreferAttribute,
    random::Random,
    round_robin::RoundRobin,
    sticky::Sticky,
};
