//! The typed responses against what genuine servers of three major versions responded;
//! `scripts/cluster/record` makes the files anew.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::agreement;

const VERSIONS: [&str; 3] = ["7.17.9", "8.19.0", "9.2.0"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded")
}

/// The recorded responses of a version by their names: the endpoint, and after `~`
/// what the call shows of it.
fn recorded(version: &str) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder().join(version))
        .unwrap()
        .map(|file| file.unwrap().path());
    files
        .map(|file| {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(file).unwrap())
        })
        .collect()
}

fn endpoint(name: &str) -> &str {
    name.split('~').next().unwrap_or(name)
}

#[test]
fn every_field_of_every_response_is_what_the_server_said() {
    for version in VERSIONS {
        let responses = recorded(version);
        assert!(responses.len() > 100, "{version}: {}", responses.len());
        for (name, body) in responses {
            println!("{version} {name}");
            agreement::check(endpoint(&name), &body);
        }
    }
}

/// Calls that a server lacks are not recorded; otherwise all serve the same calls.
#[test]
fn the_same_calls_are_recorded_of_every_version() {
    let [old, middle, new] = VERSIONS.map(|version| recorded(version).into_keys().collect());
    let differing = |a: &BTreeSet<String>, b: &BTreeSet<String>| -> Vec<String> {
        a.symmetric_difference(b).cloned().collect()
    };
    assert!(
        differing(&middle, &new).is_empty(),
        "{:?}",
        differing(&middle, &new)
    );
    assert_eq!(
        differing(&old, &middle),
        [
            "cat.component_templates",
            "delete_by_query",
            "delete_by_query~task",
            "reindex",
            "reindex~conflicts",
            "tasks.cancel~one",
            "tasks.get",
            "update_by_query",
            "update_by_query~slow",
        ]
    );
}
