//! A service under a layer, whose inner service is played by the test.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use es_transport::{Body, Error};
use http::{Request, Response};
use tower::{Layer, Service, ServiceExt};
use tower_test::mock::{self, Mock};

/// The inner service.
pub(crate) type Inner = Mock<Request<Body>, Response<Body>>;

/// Sends `request` through `layer` over an inner service that gives these
/// responses, one per request. Returns what came out and what went in.
///
/// # Panics
/// If the layer sends fewer or more requests than there are responses.
pub(crate) async fn exchange<L, RB>(
    layer: &L,
    request: Request<Body>,
    responses: Vec<Response<Body>>,
) -> (Result<Response<RB>, Error>, Vec<Request<Body>>)
where
    L: Layer<Inner>,
    L::Service: Service<Request<Body>, Response = Response<RB>>,
    <L::Service as Service<Request<Body>>>::Error: Into<es_transport::BoxError>,
{
    let (inner, mut handle) = mock::pair();
    let service = layer.layer(inner);
    let server = async move {
        let mut seen = Vec::new();
        for response in responses {
            let (request, respond) = handle.next_request().await.expect("fewer requests");
            seen.push(request);
            respond.send_response(response);
        }
        // The service is gone when its response is there: nothing else may come.
        assert!(
            handle.next_request().await.is_none(),
            "more requests than responses"
        );
        seen
    };
    let call = async move { service.oneshot(request).await.map_err(Error::from_service) };
    tokio::join!(call, server)
}
