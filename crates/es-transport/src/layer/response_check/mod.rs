//! Checks that a response comes from Elasticsearch.
//!
//! [`ProductCheckLayer`] looks for the header by which Elasticsearch names itself;
//! [`RedirectCheckLayer`] turns a redirect, which Elasticsearch never sends, into an
//! error.

mod product;
mod redirect;

pub use self::{
    product::{CheckProduct, CheckProductFuture, ProductCheck, ProductCheckLayer},
    redirect::{CheckRedirect, CheckRedirectFuture, RedirectCheckLayer},
};
