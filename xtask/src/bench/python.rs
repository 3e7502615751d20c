//! Runs `SmartAsync`, and its peers in Python, in an environment of their own below
//! `target/`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{figures::Figures, progress, read};
use crate::run::{self, Ended, Output};

/// The word that the program prints before the name and version of a package.
const VERSION: &str = "version";

/// Measures, and returns the figures and the versions of the measured packages.
pub(super) fn measure(
    python: &str,
    quick: bool,
) -> Result<(Figures, BTreeMap<String, String>), String> {
    let bar = progress::spinner("python: making an environment");
    let environment = super::directory().join("python");
    let ours = environment.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let ended = steps(python, &environment, &ours, quick, &bar);
    bar.finish_and_clear();
    let text = ended?;
    let mut figures = Figures::default();
    read::lines(&text, &mut figures);
    Ok((figures, versions(&text)))
}

fn steps(
    python: &str,
    environment: &Path,
    ours: &Path,
    quick: bool,
    bar: &indicatif::ProgressBar,
) -> Result<String, String> {
    let home: PathBuf = crate::root().join("bench-suite").join("python");
    if !ours.is_file() {
        let mut venv = run::program(python, &["-m", "venv"]);
        venv.arg(environment);
        done(
            "the environment",
            run::run(&mut venv, Duration::from_mins(2), Output::Keep),
        )?;
    }
    bar.set_message("python: installing packages");
    let mut pip = run::program(
        ours,
        &[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ],
    );
    pip.arg(home.join("requirements.txt"));
    done(
        "its packages",
        run::run(&mut pip, Duration::from_mins(5), Output::Keep),
    )?;
    bar.set_message("python: measuring");
    let mut program = run::program(ours, &[]);
    program.arg(home.join("smartasync_bench.py"));
    if quick {
        program.arg("--quick");
    }
    let shown = bar.clone();
    let ended = run::watch(&mut program, Duration::from_mins(10), move |line| {
        if let Some(rest) = line.strip_prefix("count ") {
            shown.set_message(format!("python: {rest}"));
        }
    });
    done("the program", ended)
}

/// Returns the output of a program, if it succeeded.
fn done(what: &str, ended: Ended) -> Result<String, String> {
    if ended.passed() {
        Ok(ended.text)
    } else {
        Err(format!("{what}: {:?}\n{}", ended.verdict, ended.text))
    }
}

fn versions(text: &str) -> BTreeMap<String, String> {
    let lines = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let versions = lines.filter_map(|words| match words[..] {
        [VERSION, name, version] => Some((name.to_owned(), version.to_owned())),
        _ => None,
    });
    versions.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        let found = versions("version anyio 4.1\nversion\nsome other line\na line 1\n");
        assert_eq!(
            found,
            BTreeMap::from([("anyio".to_owned(), "4.1".to_owned())])
        );
    }
}
