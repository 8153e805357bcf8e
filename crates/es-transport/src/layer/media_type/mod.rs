//! Media types and compatibility mode.
//!
//! Elasticsearch responds in the form of an older major version if `Accept` and
//! `Content-Type` name it: `application/vnd.elasticsearch+json;compatible-with=9`.
//! A server accepts its own major version and the one before (9.x: 9 and 8; 8.x: 8 and
//! 7); 7.17 accepts any and responds in its own form; OpenSearch refuses all of them in
//! `Content-Type`. The [`CompatibilityMode`] of a transport chooses among them.
//!
//! For each request:
//! - `Accept` and, if there is a body, `Content-Type` get the mode's type. A
//!   body without a `Content-Type` is JSON; `application/json` and
//!   `application/x-ndjson` are written in the mode's form.
//! - Headers of other types stay as the user set them. The one that is missing
//!   then follows the one that is there, because the server refuses a request
//!   in which only one of the two names a version, or both name different ones.
//! - [`RequestOptions::media_type`](crate::RequestOptions::media_type) replaces both.
//!
//! A server that refuses the type responds with 406, or with 400 and
//! `media_type_header_exception`. In [`CompatibilityMode::Negotiated`] the request is
//! then retried with a version that the server accepts, which the transport remembers.
//! In the other modes the refusal becomes an [error] that names the setting to change.
//! For this the body of a 400 is read (at most 64 KiB) and forwarded unchanged.
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
