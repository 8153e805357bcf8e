//! Files that are written, or compared with what is there.

use std::{fs, path::PathBuf};

use crate::Result;

pub(crate) fn write(files: &[(PathBuf, String)]) -> Result<String> {
    for (path, text) in files {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)?;
    }
    Ok(format!("wrote {} files", files.len()))
}

pub(crate) fn check(files: &[(PathBuf, String)]) -> Result<String> {
    let is_other = |(path, text): &&(PathBuf, String)| {
        fs::read_to_string(path).map_or(true, |there| there.replace("\r\n", "\n") != *text)
    };
    let others: Vec<_> = files
        .iter()
        .filter(is_other)
        .map(|(path, _)| path.display().to_string())
        .collect();
    if others.is_empty() {
        return Ok(format!("{} files are as the simulations say", files.len()));
    }
    Err(format!(
        "differ from what the simulations say: {}",
        others.join(", ")
    )
    .into())
}
