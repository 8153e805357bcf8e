//! Users, API keys and bearer tokens, and what each of them may do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::store::matches_wildcard;

/// The privileges of a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Privileges {
    /// Everything, as the built-in `superuser` role.
    All,
    /// Reading the indices whose names fit one of these patterns, and nothing else.
    Read(Vec<String>),
}

/// A caller.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub username: String,
    pub realm: &'static str,
    pub authentication: &'static str,
    pub api_key_id: Option<String>,
    pub privileges: Privileges,
}

impl Identity {
    /// The caller of a cluster without security.
    pub fn anonymous() -> Self {
        Self {
            username: "_anonymous".to_owned(),
            realm: "__anonymous",
            authentication: "anonymous",
            api_key_id: None,
            privileges: Privileges::All,
        }
    }

    /// A user who may do everything, known by a bearer token.
    pub fn token_holder(username: &str) -> Self {
        Self {
            username: username.to_owned(),
            realm: "reserved",
            authentication: "token",
            api_key_id: None,
            privileges: Privileges::All,
        }
    }

    pub fn roles(&self) -> &'static str {
        match self.privileges {
            Privileges::All => "superuser",
            Privileges::Read(_) => "limited",
        }
    }

    pub fn may_read(&self, index: &str) -> bool {
        match &self.privileges {
            Privileges::All => true,
            Privileges::Read(patterns) => patterns
                .iter()
                .any(|pattern| matches_wildcard(pattern, index)),
        }
    }
}

/// An API key; both halves are needed to use it.
#[derive(Clone)]
pub(crate) struct ApiKey {
    pub id: String,
    pub name: String,
    pub key: String,
    pub owner: Identity,
}

struct User {
    name: String,
    password: String,
    privileges: Privileges,
}

/// All secrets of the cluster.
#[derive(Default)]
pub(crate) struct Credentials {
    users: Vec<User>,
    keys: Vec<ApiKey>,
    tokens: Vec<(String, Identity)>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("users", &self.users.len())
            .field("keys", &self.keys.len())
            .field("tokens", &self.tokens.len())
            .finish()
    }
}

/// Why a caller was not let in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Missing,
    Wrong(String),
}

impl Credentials {
    pub fn add_user(&mut self, name: &str, password: &str, privileges: Privileges) {
        self.users.retain(|user| user.name != name);
        self.users.push(User {
            name: name.to_owned(),
            password: password.to_owned(),
            privileges,
        });
    }

    pub fn add_key(&mut self, key: ApiKey) {
        self.keys.push(key);
    }

    /// Makes the keys that fit unusable and returns their ids.
    pub fn invalidate_keys(&mut self, fits: impl Fn(&ApiKey) -> bool) -> Vec<String> {
        let gone = self
            .keys
            .iter()
            .filter(|key| fits(key))
            .map(|key| key.id.clone())
            .collect();
        self.keys.retain(|key| !fits(key));
        gone
    }

    pub fn keys(&self) -> &[ApiKey] {
        &self.keys
    }

    pub fn add_token(&mut self, token: String, identity: Identity) {
        self.tokens.push((token, identity));
    }

    pub fn revoke_tokens(&mut self) {
        self.tokens.clear();
    }

    /// Returns the caller that an `Authorization` header stands for.
    pub fn authenticate(&self, header: Option<&str>) -> Result<Identity, Refusal> {
        let (scheme, value) = header
            .and_then(|header| header.split_once(' '))
            .ok_or(Refusal::Missing)?;
        let value = value.trim();
        match scheme.to_ascii_lowercase().as_str() {
            "basic" => self.by_password(value),
            "apikey" => self.by_key(value),
            "bearer" => self.by_token(value),
            _ => Err(Refusal::Missing),
        }
    }

    fn by_password(&self, encoded: &str) -> Result<Identity, Refusal> {
        let pair = decode(encoded).ok_or(Refusal::Missing)?;
        let (name, password) = pair.split_once(':').ok_or(Refusal::Missing)?;
        let user = self
            .users
            .iter()
            .find(|user| user.name == name && user.password == password)
            .ok_or_else(|| Refusal::Wrong(format!("unable to authenticate user [{name}]")))?;
        Ok(Identity {
            username: user.name.clone(),
            realm: "reserved",
            authentication: "realm",
            api_key_id: None,
            privileges: user.privileges.clone(),
        })
    }

    fn by_key(&self, encoded: &str) -> Result<Identity, Refusal> {
        let wrong = || {
            Refusal::Wrong("unable to authenticate with provided credentials and anonymous access is not allowed".to_owned())
        };
        let pair = decode(encoded).ok_or_else(wrong)?;
        let (id, secret) = pair.split_once(':').ok_or_else(wrong)?;
        let key = self
            .keys
            .iter()
            .find(|key| key.id == id && key.key == secret)
            .ok_or_else(wrong)?;
        Ok(Identity {
            realm: "_es_api_key",
            authentication: "api_key",
            api_key_id: Some(key.id.clone()),
            ..key.owner.clone()
        })
    }

    fn by_token(&self, token: &str) -> Result<Identity, Refusal> {
        let known = self.tokens.iter().find(|(known, _)| known == token);
        known.map(|(_, identity)| identity.clone()).ok_or_else(|| {
            Refusal::Wrong("unable to authenticate with provided credentials and anonymous access is not allowed".to_owned())
        })
    }
}

fn decode(encoded: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}
