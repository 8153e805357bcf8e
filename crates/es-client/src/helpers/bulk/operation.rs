use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::outcome::with_causes;
use crate::{
    error::{Error, Result},
    params::{Param, ToParam},
    types::Hit,
};

/// The action of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Writes a document, and replaces an existing one with the same ID.
    Index,
    /// Writes a document, and fails if its ID exists already.
    Create,
    /// Changes an existing document.
    Update,
    /// Deletes it.
    Delete,
}

impl Action {
    /// Returns the name of the action in Elasticsearch's API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// One operation of a bulk request.
///
/// ```
/// use es_client::helpers::bulk::Operation;
/// use serde_json::json;
///
/// let operations = [
///     Operation::index(json!({"title": "trail shoes"})).id("1").routing("shop-7"),
///     Operation::create(json!({"title": "laces"})).pipeline("prices"),
///     Operation::update("1", json!({"price": 80})).retry_on_conflict(3),
///     Operation::delete("2").if_seq_no(17).if_primary_term(1),
/// ];
/// # let _ = operations;
/// ```
///
/// A setting that is given `None` stays as it was.
#[derive(Clone, Debug)]
#[must_use = "an operation is carried out by a bulk helper"]
pub struct Operation<T, C = ()> {
    pub(super) parts: Parts<T>,
    pub(super) context: C,
}

/// The parts of an operation that are sent.
#[derive(Clone, Debug)]
pub(super) struct Parts<T> {
    pub action: Action,
    pub id: Option<String>,
    pub document: Option<T>,
    pub form: Form,
    pub meta: Option<Box<OperationMeta>>,
}

/// The form of an operation's second line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The value itself.
    Whole,
    /// The value as the partial document of an update.
    Partial,
}

/// Metadata that few operations have.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct OperationMeta {
    #[serde(rename = "_index", skip_serializing_if = "Option::is_none")]
    index: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    routing: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_seq_no: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_primary_term: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    require_alias: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_on_conflict: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dynamic_templates: Option<Box<RawValue>>,
    #[serde(skip)]
    pub doc_as_upsert: bool,
    #[serde(skip)]
    pub upsert: Option<Box<RawValue>>,
    #[serde(skip)]
    pub idempotent: Option<bool>,
    /// Why the document is missing.
    #[serde(skip)]
    pub unreadable: Option<String>,
}

impl<T> Operation<T> {
    fn new(action: Action, id: Option<String>, document: Option<T>, form: Form) -> Self {
        Self {
            parts: Parts {
                action,
                id,
                document,
                form,
                meta: None,
            },
            context: (),
        }
    }

    /// Writes a document, and replaces an existing one with the same [ID](Self::id).
    /// Without an ID, the server generates one.
    pub fn index(document: T) -> Self {
        Self::new(Action::Index, None, Some(document), Form::Whole)
    }

    /// Writes a document, and fails (409) if its ID exists already. Data streams accept
    /// no other action.
    pub fn create(document: T) -> Self {
        Self::new(Action::Create, None, Some(document), Form::Whole)
    }

    /// Changes the given fields of an existing document.
    pub fn update(id: impl Into<String>, fields: T) -> Self {
        Self::new(Action::Update, Some(id.into()), Some(fields), Form::Partial)
    }

    /// Changes a document according to `body`, which is the whole second line:
    /// `{"script": …, "upsert": …}`, for example.
    ///
    /// Because a script may have a different effect when it runs twice, an update whose
    /// response was lost is reported as unknown and not retried. If a retry is safe,
    /// set [`idempotent`](Self::idempotent).
    pub fn update_with(id: impl Into<String>, body: T) -> Self {
        Self::new(Action::Update, Some(id.into()), Some(body), Form::Whole)
    }

    /// Deletes a document.
    pub fn delete(id: impl Into<String>) -> Self {
        Self::new(Action::Delete, Some(id.into()), None, Form::Whole)
    }
}

