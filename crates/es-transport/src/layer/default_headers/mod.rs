//! Headers that every request of a transport carries.
//!
//! | header | value | setting |
//! |---|---|---|
//! | `User-Agent` | `es-transport/0.1.0 (Rust; linux x86_64)` | [`DefaultHeadersLayer::user_agent`] |
//! | `x-elastic-client-meta` | `es=0.1.0,rs=1.88.0,t=0.1.0,hc=1` | [`DefaultHeadersLayer::client_meta`] |
//! | `X-Opaque-Id` | none | [`DefaultHeadersLayer::opaque_id`], [`RequestOptions::opaque_id`] |
//! | any other | none | [`DefaultHeadersLayer::header`], [`RequestOptions::headers`] |
//!
//! **Precedence**, from highest to lowest: headers of the request itself, the request's
//! [options](crate::RequestOptions), the transport's settings. If the options contain
//! credentials ([`RequestOptions::auth`]), this layer adds no `Authorization`, so those
//! credentials are used.
//!
//! The layer belongs *below* retry, so that the copy of the request that retry keeps
//! has few headers. It reserves space for the headers of the layers below, because
//! growing the map later costs more than all insertions.
//!
//! Media types ([`media_type`](super::media_type)), credentials ([`auth`](super::auth))
//! and `Host` are set elsewhere.
//!
//! [`RequestOptions`]: crate::RequestOptions
//! [`RequestOptions::auth`]: crate::RequestOptions::auth
//! [`RequestOptions::headers`]: crate::RequestOptions::headers
//! [`RequestOptions::opaque_id`]: crate::RequestOptions::opaque_id
//!
//! ```
//! use std::convert::Infallible;
//! use es_transport::layer::default_headers::DefaultHeadersLayer;
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # tokio_test::block_on(async {
//! let mut service = ServiceBuilder::new()
//!     .layer(DefaultHeadersLayer::new().opaque_id("nightly-import")?)
//!     .service(service_fn(|request: http::Request<()>| async move {
//!         let id = request.headers()["x-opaque-id"].to_str().map(str::to_owned);
//!         Ok::<_, Infallible>(http::Response::new(id))
//!     }));
//! let response = service.ready().await.unwrap().call(http::Request::new(())).await.unwrap();
//! assert_eq!(response.into_body().unwrap(), "nightly-import");
//! # Ok::<(), es_transport::Error>(())
//! # }).unwrap();
//! ```

mod client_meta;
mod layer;
mod service;

pub use self::{layer::DefaultHeadersLayer, service::DefaultHeaders};
