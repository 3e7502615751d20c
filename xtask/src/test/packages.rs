//! Checks that the packages to publish are complete.
//!
//! Cargo packs all of them at once, so that each finds the others in this version. It
//! then builds them from what was packed, so that the build misses a file that was left
//! out.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Chore,
    run::{self, Output},
};

/// The packages that are published, in the order of publication.
const PUBLISHED: [&str; 5] = [
    "bridge-detect",
    "bridge-cache",
    "bridge-offload",
    "bridge-macros",
    "bridge",
];

const LIMIT: Duration = Duration::from_mins(5);

/// A target directory apart from the one that the workspace's own sources are built
/// into.
const TARGET: &str = "target/packages";

pub(super) fn run() -> Chore {
    forget()
        .map_err(|error| format!("the packages of an earlier run can't be removed: {error}"))?;
    let mut package = run::cargo(&["package", "--allow-dirty", "--target-dir", TARGET]);
    package.args(PUBLISHED.iter().flat_map(|name| ["--package", name]));
    let ended = run::run(&mut package, LIMIT, Output::Tee);
    match (ended.passed(), warnings(&ended.text)) {
        (false, _) => Err(format!("cargo package ended as {:?}", ended.verdict)),
        (true, 0) => Ok(()),
        (true, count) => Err(format!("{count} warnings")),
    }
}

fn warnings(text: &str) -> usize {
    text.lines()
        .filter(|line| line.trim_start().starts_with("warning"))
        .count()
}

/// Returns the directory in which Cargo keeps unpacked packages.
fn cargo_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")))
}

/// Removes what an earlier run has left of these packages.
///
/// Cargo takes the packages from a registry in the target directory. It reuses what it
/// has once unpacked or built of a version, even if the package has changed since.
fn forget() -> io::Result<()> {
    if let Some(home) = cargo_home() {
        for kind in ["src", "cache"] {
            for registry in entries(&home.join("registry").join(kind))? {
                // A registry in a local directory has no host, so its name starts with
                // a dash.
                if name_of(&registry).starts_with('-') {
                    forget_in(&registry, is_of)?;
                }
            }
        }
    }
    forget_in(
        &Path::new(TARGET).join("debug/.fingerprint"),
        |name, package| name.starts_with(package),
    )
}

fn forget_in(directory: &Path, is_of: fn(&str, &str) -> bool) -> io::Result<()> {
    for entry in entries(directory)? {
        let name = name_of(&entry);
        if !PUBLISHED.iter().any(|package| is_of(&name, package)) {
            continue;
        }
        if entry.is_dir() {
            fs::remove_dir_all(&entry)?;
        } else {
            fs::remove_file(&entry)?;
        }
    }
    Ok(())
}

/// Returns whether `file` is named like a version of `package`.
fn is_of(file: &str, package: &str) -> bool {
    let version = file
        .strip_prefix(package)
        .and_then(|rest| rest.strip_prefix('-'));
    version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Returns the entries of a directory, or none if the directory does not exist.
fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_counted() {
        assert_eq!(warnings("warning: x\n   Compiling\n  warning[a]: y"), 2);
        assert_eq!(warnings("    Packaging bridge\n"), 0);
    }

    #[test]
    fn only_our_own_copies_are_forgotten() {
        let registry = crate::root().join("target/forget-test");
        let kept = ["tokio-1.0.0", "bridge-of-others-0.1.0"].map(|name| registry.join(name));
        let lost = ["bridge-0.1.0", "bridge-cache-0.1.0.crate"].map(|name| registry.join(name));
        for path in kept.iter().chain(&lost) {
            fs::create_dir_all(path).unwrap();
        }
        forget_in(&registry, is_of).unwrap();
        assert!(kept.iter().all(|path| path.exists()));
        assert!(!lost.iter().any(|path| path.exists()));
        fs::remove_dir_all(&registry).unwrap();
    }
}
