//! Checks that the packages to publish are complete.
//!
//! Cargo packs all of them at once, so that each finds the others in this version. It
//! then builds them from what was packed, so that the build misses a file that was left
//! out.
//!
//! Cargo unpacks them in its home directory, and reuses what it has once unpacked of a
//! version, even if the package has changed since. So this step gives Cargo a home of its
//! own, with links to the packages of others that the user's home has.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Chore,
    run::{self, Ended, Output},
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
    let target = crate::root().join(TARGET);
    let home = new_home(&target).map_err(|error| format!("no home for Cargo: {error}"))?;
    let mut package = run::cargo(&["package", "--allow-dirty", "--target-dir", TARGET]);
    package.args(PUBLISHED.iter().flat_map(|name| ["--package", name]));
    package.env("CARGO_HOME", home);
    verdict(&run::run(&mut package, LIMIT, Output::Tee))
}

fn verdict(ended: &Ended) -> Chore {
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

/// Makes an empty home for Cargo in the target directory, and forgets what Cargo has built
/// of our packages there.
fn new_home(target: &Path) -> io::Result<PathBuf> {
    let home = target.join("home");
    remove(&home)?;
    for kind in ["registry/index", "registry/cache", "registry/src"] {
        fs::create_dir_all(home.join(kind))?;
    }
    if let Some(users) = users_home() {
        for kind in ["registry/index", "registry/cache", "registry/src"] {
            for registry in entries(&users.join(kind))? {
                // A registry in a local directory has no host, so its name starts with
                // a dash. Our own packages come from such a registry.
                if !name_of(&registry).starts_with('-') {
                    link(&registry, &home.join(kind).join(name_of(&registry)))?;
                }
            }
        }
        for name in ["config.toml", "config"] {
            if users.join(name).exists() {
                link(&users.join(name), &home.join(name))?;
            }
        }
    }
    for built in entries(&target.join("debug/.fingerprint"))? {
        if PUBLISHED
            .iter()
            .any(|name| name_of(&built).starts_with(name))
        {
            remove(&built)?;
        }
    }
    Ok(home)
}

/// Returns the directory in which Cargo keeps packages for the user.
fn users_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")))
}

#[cfg(unix)]
fn link(original: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(original, link)
}

/// Links nothing, because links need a privilege here. Cargo downloads the packages.
#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

/// Removes a directory. Links in it are removed, and what they lead to stays.
fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
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
    use crate::run::Verdict;

    #[test]
    fn packages_that_do_not_build_or_that_warn_are_a_failure() {
        let packed = "    Packaging bridge\n";
        assert_eq!(verdict(&Ended::of(Verdict::Passed, packed)), Ok(()));
        assert!(verdict(&Ended::of(Verdict::Failed, packed)).is_err());
        assert!(verdict(&Ended::of(Verdict::Passed, "warning: x\n")).is_err());
    }

    #[test]
    fn warnings_are_counted() {
        assert_eq!(warnings("warning: x\n   Compiling\n  warning[a]: y"), 2);
        assert_eq!(warnings("    Packaging bridge\n"), 0);
    }

    #[test]
    fn what_a_link_leads_to_is_never_removed() {
        let target = crate::root().join("target/home-test");
        let kept = target.join("kept/tokio-1.0.0");
        fs::create_dir_all(&kept).unwrap();
        let home = new_home(&target).unwrap();
        link(&target.join("kept"), &home.join("registry/src/other")).unwrap();
        new_home(&target).unwrap();
        assert!(!home.join("registry/src/other").exists());
        assert!(kept.exists());
        fs::remove_dir_all(&target).unwrap();
    }
}
