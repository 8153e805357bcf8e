//! Tells the crate which compiler builds it: the client meta header names it.

use std::{env, process::Command};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let version = rustc_version().unwrap_or_else(|| "0.0.0".to_owned());
    println!("cargo:rustc-env=ES_TRANSPORT_RUSTC_VERSION={version}");
}

/// `1.88.0` from `rustc 1.88.0 (6b00bc388 2025-06-23)`.
fn rustc_version() -> Option<String> {
    let output = Command::new(env::var_os("RUSTC")?)
        .arg("--version")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().nth(1).map(str::to_owned)
}
