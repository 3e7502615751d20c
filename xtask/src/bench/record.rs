//! A record: the figures of a run, and all that is needed to judge them.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    figures::Figures,
    machine::{self, Commit, Machine, Toolchain},
};

/// The directory of the kept records, from the root.
pub(crate) const KEPT: &str = "bench-suite/record/";

/// The figures of a run, with their time, machine and versions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The time in UTC, to the second.
    pub(super) when: String,
    /// Whether the run took fewer samples.
    pub(super) quick: bool,
    /// The rows that were asked for, if not all were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) only: Option<String>,
    pub(super) commit: Option<Commit>,
    pub(super) machine: Machine,
    pub(super) toolchain: Toolchain,
    /// The versions of the peers, and of the tools that measure.
    pub(super) peers: BTreeMap<String, String>,
    /// The versions of Python and its packages, if they were measured.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) python: BTreeMap<String, String>,
    pub(super) figures: Figures,
}

impl Record {
    /// Returns a record without figures, of this machine and of the code as it is now.
    ///
    /// It must be called before anything is built from the code.
    pub(super) fn begun(quick: bool, only: Option<&str>) -> Result<Self, String> {
        Ok(Self {
            when: jiff::Timestamp::now()
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string(),
            quick,
            only: only.map(str::to_owned),
            commit: Commit::here(),
            machine: Machine::here(),
            toolchain: Toolchain::here()?,
            peers: machine::peers()?,
            ..Self::default()
        })
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|e| e.to_string())
    }

    pub(super) fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("a record has only text for keys");
        text + "\n"
    }

    pub(super) fn date(&self) -> &str {
        self.when.split('T').next().unwrap_or_default()
    }

    /// Returns the path at which the record is kept, from the root.
    ///
    /// A second record of one day replaces the first.
    pub(super) fn kept_at(&self) -> String {
        format!("{KEPT}{}/{}.json", self.toolchain.target, self.date())
    }

    /// Returns the machine, the compiler and the code, in one line.
    pub(super) fn origin(&self) -> String {
        let mut line = format!("{}; {}", self.machine.line(), self.toolchain.rustc);
        if let Some(commit) = &self.commit {
            let _ = write!(line, "; commit {}", commit.short());
        }
        if self.quick {
            line += "; quick, so only a first impression";
        }
        line
    }

    pub(super) fn save(&self, path: &Path) -> Result<(), String> {
        let saved = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(path, self.text()));
        saved.map_err(|e| format!("the record {}: {e}", path.display()))
    }

    /// Loads a record by its path, or by the end of its name under
    /// `bench-suite/record/`, as `2026-01-31`. The name `last` is the last run.
    pub(super) fn load(name: &str) -> Result<Self, String> {
        let path = find(name)?;
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Self::parse(&text).map_err(|e| format!("{} is no record: {e}", path.display()))
    }
}

/// Returns the record that the documents quote, with its path.
///
/// This is the newest record of all rows that was not measured with `--quick`.
pub(crate) fn quoted<'a>(
    records: impl Iterator<Item = (&'a str, Record)>,
) -> Option<(&'a str, Record)> {
    records
        .filter(|(_, record)| !record.quick && record.only.is_none())
        .max_by(|a, b| (&a.1.when, a.0).cmp(&(&b.1.when, b.0)))
}

/// Returns the path of the last run's record.
pub(super) fn last() -> PathBuf {
    super::directory().join("record.json")
}

fn find(name: &str) -> Result<PathBuf, String> {
    if name == "last" {
        return Ok(last());
    }
    let path = PathBuf::from(name);
    if path.is_file() {
        return Ok(path);
    }
    let kept = kept();
    let wanted = name.strip_suffix(".json").unwrap_or(name);
    let mut found = kept
        .iter()
        .filter(|path| Path::new(path).with_extension("").ends_with(wanted));
    match (found.next(), found.next()) {
        (Some(path), None) => Ok(crate::root().join(path)),
        (Some(_), Some(_)) => Err(format!(
            "several records are named {name}; give the target too, as `TARGET/{name}`"
        )),
        (None, _) => Err(format!(
            "there is no record {name}; give a path, `last`, or a date under {KEPT}"
        )),
    }
}

/// Returns the paths of all kept records, from the root.
pub(super) fn kept() -> Vec<String> {
    let names = |path: &Path| {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok())
    };
    let home = crate::root().join(KEPT);
    let records = names(&home).flat_map(|target| {
        let paths = names(&home.join(&target)).map(|name| format!("{KEPT}{target}/{name}"));
        paths.collect::<Vec<_>>()
    });
    let mut records: Vec<_> = records.filter(|path| is_kept(path)).collect();
    records.sort();
    records
}

/// Returns whether the file at this path, from the root, is a kept record.
pub(crate) fn is_kept(path: &str) -> bool {
    path.starts_with(KEPT) && Path::new(path).extension().is_some_and(|e| e == "json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figures::Figure;

    fn record(when: &str) -> Record {
        Record {
            when: when.to_owned(),
            toolchain: Toolchain {
                rustc: "rustc 1.0.0".to_owned(),
                target: "an-arch".to_owned(),
            },
            ..Record::default()
        }
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let mut kept = record("2026-01-31T01:02:03Z");
        kept.commit = Some(Commit {
            hash: "abc".to_owned(),
            dirty: true,
        });
        kept.only = Some("P8".to_owned());
        kept.python.insert("anyio".to_owned(), "4.1".to_owned());
        kept.peers.insert("tokio".to_owned(), "1.54.1".to_owned());
        let figure = Figure {
            value: 0.1,
            interval: Some([0.05, 0.2]),
        };
        kept.figures.set("P4", "bridge", figure);
        kept.figures.set("P14", "bridge", 1e6);
        kept.figures.add_point("C", "bridge", 10.0, figure);
        kept.figures.add_note("C", "a note");
        assert_eq!(Record::parse(&kept.text()), Ok(kept.clone()));
        assert_eq!(kept.kept_at(), "bench-suite/record/an-arch/2026-01-31.json");
        assert!(Record::parse("{}").is_err());
    }

    #[test]
    fn the_newest_whole_record_is_quoted() {
        let mut quick = record("2026-03-01T00:00:00Z");
        quick.quick = true;
        let mut part = record("2026-04-01T00:00:00Z");
        part.only = Some("P8".to_owned());
        let records = [
            ("a", record("2026-01-01T00:00:00Z")),
            ("b", record("2026-02-01T00:00:00Z")),
            ("c", quick),
            ("d", part),
        ];
        assert_eq!(quoted(records.into_iter()).map(|found| found.0), Some("b"));
    }

    #[test]
    fn a_record_that_is_not_there_is_named() {
        let error = Record::load("no-such-date").expect_err("there is none");
        assert!(error.contains("no-such-date"), "{error}");
    }
}
