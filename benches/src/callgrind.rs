//! Runs a program under callgrind and reads how many instructions it took.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::operation::BoxError;

/// The path of another binary of this package.
///
/// # Errors
/// When the running program's own path is unknown.
pub fn sibling(name: &str) -> Result<PathBuf, BoxError> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// The instructions of one whole run, children not included.
///
/// # Errors
/// When valgrind is missing, or the program fails: its own words are in the error.
pub fn instructions(program: &Path, arguments: &[&str]) -> Result<u64, BoxError> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("valgrind does not start: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{} {}: {said}", program.display(), arguments.join(" ")).into());
    }
    said.lines()
        .find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
        .ok_or_else(|| format!("callgrind told no count: {said}").into())
}
