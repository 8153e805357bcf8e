//! Media types and compatibility mode.
//!
//! With the REST API compatibility of Elasticsearch, a client names the major version
//! whose formats it uses in `Accept` and `Content-Type`:
//! `application/vnd.elasticsearch+json;compatible-with=9`. A server accepts its own
//! major version and the previous one (9.x: 9 and 8; 8.x: 8 and 7). 7.17 accepts any
//! version and responds in its own format; OpenSearch rejects such values in
//! `Content-Type`. The [`CompatibilityMode`] of a transport selects the version.
//!
//! For each request:
//! - `Accept` and, if there is a body, `Content-Type` are set to the media type of the
//!   mode. A body without a `Content-Type` is JSON; `application/json` and
//!   `application/x-ndjson` are replaced by their versioned form.
//! - Other values that the caller set are kept. If only one of the two headers is set,
//!   the other one follows it, because the server rejects a request in which only one
//!   of the two names a version, or both name different ones.
//! - [`RequestOptions::media_type`](crate::RequestOptions::media_type) replaces both.
//!
//! A server that rejects the media type responds with 406, or with 400 and
//! `media_type_header_exception`. With [`CompatibilityMode::Negotiated`], the request
//! is then retried with a version that the server accepts, which the transport
//! remembers. With the other modes, the request fails with an [error] that names the
//! setting to change. To detect this, the body of a response with status 400 is read
//! (at most 64 KiB) and forwarded unchanged.
//!
//! [error]: crate::Error::is_media_type
//!
//! ```
//! use std::convert::Infallible;
//! use es_transport::{Body, layer::media_type::{CompatibilityMode, MediaTypeLayer}};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # tokio_test::block_on(async {
//! let mut service = ServiceBuilder::new()
//!     .layer(MediaTypeLayer::new(CompatibilityMode::Fixed(8)))
//!     .service(service_fn(|request: http::Request<Body>| async move {
//!         let accept = request.headers()["accept"].to_str().unwrap().to_owned();
//!         Ok::<_, Infallible>(http::Response::new(Body::from(accept)))
//!     }));
//! let response = service.ready().await?.call(http::Request::new(Body::empty())).await?;
//! let body = response.into_body().bytes().await?;
//! assert_eq!(body, "application/vnd.elasticsearch+json;compatible-with=8");
//! # Ok::<(), es_transport::Error>(())
//! # }).unwrap();
//! ```

mod future;
mod layer;
mod mode;
mod negotiate;
mod refusal;
mod service;
mod types;

pub use self::{
    future::ResponseFuture,
    layer::MediaTypeLayer,
    mode::{API_VERSIONING, CompatibilityMode},
    service::MediaType,
};
