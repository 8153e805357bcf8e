//! `GET /`.

use serde_json::json;

use super::call::Call;
use super::error::ApiError;
use super::finish::BUILD_HASH;
use super::reply::Reply;

pub(crate) fn info(call: &Call<'_>) -> Result<Reply, ApiError> {
    let settings = &call.shared.settings;
    let mut version = json!({
        "number": settings.version.to_string(),
        "build_type": "zip",
        "build_hash": BUILD_HASH,
        "build_date": "2026-01-01T00:00:00.000000000Z",
        "build_snapshot": false,
        "lucene_version": settings.version.lucene(),
        "minimum_wire_compatibility_version": format!("{}.19.0", settings.version.major.saturating_sub(1)),
        "minimum_index_compatibility_version": format!("{}.0.0", settings.version.major.saturating_sub(1)),
    });
    let (name, value) = if settings.is_opensearch() {
        ("distribution", "opensearch")
    } else {
        ("build_flavor", "default")
    };
    if let Some(fields) = version.as_object_mut() {
        fields.insert(name.to_owned(), value.into());
    }
    let tagline = if settings.is_opensearch() {
        "The OpenSearch Project: https://opensearch.org/"
    } else {
        "You Know, for Search"
    };
    Ok(Reply::ok(json!({
        "name": call.node.name,
        "cluster_name": settings.cluster_name,
        "cluster_uuid": settings.cluster_uuid,
        "version": version,
        "tagline": tagline,
    })))
}
