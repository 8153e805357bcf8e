//! SQL and ES|QL: no page, row or column is lost without an error.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use es_client::Error;
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::helpers::{Seen, responding};

fn page(rows: &[i64], cursor: Option<&str>) -> (u16, Value) {
    let columns = json!([{"name": "n", "type": "long"}]);
    let rows: Vec<_> = rows.iter().map(|n| [n]).collect();
    let page = json!({"columns": columns, "rows": rows, "cursor": cursor});
    (200, page)
}

/// A later page, without columns.
fn later(rows: &[i64], cursor: Option<&str>) -> (u16, Value) {
    let (status, mut page) = page(rows, cursor);
    page.as_object_mut().unwrap().remove("columns");
    (status, page)
}

fn error(status: u16, kind: &str) -> (u16, Value) {
    let error = json!({"type": kind, "reason": "why"});
    (status, json!({"error": error, "status": status}))
}

const LOST: (u16, Value) = (0, Value::Null);

fn closed() -> (u16, Value) {
    (200, json!({"succeeded": true}))
}

/// Returns the rows before an error, the error, and the requests, of which the last one
/// may close the cursor.
async fn read(responses: Vec<(u16, Value)>) -> (Vec<i64>, Option<Error>, Vec<String>) {
    let expected = responses.len();
    let (client, seen) = responding(responses);
    let mut stream = client.helpers().sql("SELECT n FROM i").stream::<i64>();
    let (mut rows, mut error) = (Vec::new(), None);
    while let Some(row) = stream.next().await {
        assert!(error.is_none(), "an error is the last item");
        match row {
            Ok(row) => rows.push(row),
            Err(failed) => error = Some(failed),
        }
    }
    drop(stream);
    (rows, error, requests(&seen, expected).await)
}

/// Waits for so many requests.
async fn requests(seen: &Seen, expected: usize) -> Vec<String> {
    for _ in 0..1_000 {
        if seen.lock().unwrap().len() >= expected {
            break;
        }
        tokio::task::yield_now().await;
    }
    let seen = seen.lock().unwrap();
    let shown = seen.iter().map(|(line, body)| format!("{line} {body}"));
    shown.collect()
}

const FIRST: &str = r#"POST /_sql {"query":"SELECT n FROM i"}"#;
const SECOND: &str = r#"POST /_sql {"cursor":"c1"}"#;
const CLOSE: &str = r#"POST /_sql/close {"cursor":"c1"}"#;

#[tokio::test(start_paused = true)]
async fn refused_page_is_requested_with_the_same_cursor() {
    let refused = error(429, "es_rejected_execution_exception");
    let pages = vec![page(&[1], Some("c1")), refused, later(&[2], None)];
    let (rows, error, requests) = read(pages).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(rows, [1, 2]);
    assert_eq!(requests, [FIRST, SECOND, SECOND]);
}

#[tokio::test(start_paused = true)]
async fn lost_page_is_an_error_and_its_cursor_is_closed() {
    let expired = error(404, "search_context_missing_exception");
    for failed in [LOST, error(503, "unavailable"), expired] {
        let pages = vec![page(&[1], Some("c1")), failed, closed()];
        let (rows, error, requests) = read(pages).await;
        assert_eq!(rows, [1]);
        assert!(error.is_some());
        assert_eq!(requests, [FIRST, SECOND, CLOSE]);
    }
}

#[tokio::test(start_paused = true)]
async fn stream_dropped_during_a_request_closes_the_cursor() {
    let pages = [page(&[1], Some("c1")), (1, Value::Null), closed()];
    let (client, seen) = responding(pages);
    let mut stream = client.helpers().sql("SELECT n FROM i").stream::<i64>();
    assert_eq!(stream.next().await.unwrap().unwrap(), 1);
    let second = std::time::Duration::from_secs(1);
    let second = tokio::time::timeout(second, stream.next()).await;
    assert!(second.is_err());
    drop(stream);
    assert_eq!(requests(&seen, 3).await, [FIRST, SECOND, CLOSE]);
}