impl<T, C> Operation<T, C> {
    /// Attaches a value that is returned with the operation's
    /// [outcome](super::Outcome::context), such as its offset in a queue.
    pub fn context<D>(self, context: D) -> Operation<T, D> {
        Operation {
            parts: self.parts,
            context,
        }
    }

    fn set(mut self, change: impl FnOnce(&mut OperationMeta)) -> Self {
        change(self.parts.meta.get_or_insert_default());
        self
    }

    fn set_text(self, value: impl ToParam, set: impl FnOnce(&mut OperationMeta, String)) -> Self {
        match value.to_param().into_text() {
            Some(text) => self.set(|meta| set(meta, text.into_owned())),
            None => self,
        }
    }

    fn set_value(self, value: impl ToParam, set: impl FnOnce(&mut OperationMeta, Value)) -> Self {
        match value.to_param().into_json() {
            Some(value) => self.set(|meta| set(meta, value)),
            None => self,
        }
    }

    /// Sets the ID of the document.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.parts.id = Some(id.into());
        self
    }

    /// Sets the index, alias or data stream. Default: that of the helper.
    pub fn in_index(self, index: impl Param<String>) -> Self {
        self.set_text(index, |meta, index| meta.index = Some(index))
    }

    /// Sets the routing value, which determines the shard. Default: the ID.
    pub fn routing(self, routing: impl Param<String>) -> Self {
        self.set_text(routing, |meta, routing| meta.routing = Some(routing))
    }

    /// Sets an external version: the write fails (409) unless it is greater than that
    /// of the document. This is the only way to keep the order of writes to a document
    /// in all cases.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// use es_client::helpers::bulk::Operation;
    ///
    /// // The older change comes last and is refused.
    /// let changes = [(7, "new"), (6, "old")].map(|(version, text)| {
    ///     Operation::index(serde_json::json!({"text": text})).id("1").external_version(version)
    /// });
    /// let report = client.helpers().bulk("messages", changes).await?;
    /// assert!(report.failures[0].result.as_ref().unwrap_err().is_conflict());
    /// assert_eq!(cluster.documents("messages")["1"]["text"], "new");
    /// # Ok(()) }
    /// ```
    pub fn external_version(self, version: impl Param<i64>) -> Self {
        self.version(version, "external")
    }

    /// Sets an [external version](Self::external_version) that may also be equal to that of
    /// the document.
    pub fn external_version_or_equal(self, version: impl Param<i64>) -> Self {
        self.version(version, "external_gte")
    }

    fn version(self, version: impl ToParam, kind: &'static str) -> Self {
        self.set_value(version, |meta, version| {
            (meta.version, meta.version_type) = (Some(version), Some(kind));
        })
    }

    /// Writes only if the document's last change has this sequence number.
    pub fn if_seq_no(self, number: impl Param<i64>) -> Self {
        self.set_value(number, |meta, number| meta.if_seq_no = Some(number))
    }

    /// Writes only if the document's last change has this primary term.
    pub fn if_primary_term(self, term: impl Param<i64>) -> Self {
        self.set_value(term, |meta, term| meta.if_primary_term = Some(term))
    }

    /// Sets the ingest pipeline of the document; `_none` for none.
    pub fn pipeline(self, pipeline: impl Param<String>) -> Self {
        self.set_text(pipeline, |meta, pipeline| meta.pipeline = Some(pipeline))
    }

    /// Sets whether the target must be an alias.
    pub fn require_alias(self, require: impl Param<bool>) -> Self {
        self.set_value(require, |meta, require| meta.require_alias = Some(require))
    }

    /// Sets the number of retries by the server after a version conflict of an update.
    /// Default: 0.
    pub fn retry_on_conflict(self, times: impl Param<i64>) -> Self {
        self.set_value(times, |meta, times| meta.retry_on_conflict = Some(times))
    }

    /// Sets whether an update of a missing document writes the fields as a new
    /// document. Default: `false`.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// use es_client::helpers::bulk::Operation;
    ///
    /// let price = Operation::update("1", serde_json::json!({"price": 80})).doc_as_upsert(true);
    /// assert!(client.helpers().bulk("products", [price]).await?.is_complete());
    /// assert_eq!(cluster.documents("products")["1"]["price"], 80);
    /// # Ok(()) }
    /// ```
    pub fn doc_as_upsert(self, upsert: bool) -> Self {
        self.set(|meta| meta.doc_as_upsert = upsert)
    }

    /// Sets the document that an update writes if the document does not exist.
    ///
    /// # Errors
    /// Returns an error if the document cannot be serialized.
    pub fn upsert(self, document: &impl Serialize) -> Result<Self> {
        let document = raw("upsert", document)?;
        Ok(self.set(|meta| meta.upsert = Some(document)))
    }

    /// Sets which dynamic templates map which fields.
    ///
    /// # Errors
    /// Returns an error if the value cannot be serialized.
    pub fn dynamic_templates(self, templates: &impl Serialize) -> Result<Self> {
        let templates = raw("dynamic_templates", templates)?;
        Ok(self.set(|meta| meta.dynamic_templates = Some(templates)))
    }

    /// Sets whether applying the operation twice has the same effect as applying it
    /// once. Default: `true` with an ID, except for [`update_with`](Self::update_with).
    pub fn idempotent(self, idempotent: bool) -> Self {
        self.set(|meta| meta.idempotent = Some(idempotent))
    }
}

