//! The request of a batch.

use std::sync::Arc;

use bytes::Bytes;
use es_transport::{Body, RequestOptions, extensions::OperationDetails};
use http::{HeaderValue, Method, Request, header};
use tokio::time::Instant;

use super::{batch::Batch, context::BulkContext};
use crate::{
    endpoint::Idempotency,
    error::{Error, Result},
    helpers::request::{Failed, node_statuses},
    response::Meta,
};

/// Sends a request once, with the transport's own retries for nodes that fail. A busy
/// cluster's refusal (429) is returned at once: the helper slows down itself.
pub(super) async fn send_request(
    context: &BulkContext,
    request: Request<Body>,
) -> Result<(Meta, Bytes), Failed> {
    let started = Instant::now();
    let response = context.client.transport().send(request).await;
    let (parts, body) = response
        .map_err(|error| Failed::without_response(error.into()))?
        .into_parts();
    let node = body.node().cloned();
    let body = body
        .bytes()
        .await
        .map_err(|error| Failed::without_response(error.into()))?;

    let meta = Meta::new(parts, node, started.elapsed());
    if meta.status().is_success() {
        Ok((meta, body))
    } else {
        Err(Failed::refused(Error::api(meta, body)))
    }
}

/// Returns the request that sends a batch.
pub(super) fn build_request<C>(context: &BulkContext, batch: &Batch<C>) -> Result<Request<Body>> {
    let client = &context.client;
    let body = batch.gzip.as_ref().unwrap_or(&batch.body).clone();
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = context.target.clone().into();
    let headers = request.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson"),
    );
    if batch.gzip.is_some() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }

    client.attach_name(&mut request, "bulk");
    if OperationDetails::are_read() {
        details(&context.index, batch.len()).attach(&mut request);
    }
    let is_idempotent = batch.is_idempotent();
    let idempotency = if is_idempotent {
        Idempotency::Yes
    } else {
        Idempotency::ByMethod
    };
    client.attach_options(&mut request, idempotency, false)?;
    let mut options = RequestOptions::of(&request).cloned().unwrap_or_default();
    options.retry_on_status = Some(node_statuses(options.retry_on_status.as_deref()));
    // The caller's setting is about calls in general.
    options.idempotent = Some(is_idempotent);
    options.batch = true;
    Arc::new(options).attach(&mut request);
    if let Some(key) = &batch.key {
        request.extensions_mut().insert(key.clone());
    }
    Ok(request)
}

#[cold]
fn details(index: &str, operations: usize) -> OperationDetails {
    let mut details = OperationDetails::default();
    details.parameters = vec![("index", index.to_owned())];
    // As the conventions say, one operation is no batch.
    details.batch_size = Some(operations).filter(|size| *size > 1);
    details
}
