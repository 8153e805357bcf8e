//! Lambda's runtime API, as the service offers it to a function's process:
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc, oneshot};

type Ended = Result<Value, Value>;

/// An invocation that waits for the function.
struct Invocation {
    id: String,
    event: String,
    ended: oneshot::Sender<Ended>,
}

struct Shared {
    waiting: Mutex<mpsc::Receiver<Invocation>>,
    running: Mutex<HashMap<String, oneshot::Sender<Ended>>>,
}

/// The runtime API on a port of loopback.
pub(crate) struct LambdaApi {
    /// Its address, for `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) address: String,
    invocations: mpsc::Sender<Invocation>,
}

impl LambdaApi {
    pub(crate) async fn start() -> Self {
        let (invocations, waiting) = mpsc::channel(1);
        let shared = Shared {
            waiting: Mutex::new(waiting),
            running: Mutex::default(),
        };
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(response),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(Arc::new(shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self {
            address,
            invocations,
        }
    }

    /// Invokes the function; its error is an error.
    pub(crate) async fn invoke(&self, id: &str, event: String) -> Ended {
        let (ended, end) = oneshot::channel();
        let invocation = Invocation {
            id: id.to_owned(),
            event,
            ended,
        };
        assert!(self.invocations.send(invocation).await.is_ok());
        tokio::time::timeout(Duration::from_secs(20), end)
            .await
            .unwrap()
            .unwrap()
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let Some(invocation) = shared.waiting.lock().await.recv().await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let deadline = SystemTime::now() + Duration::from_secs(10);
    let deadline = deadline
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis()
        .to_string();
    shared
        .running
        .lock()
        .await
        .insert(invocation.id.clone(), invocation.ended);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:orders".to_owned();
    let headers = [
        ("lambda-runtime-aws-request-id", invocation.id),
        ("lambda-runtime-deadline-ms", deadline),
        ("lambda-runtime-invoked-function-arn", arn),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned(),
        ),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, invocation.event).into_response()
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    shared
        .end(&id, Ok(serde_json::from_slice(&body).unwrap()))
        .await
}

async fn error(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    shared
        .end(&id, Err(serde_json::from_slice(&body).unwrap()))
        .await
}

impl Shared {
    async fn end(&self, id: &str, ended: Ended) -> StatusCode {
        match self.running.lock().await.remove(id) {
            Some(running) => {
                let _ = running.send(ended);
                StatusCode::ACCEPTED
            }
            None => StatusCode::NOT_FOUND,
        }
    }
}
