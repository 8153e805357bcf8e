//! Keeps the responses of a run for the tests that need no server.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::server::{urls, var};

/// The largest response that is kept, in bytes.
const LIMIT: usize = 8_192;

/// Writes responses to a folder, each to a file that has the call's label as its name.
pub(super) struct Recorder {
    folder: PathBuf,
    /// Texts that describe the machine rather than the server.
    forbidden: Vec<String>,
}

impl Recorder {
    /// One for the folder that `ES_RECORD` names, where it is set.
    pub(super) fn asked_for() -> Option<Self> {
        let folder = PathBuf::from(std::env::var_os("ES_RECORD")?).join(var("ES_VERSION"));
        assert_eq!(
            urls().len(),
            1,
            "responses of a single node are recorded: they are smaller"
        );
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        let certificates = PathBuf::from(var("ES_CA"));
        let run = certificates.parent().and_then(|it| it.parent()).unwrap();
        let forbidden = vec![
            host.trim().to_owned(),
            run.display().to_string(),
            "/tmp".to_owned(),
        ];
        Some(Self { folder, forbidden })
    }

    pub(super) fn keep(&self, label: &str, body: &[u8]) {
        let text = without_secrets(std::str::from_utf8(body).unwrap());
        for forbidden in &self.forbidden {
            assert!(
                !text.contains(forbidden),
                "{label} tells of {forbidden}: {text}"
            );
        }
        assert!(
            text.len() <= LIMIT,
            "{label} has {} bytes: ask for less",
            text.len()
        );
        let name = format!("{}.json", label.replace('#', "~"));
        fs::write(self.folder.join(name), text).unwrap();
    }
}

/// Keys of the cluster are dead with it, but look like ones that live.
fn without_secrets(text: &str) -> String {
    let json: Value = serde_json::from_str(text).unwrap();
    let secrets = ["api_key", "encoded"].map(|name| json[name].as_str().unwrap_or_default());
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, &"x".repeat(secret.len()));
    }
    text
}
