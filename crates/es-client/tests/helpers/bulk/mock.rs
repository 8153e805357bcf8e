//! A cluster in a function: it keeps what was written, and fails on demand.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use es_client::Elasticsearch;
use es_transport::{
    Body, BoxError,
    node::{Candidates, NodeSelector, RequestContext},
};
use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

/// The end of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// It is carried out, and its response arrives.
    Succeeds,
    /// It is refused as a whole with this status.
    Status(u16),
    /// Refused with 429 and this `Retry-After`.
    Busy(u64),
    /// It is not carried out, and the connection breaks.
    LostBefore,
    /// It is carried out, and the response is lost.
    LostAfter,
    /// Every n-th operation of it, counted from this one, gets this status.
    Items {
        first: usize,
        every: usize,
        status: u16,
    },
    /// The response is 200 with this body.
    Body(&'static str),
}

/// One operation as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) action: String,
    pub(crate) meta: Value,
    pub(crate) document: Value,
}

type Plan = Box<dyn FnMut(usize, &[Arrived]) -> Fate + Send>;

#[derive(Default)]
pub(crate) struct State {
    /// Every request: its target and its operations.
    pub(crate) requests: Vec<(String, Vec<Arrived>)>,
    /// Number of times each document was written, by its `n`.
    pub(crate) writes: BTreeMap<u64, u32>,
    /// The documents, by id; those without get one.
    pub(crate) documents: BTreeMap<String, Value>,
    /// The id and the `n` of every write, in their order.
    pub(crate) log: Vec<(String, u64)>,
    plan: Option<Plan>,
    in_flight: usize,
    /// The largest number of requests in flight at the same time.
    pub(crate) most_in_flight: usize,
}

#[derive(Clone, Default)]
pub(crate) struct Mock(Arc<Mutex<State>>);

impl Mock {
    /// A cluster whose requests end as the plan says, which sees their number
    /// (from 0) and their operations.
    pub(crate) fn new(plan: impl FnMut(usize, &[Arrived]) -> Fate + Send + 'static) -> Self {
        let mock = Self::default();
        mock.state().plan = Some(Box::new(plan));
        mock
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn client(&self) -> Elasticsearch {
        let mock = self.clone();
        Elasticsearch::from_service(tower::service_fn(move |request: Request<Body>| {
            mock.clone().request(request)
        }))
    }

    /// A client of this many nodes, which retries as usual, and whose selector finds the
    /// node of an id.
    pub(crate) fn client_of_nodes(
        &self,
        nodes: usize,
        node_of: impl Fn(&str) -> Option<Arc<str>> + Send + Sync + 'static,
    ) -> Elasticsearch {
        let mock = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let mock = mock.clone();
            async move {
                let mut response = match *request.method() {
                    Method::GET => response(200, json!({"version": {"number": "9.2.0"}})),
                    _ => mock.request(request).await?,
                };
                let product = HeaderValue::from_static("Elasticsearch");
                response.headers_mut().insert("x-elastic-product", product);
                Ok::<_, BoxError>(response)
            }
        });
        Elasticsearch::builder()
            .nodes((0..nodes).map(|n| format!("http://node-{n}:9200")))
            .http_service(service)
            .node_selector(by_id(node_of))
            .build()
            .unwrap()
    }

    async fn request(self, request: Request<Body>) -> Result<Response<Full<Bytes>>, BoxError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        self.state().begin();
        // Others may send before this response.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        let mut state = self.state();
        state.in_flight -= 1;
        state.respond(parts.uri.to_string(), &body)
    }

    /// The numbers of the operations of each request.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.state()
            .requests
            .iter()
            .map(|(_, operations)| operations.len())
            .collect()
    }
}

type NodeOf = Box<dyn Fn(&str) -> Option<Arc<str>> + Send + Sync>;

/// A node selector that knows where each id is written.
struct ById(NodeOf);

pub(crate) fn by_id(
    node_of: impl Fn(&str) -> Option<Arc<str>> + Send + Sync + 'static,
) -> impl NodeSelector {
    ById(Box::new(node_of))
}