#[tokio::test(start_paused = true)]
async fn unreadable_page_closes_the_cursor() {
    let unreadable = [
        json!({"error": {"type": "x_exception", "reason": "why"}, "status": 500}),
        json!("{\"rows\": [[2"),
        json!({}),
    ];
    for response in unreadable {
        let pages = vec![page(&[1], Some("c1")), (200, response), closed()];
        let (rows, error, requests) = read(pages).await;
        assert_eq!(rows, [1]);
        let error = error.unwrap();
        assert!(error.is_decode() || error.as_api().is_some(), "{error}");
        assert_eq!(requests, [FIRST, SECOND, CLOSE]);
    }
}

#[tokio::test(start_paused = true)]
async fn empty_page_with_a_cursor_is_not_the_end() {
    let pages = vec![
        page(&[], Some("c1")),
        later(&[], Some("c1")),
        later(&[1], Some("")),
    ];
    let (rows, error, requests) = read(pages).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(rows, [1]);
    assert_eq!(requests, [FIRST, SECOND, SECOND]);
}

/// As a query with `wait_for_completion_timeout` responds.
#[tokio::test(start_paused = true)]
async fn query_that_has_not_ended_is_an_error() {
    for (is_running, reason) in [(true, "has not ended"), (false, "ended early")] {
        let response = json!({"id": "x", "is_partial": true, "is_running": is_running,
            "rows": []});
        let (rows, error, _) = read(vec![(200, response)]).await;
        assert_eq!(rows, [0; 0]);
        let error = error.unwrap();
        assert!(
            error.is_partial() && error.to_string().contains(reason),
            "{error}"
        );
    }
    let ended = json!({"id": "x", "is_partial": false, "is_running": false,
        "columns": [{"name": "n", "type": "long"}], "rows": [[1]]});
    let (rows, error, _) = read(vec![(200, ended)]).await;
    assert_eq!((rows, error.is_none()), (vec![1], true));
}

/// A result with so many rows, in three formats.
async fn results(query: &str, param: Option<u32>, rows: usize) -> Vec<Option<Error>> {
    let table = json!({"columns": [{"name": "n", "type": "long"}], "values": vec![[1]; rows]});
    let csv = json!(format!("n\r\n{}", "1\r\n".repeat(rows)));
    let (client, _) = responding([(200, table), (200, csv)]);
    let query = || {
        let query = client.helpers().esql(query);
        match param {
            Some(param) => query.param("most", param),
            None => query,
        }
    };
    let (table, csv) = (query().rows::<i64>().await, query().csv().await);
    vec![table.err(), csv.err()]
}

/// The server returns at most 10,000 rows, and does not say that there are more.
#[tokio::test]
async fn result_of_the_most_rows_is_an_error_unless_asked_for() {
    let whole = [
        ("FROM i | LIMIT 100000", None, 9_999),
        ("FROM i | LIMIT 10000", None, 10_000),
        ("FROM i | limit 10000 | KEEP n", None, 10_000),
        ("FROM i | LIMIT ?most", Some(10_000), 10_000),
        ("FROM i | LIMIT 100000", None, 20_000),
    ];
    for (query, param, rows) in whole {
        for error in results(query, param, rows).await {
            assert!(error.is_none(), "{query}: {error:?}");
        }
    }
    let cut = [
        ("FROM i | LIMIT 100000", None),
        ("FROM i | LIMIT 5000 | MV_EXPAND tags", None),
        ("FROM i | LIMIT ?most", Some(50_000)),
    ];
    for (query, param) in cut {
        for error in results(query, param, 10_000).await {
            let error = error.unwrap();
            let words = "the server returns at most 10000 rows";
            assert!(
                error.is_partial() && error.to_string().contains(words),
                "{error}"
            );
        }
    }

    let table = json!({"columns": [{"name": "n", "type": "long"}], "values": vec![[1]; 10_000]});
    let (client, _) = responding([(200, table)]);
    let query = client.helpers().esql("FROM i | LIMIT 20000");
    let table = query.allow_truncated(true).table::<i64>().await.unwrap();
    assert!(table.is_truncated);
}

/// Its values would be read as rows, if there are as many as columns.
#[tokio::test]
async fn columnar_values_are_refused() {
    let (client, seen) = responding([]);
    let query = client.helpers().esql("FROM i | LIMIT 2");
    let error = query.property("columnar", &true).rows::<(i64, i64)>().await;
    assert!(error.unwrap_err().is_invalid());
    assert!(seen.lock().unwrap().is_empty());
}
