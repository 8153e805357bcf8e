//! Requests as curl commands, for debugging and for repeating them by hand.
//!
//! Secrets are replaced by shell variables: headers that are marked as sensitive or
//! carry credentials, user info in the URL, and bodies of requests to APIs that accept
//! passwords or keys, such as `/_security`, `/_reindex` (from a remote cluster) and
//! `/_inference`.
//!
//! ```
//! use es_transport::{Body, curl::Curl};
//! use http::Request;
//!
//! let request = Request::post("/products/_search?size=1")
//!     .header("content-type", "application/json")
//!     .header("authorization", "ApiKey c2VjcmV0")
//!     .body(Body::from(r#"{"query":{"match_all":{}}}"#))?;
//! assert_eq!(
//!     Curl::new(&request).to_string(),
//!     "curl -X POST \"$ES_URL\"'/products/_search?size=1' \
//!      -H 'content-type: application/json' -H \"authorization: $ES_AUTHORIZATION\" \
//!      --data-binary '{\"query\":{\"match_all\":{}}}'",
//! );
//! # Ok::<(), http::Error>(())
//! ```

use std::fmt::{self, Write as _};

use http::{HeaderName, HeaderValue, Method, Request, header};

use crate::Body;

/// APIs whose bodies set passwords or carry those of other services.
const APIS_WITH_SECRETS: [&str; 8] = [
    "/_connector",
    "/_inference",
    "/_logstash",
    "/_reindex",
    "/_security",
    "/_snapshot",
    "/_watcher",
    "/reload_secure_settings",
];

/// Displays a request as a curl command; see the [module](self).
pub struct Curl<'a>(&'a Request<Body>);

impl<'a> Curl<'a> {
    /// Creates the command for this request. If the request's URI has no host, the
    /// command uses the shell variable `$ES_URL`.
    ///
    /// ```
    /// use es_transport::{Body, curl::Curl};
    /// use http::Request;
    ///
    /// let request = Request::get("/_cluster/health").body(Body::empty()).unwrap();
    /// println!("{}", Curl::new(&request));
    /// ```
    pub fn new(request: &'a Request<Body>) -> Self {
        Self(request)
    }

    fn fmt_url(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uri = self.0.uri();
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        match uri.authority() {
            None => write!(f, "\"$ES_URL\"{}", Quoted(target.as_bytes())),
            Some(authority) => {
                let (_, host) = authority
                    .as_str()
                    .rsplit_once('@')
                    .unwrap_or(("", authority.as_str()));
                let scheme = uri.scheme_str().unwrap_or("http");
                write!(
                    f,
                    "{}",
                    Quoted(format!("{scheme}://{host}{target}").as_bytes())
                )
            }
        }
    }

    fn fmt_body(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.body().is_empty() {
            return Ok(());
        }
        let pieces = self.0.body().pieces();
        match pieces
            .map(<[_]>::concat)
            .filter(|_| !self.has_secret_body())
        {
            Some(bytes) if std::str::from_utf8(&bytes).is_ok() => {
                write!(f, " --data-binary {}", Quoted(&bytes))
            }
            // A stream, compressed bytes or passwords.
            _ => f.write_str(" --data-binary @\"$ES_BODY\""),
        }
    }

    fn has_secret_body(&self) -> bool {
        APIS_WITH_SECRETS
            .iter()
            .any(|api| self.0.uri().path().contains(api))
    }
}

impl fmt::Debug for Curl<'_> {
    /// The line; the request itself would show what is not marked as a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Curl({self})")
    }
}

impl fmt::Display for Curl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self.0.method() {
            Method::HEAD => f.write_str("curl --head ")?,
            ref method => write!(f, "curl -X {method} ")?,
        }
        self.fmt_url(f)?;
        for (name, value) in self.0.headers() {
            if is_secret(name, value) {
                let variable = name.as_str().to_ascii_uppercase().replace('-', "_");
                write!(f, " -H \"{name}: $ES_{variable}\"")?;
            } else {
                let line = [name.as_str().as_bytes(), b": ", value.as_bytes()].concat();
                write!(f, " -H {}", Quoted(&line))?;
            }
        }
        self.fmt_body(f)
    }
}

