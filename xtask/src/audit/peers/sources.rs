//! Finds the sources of the peers in Cargo's cache, and copies them.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{COPIES, Edit, edited};
use crate::run::{self, Output};

/// The package that names the peers.
pub(super) const NAMES: &str = "xtask/peers/Cargo.toml";

const LIMIT: Duration = Duration::from_mins(5);

/// The directories of all packages, by package name.
pub(super) type Found = BTreeMap<String, PathBuf>;

pub(super) fn find() -> Result<Found, String> {
    let mut ask = run::cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--manifest-path",
        NAMES,
    ]);
    ask.args(["--locked", "--quiet"]);
    let ended = run::run(&mut ask, LIMIT, Output::Keep);
    let json = ended.text.lines().find(|line| line.starts_with('{'));
    let json = json.filter(|_| ended.passed());
    let json = json.ok_or_else(|| format!("cargo metadata failed: {}", ended.text))?;
    let all: serde_json::Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let mut found = Found::new();
    for package in all["packages"].as_array().into_iter().flatten() {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        if let Some(directory) = Path::new(text("manifest_path")).parent() {
            found.insert(text("name").to_owned(), directory.to_path_buf());
        }
    }
    Ok(found)
}

/// Copies a package, with its edits.
pub(super) fn copy(
    found: &Found,
    package: &str,
    directories: &[&str],
    edits: &[Edit],
) -> Result<(), String> {
    let (from, to) = (source(found, package)?, Path::new(COPIES).join(package));
    let mut paths = vec![PathBuf::from("Cargo.toml")];
    for directory in directories {
        let names = files(&from.join(directory))?;
        paths.extend(names.iter().map(|name| Path::new(directory).join(name)));
    }
    for path in &paths {
        copy_file(&from.join(path), &to.join(path), edits)?;
    }
    each_has_a_file(package, &paths, edits)
}

/// Fails if an edit is for a file that the peer does not have. Otherwise the peer would run on its
/// own pool, and pass.
fn each_has_a_file(package: &str, paths: &[PathBuf], edits: &[Edit]) -> Result<(), String> {
    let has_file = |edit: &&Edit| paths.iter().any(|path| path.ends_with(edit.file));
    match edits.iter().find(|edit| !has_file(edit)) {
        None => Ok(()),
        Some(edit) => Err(format!("{package} has no file {}", edit.file)),
    }
}

/// Copies test files of a package, with their edits, into a package of their own.
pub(super) fn copy_tests(
    found: &Found,
    package: &str,
    paths: &[&str],
    edits: &[Edit],
) -> Result<(), String> {
    let (from, to) = (
        source(found, package)?,
        Path::new(COPIES).join("tokio-tests"),
    );
    for path in paths {
        copy_file(&from.join(path), &to.join(path), edits)?;
    }
    let files: Vec<_> = paths.iter().map(PathBuf::from).collect();
    each_has_a_file(package, &files, edits)?;
    let names = fs::read_to_string(crate::root().join(NAMES)).map_err(|e| failed(NAMES, &e))?;
    let [_, dependencies] = names.split("[dependencies]\n").collect::<Vec<_>>()[..] else {
        return Err(format!("{NAMES} has no dependencies"));
    };
    // The tests need the shim, and the dependencies of the shim, by longer paths.
    let dependencies = dependencies.replace("[dev-dependencies]\n", "");
    let manifest = format!(
        "[package]\nname = \"tokio-tests\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\
         [features]\ndefault = [\"full\", \"test-util\"]\nfull = []\ntest-util = []\n\
         [lib]\npath = \"lib.rs\"\n\
         [dependencies]\nbridge-peers = {{ path = \"../../../xtask/peers\" }}\n{}",
        dependencies.replace("../../bridge", "../../../bridge")
    );
    write(&to.join("Cargo.toml"), &manifest)?;
    write(&to.join("lib.rs"), "")
}

/// Writes the workspace of the copies, in which `async-fs` gets our `blocking`.
pub(super) fn workspace() -> Result<(), String> {
    let manifest = "[workspace]\nresolver = \"2\"\n\
        members = [\"blocking\", \"async-fs\", \"tokio-tests\"]\n\
        [patch.crates-io]\nblocking = { path = \"blocking\" }\n";
    let lock = fs::read_to_string(crate::root().join("xtask/peers/Cargo.lock"));
    let lock = lock.map_err(|error| failed("xtask/peers/Cargo.lock", &error))?;
    write(&Path::new(COPIES).join("Cargo.lock"), &lock)?;
    write(&Path::new(COPIES).join("Cargo.toml"), manifest)
}

fn source<'a>(found: &'a Found, package: &str) -> Result<&'a Path, String> {
    let directory = found.get(package).map(PathBuf::as_path);
    directory.ok_or_else(|| format!("{NAMES} does not name {package}"))
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let wrong = |error: io::Error| failed(&directory.display().to_string(), &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        if entry.path().is_file() {
            names.push(PathBuf::from(entry.file_name()));
        }
    }
    Ok(names)
}

fn copy_file(from: &Path, to: &Path, edits: &[Edit]) -> Result<(), String> {
    let name = from.display().to_string();
    let text = fs::read_to_string(from).map_err(|error| failed(&name, &error))?;
    write(to, &edited(&name, text, edits)?)
}

/// Writes a file if it has changed. Cargo does not rebuild the other files.
fn write(to: &Path, text: &str) -> Result<(), String> {
    let to = crate::root().join(to);
    if fs::read_to_string(&to).is_ok_and(|old| old == text) {
        return Ok(());
    }
    let directory = to.parent().expect("it is under the root");
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(&to, text))
        .map_err(|error| failed(&to.display().to_string(), &error))
}

fn failed(path: &str, error: &io::Error) -> String {
    format!("{path}: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::peers::edit;

    #[test]
    fn an_edit_without_a_file_fails() {
        let paths = ["Cargo.toml", "src/lib.rs"].map(PathBuf::from);
        assert_eq!(each_has_a_file("blocking", &paths, &edit::BLOCKING), Ok(()));
        let why = each_has_a_file("blocking", &paths[..1], &edit::BLOCKING).unwrap_err();
        assert!(why.contains("src/lib.rs"), "{why}");
    }
}
