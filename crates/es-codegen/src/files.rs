//! The rendered files: formatted, and written or compared.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Result,
    render::{Files, OWNED},
};

/// Formats all files by rustfmt, which is asked once.
pub(crate) fn format(files: &Files, config: &Path) -> Result<Files> {
    let folder = std::env::temp_dir().join(format!("es-codegen-{}", std::process::id()));
    for (name, text) in files {
        put(&folder.join(name), text)?;
    }
    let formatted = rustfmt(files, &folder, config);
    fs::remove_dir_all(&folder)?;
    formatted
}

fn rustfmt(files: &Files, folder: &Path, config: &Path) -> Result<Files> {
    // It follows `mod` lines from the roots by itself.
    let roots = files.keys().filter(|name| {
        name.starts_with("src/dsl/kinds/")
            || matches!(
                &***name,
                "src/api/mod.rs"
                    | "src/params/enums.rs"
                    | "src/types/cat_rows.rs"
                    | "tests/client/golden/builders/mod.rs"
            )
    });
    let status = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(config)
        .args(roots.map(|name| folder.join(name)))
        .status()
        .map_err(|error| format!("rustfmt does not start: {error}"))?;
    if !status.success() {
        return Err("rustfmt fails".into());
    }
    let read = |name: &String| Ok((name.clone(), fs::read_to_string(folder.join(name))?));
    files.keys().map(read).collect()
}

/// Writes what differs, and removes what is not generated any more.
pub(crate) fn write(root: &Path, files: &Files) -> Result<String> {
    let differing = differences(root, files)?;
    for name in &differing {
        match files.get(name) {
            Some(text) => put(&root.join(name), text)?,
            None => fs::remove_file(root.join(name))?,
        }
    }
    let lines: usize = files.values().map(|text| text.lines().count()).sum();
    Ok(format!(
        "{} files, {lines} lines; {} changed",
        files.len(),
        differing.len()
    ))
}

/// Fails if what is on disk is not what would be written.
pub(crate) fn check(root: &Path, files: &Files) -> Result<String> {
    let differing = differences(root, files)?;
    if differing.is_empty() {
        return Ok(format!("{} files are up to date", files.len()));
    }
    let some: Vec<_> = differing.iter().take(10).map(String::as_str).collect();
    let (number, some) = (differing.len(), some.join("\n  "));
    Err(format!("{number} files differ; run `cargo run -p es-codegen`:\n  {some}").into())
}

fn differences(root: &Path, files: &Files) -> Result<BTreeSet<String>> {
    let changed = files.iter().filter(|(name, text)| {
        !fs::read_to_string(root.join(name)).is_ok_and(|known| known == **text)
    });
    let mut names: BTreeSet<_> = changed.map(|(name, _)| name.clone()).collect();
    for owned in OWNED {
        for file in files_below(&root.join(owned))? {
            let name = file
                .strip_prefix(root)?
                .to_string_lossy()
                .replace('\\', "/");
            if !files.contains_key(&name) {
                names.insert(name);
            }
        }
    }
    Ok(names)
}

fn files_below(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?)
        } else {
            files.push(path)
        }
    }
    Ok(files)
}

fn put(file: &Path, text: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(file, text)?)
}
