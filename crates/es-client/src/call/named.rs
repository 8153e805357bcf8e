//! Any endpoint by its name, for tools and scripts.

use serde::Serialize;
use serde_json::Value;

use super::{answer::Answer, future::CallFuture, request::Call};
use crate::{
    client::Elasticsearch,
    endpoint::{BodyForm, COMMON, Endpoint},
    error::{Error, Result},
    response::Response,
};

impl Elasticsearch {
    /// Calls an endpoint by the name that Elasticsearch's specification gives it.
    ///
    /// `params` has path parts and query parameters alike, as an object; a list
    /// is joined by commas, what is `null` is not sent. `body` is JSON, or a list
    /// of lines where the endpoint takes newline-delimited JSON; `()` sends none.
    /// Names that the endpoint does not have are errors of the call, as are
    /// required ones that are missing; nothing is sent then.
    ///
    /// ```no_run
    /// # async fn tool(client: es_client::Elasticsearch) -> es_client::Result<()> {
    /// use serde_json::json;
    ///
    /// let body = json!({"settings": {"number_of_shards": 3}});
    /// client.call("indices.create", json!({"index": "products"}), body).await?;
    /// let health = client.call("cluster.health", json!({"level": "shards"}), ()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call(
        &self,
        name: &str,
        params: impl Serialize,
        body: impl Serialize,
    ) -> CallFuture<Response> {
        let call = Endpoint::find(name)
            .ok_or_else(|| Error::invalid(format!("there is no endpoint `{name}`")))
            .and_then(|endpoint| named(Call::new(self, endpoint), endpoint, params, body));
        match call {
            Ok(call) => call.send(Answer::raw),
            Err(error) => CallFuture::failed(error),
        }
    }
}

fn named(
    mut call: Call,
    endpoint: &'static Endpoint,
    params: impl Serialize,
    body: impl Serialize,
) -> Result<Call> {
    let value = |value: Result<Value, _>, what| value.map_err(|error| Error::encode(what, error));
    let params = match value(serde_json::to_value(params), "params")? {
        Value::Null => serde_json::Map::new(),
        Value::Object(params) => params,
        _ => return Err(Error::invalid("the parameters are no object")),
    };
    for required in endpoint.required {
        if params.get(*required).is_none_or(Value::is_null) {
            let name = endpoint.name;
            return Err(Error::invalid(format!("`{name}` needs the parameter `{required}`")));
        }
    }
    for (name, value) in params {
        set(&mut call, endpoint, name, value)?;
    }
    set_body(&mut call, endpoint, value(serde_json::to_value(body), "body")?)?;
    Ok(call)
}

fn set(call: &mut Call, endpoint: &Endpoint, name: String, value: Value) -> Result<()> {
    let Some(text) = text_of(&name, value)? else { return Ok(()) };
    let part = endpoint.parts.iter().position(|part| part.name == name);
    let known = |names: &[&str]| names.contains(&&*name);
    if let Some(number) = part {
        call.part(number, text);
    } else if known(endpoint.query) || known(endpoint.required) || known(&COMMON) {
        call.query(name, text);
    } else {
        let endpoint = endpoint.name;
        return Err(Error::invalid(format!("`{endpoint}` has no parameter `{name}`")));
    }
    Ok(())
}

/// The text of a parameter; `None` for null.
fn text_of(name: &str, value: Value) -> Result<Option<String>> {
    Ok(match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(values) => {
            let texts = values.into_iter().filter_map(|value| text_of(name, value).transpose());
            Some(texts.collect::<Result<Vec<_>>>()?.join(","))
        }
        Value::Object(_) => {
            return Err(Error::invalid(format!("the parameter `{name}` cannot be an object")));
        }
    })
}

fn set_body(call: &mut Call, endpoint: &Endpoint, body: Value) -> Result<()> {
    match (endpoint.body, body) {
        (_, Value::Null) => {}
        (BodyForm::None, _) => {
            return Err(Error::invalid(format!("`{}` takes no body", endpoint.name)));
        }
        (BodyForm::Ndjson, Value::Array(lines)) => call.lines(lines),
        (BodyForm::Ndjson, _) => {
            return Err(Error::invalid(format!("`{}` takes a list of lines", endpoint.name)));
        }
        (BodyForm::Json, body) => call.json(&body),
    }
    Ok(())
}