impl<T> Parts<T> {
    /// Returns the index that it names itself.
    pub fn index(&self) -> Option<&str> {
        self.meta.as_ref()?.index.as_deref()
    }

    /// Returns its routing value.
    pub fn routing(&self) -> Option<&str> {
        self.meta.as_ref()?.routing.as_deref()
    }

    /// Returns whether it depends on an earlier change of its document.
    pub fn is_conditional(&self) -> bool {
        let meta = self.meta.as_ref();
        meta.is_some_and(|meta| meta.if_seq_no.is_some() || meta.if_primary_term.is_some())
    }

    /// Returns whether it may be retried when it may have been applied.
    pub fn is_idempotent(&self) -> bool {
        let explicit = self.meta.as_ref().and_then(|meta| meta.idempotent);
        let script = self.action == Action::Update && self.form == Form::Whole;
        explicit.unwrap_or(self.id.is_some() && !script)
    }
}

fn raw(name: &'static str, value: &impl Serialize) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(value).map_err(|error| Error::encode(name, error))
}

/// An item of a bulk helper's input: an [`Operation`], a document, which is
/// [indexed](Operation::index), or a hit of a search, whose document is indexed with
/// its ID and routing. A hit whose document cannot be deserialized, or that has none,
/// is a failed operation.
pub trait IntoOperation {
    /// The type of the document.
    type Document: Serialize;
    /// The type of the [context](Operation::context).
    type Context: Send + 'static;

    /// Returns the operation.
    fn into_operation(self) -> Operation<Self::Document, Self::Context>;
}

impl<T: Serialize> IntoOperation for T {
    type Document = T;
    type Context = ();

    fn into_operation(self) -> Operation<T> {
        Operation::index(self)
    }
}

impl<T: Serialize, C: Send + 'static> IntoOperation for Operation<T, C> {
    type Document = T;
    type Context = C;

    fn into_operation(self) -> Self {
        self
    }
}

impl<T: Serialize> IntoOperation for Hit<T> {
    type Document = T;
    type Context = ();

    fn into_operation(self) -> Operation<T> {
        let (id, routing) = (self.id.clone(), self.routing.clone());
        // A document that could not be read is a failed operation.
        let (document, unreadable) = match self.into_source() {
            Ok(document) => (document, None),
            Err(error) => (None, Some(with_causes(&error))),
        };
        let operation = Operation::new(Action::Index, Some(id), document, Form::Whole);
        let operation = operation.routing(routing);
        match unreadable {
            Some(reason) => operation.set(|meta| meta.unreadable = Some(reason)),
            None => operation,
        }
    }
}