impl NodeSelector for ById {
    fn select(&self, _: &Candidates<'_>, _: &RequestContext<'_>) -> usize {
        0
    }

    fn write_node(&self, _: &str, id: Option<&str>, _: Option<&str>) -> Option<Arc<str>> {
        self.0(id?)
    }

    fn knows_shards(&self) -> bool {
        true
    }
}

impl State {
    fn begin(&mut self) {
        self.in_flight += 1;
        self.most_in_flight = self.most_in_flight.max(self.in_flight);
    }

    fn respond(&mut self, target: String, body: &[u8]) -> Result<Response<Full<Bytes>>, BoxError> {
        let operations = parse(body);
        let number = self.requests.len();
        let fate = match &mut self.plan {
            Some(plan) => plan(number, &operations),
            None => Fate::Succeeds,
        };
        self.requests.push((target, operations.clone()));
        let lost = || io::Error::from(io::ErrorKind::ConnectionReset);
        let refused = |status: u16| json!({"error": {"type": "refused", "reason": "as told"}, "status": status});
        Ok(match fate {
            Fate::Succeeds => response(200, self.carry_out(&operations, |_| None)),
            Fate::Items {
                first,
                every,
                status,
            } => {
                let fails = |at: usize| at >= first && (at - first).is_multiple_of(every);
                response(
                    200,
                    self.carry_out(&operations, |at| fails(at).then_some(status)),
                )
            }
            Fate::Status(status) => response(status, refused(status)),
            Fate::Busy(seconds) => {
                let mut busy = response(429, refused(429));
                busy.headers_mut().insert("retry-after", seconds.into());
                busy
            }
            Fate::LostBefore => return Err(lost().into()),
            Fate::LostAfter => {
                self.carry_out(&operations, |_| None);
                return Err(lost().into());
            }
            Fate::Body(text) => Response::new(Full::from(text)),
        })
    }

    fn carry_out(&mut self, operations: &[Arrived], fails: impl Fn(usize) -> Option<u16>) -> Value {
        let mut errors = false;
        let items: Vec<_> = (operations.iter().enumerate())
            .map(|(at, operation)| {
                let made = format!("made-{}", self.documents.len());
                let id = operation.meta["_id"].as_str().unwrap_or(&made).to_owned();
                let exists = operation.action == "create" && self.documents.contains_key(&id);
                let status = fails(at).or(exists.then_some(409));
                let outcome = match status {
                    Some(status) => {
                        errors = true;
                        json!({"_index": "i", "_id": id, "status": status,
                            "error": {"type": "told", "reason": "as told"}})
                    }
                    None => {
                        let number = operation.document["n"].as_u64().unwrap_or(u64::MAX);
                        *self.writes.entry(number).or_default() += 1;
                        self.log.push((id.clone(), number));
                        self.documents
                            .insert(id.clone(), operation.document.clone());
                        json!({"_index": "i", "_id": id, "status": 201, "result": "created",
                            "_version": 1, "_seq_no": 0, "_primary_term": 1})
                    }
                };
                json!({ &*operation.action: outcome })
            })
            .collect();
        json!({"errors": errors, "took": 1, "items": items})
    }
}

fn response(status: u16, body: Value) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .body(Full::from(body.to_string()))
        .unwrap()
}

fn parse(body: &[u8]) -> Vec<Arrived> {
    assert!(body.ends_with(b"\n"));
    let mut lines = body[..body.len() - 1].split(|byte| *byte == b'\n');
    let mut operations = Vec::new();
    while let Some(line) = lines.next() {
        let line: Value = serde_json::from_slice(line).unwrap();
        let (action, meta) = line.as_object().unwrap().iter().next().unwrap();
        let document = match action.as_str() {
            "delete" => Value::Null,
            _ => serde_json::from_slice(lines.next().unwrap()).unwrap(),
        };
        operations.push(Arrived {
            action: action.clone(),
            meta: meta.clone(),
            document,
        });
    }
    operations
}
