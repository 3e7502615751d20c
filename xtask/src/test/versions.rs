//! Tests detection on the oldest and on the newest Tokio that the manifests allow.
//!
//! Detection depends on what Tokio does, not only on its types, so `cargo check` is not
//! enough. A copy of the workspace gets another version in its lock file. All other
//! steps run with the version in the workspace's own lock file.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Chore,
    lock::Lock,
    loom,
    run::{self, Output},
};

const LIMIT: Duration = Duration::from_mins(5);

/// The directory of the copy, and of what is built from it.
const COPY: &str = "target/versions";

/// The directories that are not copied: build output, and Git's own.
const LEFT_OUT: [&str; 2] = ["target", ".git"];

pub(super) fn run() -> Chore {
    let locked = locked(Path::new("Cargo.lock"))?;
    let manifest = Path::new("Cargo.toml");
    let manifest = fs::read_to_string(manifest).map_err(|error| failed(manifest, &error))?;
    let oldest = oldest(&manifest)?;
    let mut tested = vec![locked];
    for precise in [Some(oldest.as_str()), None] {
        copy()?;
        let mut update = run::cargo(&["update", "--package", "tokio"]);
        if let Some(version) = precise {
            update.args(["--precise", version]);
        }
        in_copy(update)?;
        let version = self::locked(&Path::new(COPY).join("Cargo.lock"))?;
        if tested.contains(&version) {
            eprintln!("    the other steps run with Tokio {version}");
            continue;
        }
        eprintln!("    Tokio {version}");
        in_copy(run::cargo(&["check", "--package", "bridge"]))?;
        let test = run::cargo(&["test", "--package", "bridge-detect", "--tests"]);
        if loom::passed(&in_copy(test)?) == 0 {
            return Err(format!("no test was executed with Tokio {version}"));
        }
        tested.push(version);
    }
    Ok(())
}

/// Runs the command in the copy, and returns its output.
fn in_copy(mut command: std::process::Command) -> Result<String, String> {
    command.current_dir(COPY);
    let text = format!("{command:?}");
    let ended = run::run(&mut command, LIMIT, Output::Tee);
    if ended.passed() {
        Ok(ended.text)
    } else {
        Err(format!("failed in {COPY}: {text}"))
    }
}

/// Copies the workspace. Build output of an earlier copy stays.
fn copy() -> Chore {
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let to = Path::new(COPY).join(&folder);
        fs::create_dir_all(&to).map_err(|error| failed(&to, &error))?;
        let from = Path::new(".").join(&folder);
        for entry in fs::read_dir(&from).map_err(|error| failed(&from, &error))? {
            let entry = entry.map_err(|error| failed(&from, &error))?;
            let name = entry.file_name();
            let path = folder.join(&name);
            if entry.path().is_dir() {
                if !LEFT_OUT.iter().any(|left_out| name == *left_out) {
                    folders.push(path);
                }
            } else {
                copy_file(&entry.path(), &Path::new(COPY).join(&path))?;
            }
        }
    }
    Ok(())
}

/// Copies a file that has changed. Otherwise Cargo would build it again.
fn copy_file(from: &Path, to: &Path) -> Chore {
    let new = fs::read(from).map_err(|error| failed(from, &error))?;
    if fs::read(to).is_ok_and(|old| old == new) {
        return Ok(());
    }
    fs::write(to, new).map_err(|error| failed(to, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// Returns the version of Tokio in a lock file.
fn locked(path: &Path) -> Result<String, String> {
    let lock = Lock::read(path)?;
    let tokio = lock.package("tokio");
    let tokio = tokio.ok_or_else(|| format!("{} names no Tokio", path.display()))?;
    Ok(tokio.version.clone())
}

/// Returns the oldest version of Tokio that the workspace's manifest allows.
fn oldest(manifest: &str) -> Result<String, String> {
    let manifest: toml::Table = manifest.parse().map_err(|e| format!("Cargo.toml: {e}"))?;
    let tokio = ["workspace", "dependencies", "tokio", "version"]
        .iter()
        .try_fold(&toml::Value::Table(manifest), |value, key| value.get(key))
        .and_then(|version| Some(version.as_str()?.to_owned()));
    let version = tokio.ok_or("Cargo.toml names no version of Tokio")?;
    let dots = version.matches('.').count();
    Ok(version + &".0".repeat(2_usize.saturating_sub(dots)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_written_out_in_full() {
        let manifest = |version| {
            format!("[workspace.dependencies]\ntokio = {{ version = \"{version}\", a = 1 }}\n")
        };
        assert_eq!(oldest(&manifest("1.54")), Ok("1.54.0".to_owned()));
        assert_eq!(oldest(&manifest("1.54.2")), Ok("1.54.2".to_owned()));
        assert!(oldest("[workspace.dependencies]\n").is_err());
    }
}