fn is_secret(name: &HeaderName, value: &HeaderValue) -> bool {
    let known = [
        header::AUTHORIZATION,
        header::PROXY_AUTHORIZATION,
        header::COOKIE,
    ];
    value.is_sensitive() || known.contains(name) || name.as_str().ends_with("-authorization")
}

/// A word of the shell that stands for itself.
struct Quoted<'a>(&'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('\'')?;
        let text = String::from_utf8_lossy(self.0);
        for (at, part) in text.split('\'').enumerate() {
            if at > 0 {
                f.write_str(r"'\''")?;
            }
            f.write_str(part)?;
        }
        f.write_char('\'')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(request: http::request::Builder, body: Body) -> String {
        Curl::new(&request.body(body).unwrap()).to_string()
    }

    #[test]
    fn secrets_become_variables() {
        let mut marked = HeaderValue::from_static("s3cret");
        marked.set_sensitive(true);
        let request = Request::put("https://elastic:s3cret@node:9200/_security/user/me")
            .header("authorization", "Basic s3cret")
            .header("es-secondary-authorization", "ApiKey s3cret")
            .header("x-own", marked);
        assert_eq!(
            shown(request, Body::from(r#"{"password":"s3cret"}"#)),
            "curl -X PUT 'https://node:9200/_security/user/me' \
             -H \"authorization: $ES_AUTHORIZATION\" \
             -H \"es-secondary-authorization: $ES_ES_SECONDARY_AUTHORIZATION\" \
             -H \"x-own: $ES_X_OWN\" --data-binary @\"$ES_BODY\""
        );
    }

    #[test]
    fn bodies_that_hold_secrets_are_left_to_a_file() {
        for path in [
            "/_security/api_key",
            "/_reindex",
            "/_inference/completion/mine",
            "/_snapshot/backup",
            "/_watcher/watch/mine",
            "/_connector/mine/_configuration",
            "/_nodes/reload_secure_settings",
            "/prefix/_reindex?wait_for_completion=false",
        ] {
            let line = shown(Request::put(path), Body::from(r#"{"password":"s3cret"}"#));
            assert!(line.ends_with(" --data-binary @\"$ES_BODY\""), "{line}");
        }
        let line = shown(Request::post("/reindex/_search"), Body::from("{}"));
        assert!(line.ends_with("'{}'"), "{line}");
    }

    #[test]
    fn debug_shows_no_more() {
        let request = Request::get("http://elastic:s3cret@node/")
            .header("authorization", "Basic s3cret")
            .body(Body::empty())
            .unwrap();
        let (shown, debug) = (
            Curl::new(&request).to_string(),
            format!("{:?}", Curl::new(&request)),
        );
        assert_eq!(debug, format!("Curl({shown})"));
        assert!(!debug.contains("s3cret"), "{debug}");
    }

    #[cfg(unix)]
    #[test]
    fn the_shell_reads_every_byte_as_it_is() {
        let body = Body::list(["{\"q\":\"it's".into(), " $HOME `x`\"}\n".into()]);
        let line = shown(Request::post("/a'b"), body);
        let run = line.replacen("curl", "printf '%s|'", 1);
        let output = std::process::Command::new("sh")
            .args(["-c", &run])
            .env("ES_URL", "http://n")
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            "-X|POST|http://n/a'b|--data-binary|{\"q\":\"it's $HOME `x`\"}\n|"
        );
    }

    #[test]
    fn what_has_no_text_is_left_to_a_file() {
        assert_eq!(
            shown(Request::head("/"), Body::empty()),
            "curl --head \"$ES_URL\"'/'"
        );
        for body in [Body::stream(Body::from("x")), Body::from(vec![0x1f, 0x8b])] {
            assert!(shown(Request::post("/_bulk"), body).ends_with("--data-binary @\"$ES_BODY\""));
        }
    }
}
