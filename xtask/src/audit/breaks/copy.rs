//! Copies of the tree under `target/breaks`, in each of which one file at a time is
//! broken.
//!
//! The copy has the files that Git knows or would add, with their present content. A
//! file that has not changed since the last audit is not written again, so that
//! nothing is rebuilt because of it.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::run::{self, Output};

/// The time limit of `git ls-files`, long enough for a busy machine.
const LISTING: Duration = Duration::from_mins(1);

/// The name of the file that locks a copy in use.
const LOCK: &str = "lock";

pub(super) struct Copy {
    /// The directory that keeps everything about this copy.
    base: PathBuf,
    /// Locked as long as this value lives, because two audits at once would break each
    /// other.
    _lock: File,
}

impl Copy {
    /// Makes the copy of this number of the tree with this root.
    pub(super) fn of(root: &Path, number: usize) -> Result<Self, String> {
        let files = files(root)?;
        let base = format!("target/breaks/{number}");
        let copy = Self::locked(root.join(&base)).map_err(|error| format!("{base}: {error}"))?;
        let synced = sync(root, &copy.tree(), &files);
        synced.map_err(|error| format!("the copy of the tree: {error}"))?;
        Ok(copy)
    }

    fn locked(base: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&base)?;
        let lock = File::create(base.join(LOCK))?;
        lock.try_lock()?;
        Ok(Self { base, _lock: lock })
    }

    /// Returns the root of the copy.
    pub(super) fn tree(&self) -> PathBuf {
        self.base.join("tree")
    }

    /// Returns the directory where Cargo builds the copy.
    pub(super) fn target(&self) -> PathBuf {
        self.base.join("target")
    }

    /// Replaces `find` by `replace` in one file, until the guard is dropped.
    pub(super) fn apply(&self, file: &str, find: &str, replace: &str) -> Result<Broken, String> {
        let path = self.tree().join(file);
        let text = fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?;
        let broken = Broken { path, text };
        let changed = broken.text.replacen(find, replace, 1);
        if changed == broken.text {
            return Err(format!("{file}: nothing is replaced"));
        }
        fs::write(&broken.path, changed).map_err(|error| format!("{file}: {error}"))?;
        Ok(broken)
    }
}

/// A file of the copy with a break in it.
#[must_use = "the drop restores the file"]
pub(super) struct Broken {
    path: PathBuf,
    text: String,
}

impl Drop for Broken {
    fn drop(&mut self) {
        // If this fails, the next copy writes the file again.
        let _next_copy_writes_it = fs::write(&self.path, &self.text);
    }
}

/// Returns the files that Git knows, and the files that it would add.
fn files(root: &Path) -> Result<BTreeSet<String>, String> {
    let list = [
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ];
    let mut git = run::program("git", &list);
    let ended = run::run(git.current_dir(root), LISTING, Output::Keep);
    if !ended.passed() {
        return Err(format!("git ls-files: {}", ended.text.trim()));
    }
    let names = ended.text.split('\0').map(str::trim);
    let files: BTreeSet<_> = names
        .filter(|name| root.join(name).is_file())
        .map(str::to_owned)
        .collect();
    if files.is_empty() {
        return Err("git knows no file of this tree".to_owned());
    }
    Ok(files)
}

/// Gives `to` exactly these files of `from`, and no others.
fn sync(from: &Path, to: &Path, files: &BTreeSet<String>) -> io::Result<()> {
    fs::create_dir_all(to)?;
    remove_others(to, "", files)?;
    for name in files {
        let (source, copy) = (from.join(name), to.join(name));
        let content = fs::read(&source)?;
        if fs::read(&copy).is_ok_and(|before| before == content) {
            continue;
        }
        if let Some(directory) = copy.parent() {
            fs::create_dir_all(directory)?;
        }
        // `fs::copy` would keep the old time, and Cargo compares times.
        fs::write(&copy, content)?;
        fs::set_permissions(&copy, fs::metadata(&source)?.permissions())?;
    }
    Ok(())
}

/// Removes all files but these.
fn remove_others(directory: &Path, prefix: &str, files: &BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            remove_others(&entry.path(), &format!("{name}/"), files)?;
        } else if !files.contains(&name) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    /// A directory of this test, empty at first and gone at the end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("breaks-{name}-{}", std::process::id()));
            let _left_over = fs::remove_dir_all(&path);
            fs::create_dir_all(path.join("from/src")).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _left_over = fs::remove_dir_all(&self.0);
        }
    }

    fn names(files: &[&str]) -> BTreeSet<String> {
        files.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_copy_has_what_the_tree_has_and_nothing_else() {
        let scratch = Scratch::new("sync");
        let (from, to) = (scratch.0.join("from"), scratch.0.join("to"));
        fs::write(from.join("a"), "1").unwrap();
        fs::write(from.join("src/b"), "2").unwrap();
        sync(&from, &to, &names(&["a", "src/b"])).unwrap();
        let written = fs::metadata(to.join("a")).unwrap().modified().unwrap();
        fs::write(to.join("src/b"), "broken").unwrap();
        fs::write(to.join("src/stale"), "3").unwrap();
        sync(&from, &to, &names(&["a", "src/b"])).unwrap();
        assert_eq!(fs::read_to_string(to.join("src/b")).unwrap(), "2");
        assert!(!to.join("src/stale").exists());
        let left = fs::metadata(to.join("a")).unwrap().modified().unwrap();
        assert_eq!(left, written, "what has not changed is not written");
    }

    #[test]
    fn a_break_is_there_until_its_guard_drops() {
        let scratch = Scratch::new("apply");
        let copy = Copy::locked(scratch.0.join("base")).unwrap();
        fs::create_dir_all(copy.tree()).unwrap();
        let file = copy.tree().join("a");
        fs::write(&file, "x < y").unwrap();
        let broken = copy.apply("a", "<", "<=").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "x <= y");
        drop(broken);
        assert_eq!(fs::read_to_string(&file).unwrap(), "x < y");
        assert!(copy.apply("a", ">", ">=").is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "x < y");
        let second = Copy::locked(scratch.0.join("base"));
        assert!(second.is_err(), "the first is still in use");
    }

    #[test]
    fn git_knows_this_very_file() {
        let files = files(&crate::root()).unwrap();
        assert!(files.contains("xtask/src/audit/breaks/copy.rs"));
        assert!(!files.iter().any(|name| name.starts_with("target/")));
    }
}
