//! Credentials become the `Authorization` header.
//!
//! They are fixed ([`AuthLayer::new`]), none ([`AuthLayer::none`]) or made by a
//! [`CredentialsProvider`] ([`AuthLayer::provider`]).
//!
//! **Precedence**, first to last:
//! 1. an `Authorization` header on the request itself, which stays as it is;
//! 2. the request's [`RequestOptions::auth`]: credentials, or none at all;
//! 3. headers among the options, then the transport's own default headers,
//!    which [`default_headers`](super::default_headers) writes above;
//! 4. the credentials of this layer;
//! 5. the user info of the chosen node's URL, which node selection adds below.
//!
//! **A provider** is called when the first request needs it. Its credentials are cached
//! until they expire or a server responds with 401; requests that arrive meanwhile wait
//! for the one call that is running. After a 401 the provider is called once more, and
//! if it returns other credentials, the request is retried once, provided that its body
//! can be cloned ([`TryCloneBody`](crate::TryCloneBody)). If a provider fails, the
//! request fails with a [credentials error], and nothing was sent. The error's source is
//! the provider's own error, which therefore must not contain a secret.
//!
//! The layer sets no time limit for a provider. The total deadline covers it.
//!
//! [`RequestOptions::auth`]: crate::RequestOptions::auth
//! [credentials error]: crate::Error::is_credentials
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//! use es_transport::{BoxError, Credentials, layer::auth::{AuthLayer, Provided}};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # tokio_test::block_on(async {
//! // An async closure is a provider; so is any type that implements the trait.
//! let provider = || async {
//!     let token = Credentials::bearer("a-fresh-token")?;
//!     Ok::<_, BoxError>(Provided::from(token).expires_in(Duration::from_secs(600)))
//! };
//! let mut service = ServiceBuilder::new()
//!     .layer(AuthLayer::provider(provider))
//!     .service(service_fn(|request: http::Request<()>| async move {
//!         let sent = request.headers()["authorization"].clone();
//!         Ok::<_, Infallible>(http::Response::new(sent))
//!     }));
//! let response = service.ready().await?.call(http::Request::new(())).await?;
//! assert_eq!(response.body(), "Bearer a-fresh-token");
//! assert_eq!(format!("{:?}", response.body()), "Sensitive");
//! # Ok::<(), es_transport::Error>(())
//! # }).unwrap();
//! ```

mod cache;
mod future;
mod layer;
mod provider;
mod service;

pub use self::{
    future::ResponseFuture,
    layer::AuthLayer,
    provider::{CredentialsProvider, Provided, ProviderFuture},
    service::Auth,
};
