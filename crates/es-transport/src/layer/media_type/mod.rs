//! Media types and compatibility mode.
//!
//! Elasticsearch answers in the form of an older major version when `Accept`
//! and `Content-Type` name it: `application/vnd.elasticsearch+json;compatible-with=9`.
//! A server takes its own major and the one before (9.x: 9 and 8; 8.x: 8 and
//! 7); 7.17 takes any and answers in its own form; OpenSearch refuses all of
//! them in `Content-Type`. How a transport deals with that is its
//! [`CompatibilityMode`].
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
//! A server that refuses the type answers 406, or 400 with
//! `media_type_header_exception`. In [`CompatibilityMode::Negotiated`] the
//! request is then sent again with what the server takes, which the transport
//! remembers. In the other modes the refusal becomes an [error] that says
//! which setting to change. For this the body of a 400 is read (at most 64
//! KiB) and handed on as it was.
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
//! let answer = service.ready().await?.call(http::Request::new(Body::empty())).await?;
//! let body = answer.into_body().bytes().await?;
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
