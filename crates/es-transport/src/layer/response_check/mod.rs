//! Checks that a response comes from Elasticsearch.
//!
//! [`ProductCheckLayer`] checks the header by which Elasticsearch identifies itself;
//! [`RedirectCheckLayer`] turns redirects, which Elasticsearch never sends, into
//! errors.

mod product;
mod redirect;

pub use self::{
    product::{CheckProduct, CheckProductFuture, ProductCheck, ProductCheckLayer},
    redirect::{CheckRedirect, CheckRedirectFuture, RedirectCheckLayer},
};
