//! Errors in the place of responses.

use es_client::{
    ApiError, Error, Response, SearchResponse,
    types::{
        Acknowledged, AsyncSearchResponse, BulkResponse, CatIndices, CountResponse, GetResponse,
        IndexStates,
    },
};
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::responses::try_read;

fn refused<T: DeserializeOwned>(body: &str) -> Option<String> {
    let error = try_read::<T>(body).err()?;
    error
        .as_api()
        .map(|api| api.reason.clone().unwrap_or_default())
}

#[test]
fn an_error_with_status_200_is_no_empty_response() {
    let body = r#"{"error":{"type":"t","reason":"no"},"status":500}"#;
    assert_eq!(
        refused::<SearchResponse<Value>>(body).as_deref(),
        Some("no")
    );
    assert_eq!(refused::<CountResponse>(body).as_deref(), Some("no"));
    assert_eq!(refused::<BulkResponse>(body).as_deref(), Some("no"));
    assert_eq!(refused::<GetResponse<Value>>(body).as_deref(), Some("no"));
    assert_eq!(
        refused::<AsyncSearchResponse<Value>>(body).as_deref(),
        Some("no")
    );
    assert_eq!(refused::<IndexStates>(body).as_deref(), Some("no"));
    assert_eq!(refused::<Vec<CatIndices>>(body).as_deref(), Some("no"));
    let proxy = r#"{"message":"Service Unavailable"}"#;
    assert_eq!(
        refused::<BulkResponse>(proxy).as_deref(),
        Some("Service Unavailable")
    );
    assert_eq!(
        refused::<Acknowledged>(proxy).as_deref(),
        Some("Service Unavailable")
    );
}

#[test]
fn a_bad_status_is_an_error_even_if_it_was_ignored() {
    let body = r#"{"error":{"type":"index_not_found_exception","reason":"no"},"status":404}"#;
    let response = Response::new(StatusCode::NOT_FOUND, body);
    assert!(
        response
            .json::<SearchResponse<Value>>()
            .unwrap_err()
            .is_not_found()
    );
    assert!(response.json::<CountResponse>().unwrap_err().is_not_found());
    assert_eq!(response.json::<Value>().unwrap()["status"], 404);
    let response = Response::new(StatusCode::NOT_FOUND, r#"{"_id":"1","found":false}"#);
    assert_eq!(
        response.json::<GetResponse<Value>>().unwrap().found,
        Some(false)
    );
}

#[test]
fn one_error_type_takes_all() {
    #[derive(Debug)]
    struct App(#[expect(dead_code, reason = "shown by Debug")] Error);

    impl<E: Into<Error>> From<E> for App {
        fn from(error: E) -> Self {
            Self(error.into())
        }
    }

    fn run(found: &SearchResponse<u8>) -> Result<Option<f64>, App> {
        for document in found.documents() {
            document?;
        }
        Ok(found.aggs().avg("none")?)
    }
    assert!(run(&SearchResponse::default()).is_err());
}

#[test]
fn tests_can_make_errors() {
    let error = Error::from(ApiError::new(StatusCode::CONFLICT, "{}"));
    assert!(error.is_conflict());
    assert_eq!(error.to_string(), "Elasticsearch returned 409 Conflict");
}
