//! The limits of instructions on each hot path, and the check that they are kept.
//!
//! The limits are in a file that is committed with the code, so a change that
//! makes a hot path longer either fails or says so in the same commit.

use std::{collections::BTreeMap, fs, path::PathBuf};

use comfy_table::{Cell, Color, Table};
use serde::{Deserialize, Serialize};

use super::{figures::Figures, machine::Toolchain, table::table};

/// The path of the file, from the root.
const FILE: &str = "bench-suite/limits.toml";

const HEAD: &str = "\
# The greatest number of instructions that each hot path of the bridge may
# execute. `cargo xtask bench --check` counts them with Callgrind, and fails if a
# path executes more. `cargo xtask bench --check --update` writes this file. Each
# limit is the count plus one hundredth, rounded up. If the plain function is
# counted beside the smart one, its count is the limit.

";

/// The limits, and the counts that they were set from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Limits {
    toolchain: Toolchain,
    counted: BTreeMap<String, u64>,
    #[serde(rename = "limits")]
    most: BTreeMap<String, u64>,
}

/// A path with its count and its limit. The count or the limit may be missing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Checked {
    path: String,
    counted: Option<u64>,
    limit: Option<u64>,
    /// The instructions of the plain function, if it is counted beside ours. No more
    /// than these are allowed then, whatever the limit says.
    plain: Option<u64>,
}

impl Checked {
    fn kept(&self) -> bool {
        let most = |limit: u64| self.plain.map_or(limit, |plain| plain.min(limit));
        self.counted
            .zip(self.limit)
            .is_some_and(|(counted, limit)| counted <= most(limit))
    }

    fn word(&self) -> &'static str {
        match (self.counted, self.limit) {
            (Some(_), None) => "no limit; set one with --check --update",
            (None, _) => "not counted; was it removed?",
            _ if self.kept() => "pass",
            _ => "MISS",
        }
    }
}

impl Limits {
    /// Returns limits just above our counts in `figures`.
    pub(super) fn above(figures: &Figures, toolchain: Toolchain) -> Self {
        let counted = counted(figures);
        let limits = counted
            .iter()
            .map(|(path, count)| (path.clone(), count + count.div_ceil(100)));
        Self {
            toolchain,
            most: limits.collect(),
            counted,
        }
    }

    pub(super) fn load() -> Result<Self, String> {
        let text = fs::read_to_string(path()).map_err(|e| {
            format!("{FILE}: {e}; write it with: cargo xtask bench --check --update")
        })?;
        toml::from_str(&text).map_err(|e| format!("{FILE}: {e}"))
    }

    pub(super) fn save(&self) -> Result<(), String> {
        fs::write(path(), self.text()).map_err(|e| format!("{FILE}: {e}"))
    }

    fn text(&self) -> String {
        let body = toml::to_string(self).expect("names and numbers only");
        format!("{HEAD}{body}")
    }

    /// Returns each of our paths, with its limit.
    pub(super) fn check(&self, figures: &Figures) -> Vec<Checked> {
        let counted = counted(figures);
        let mut paths: Vec<_> = counted.keys().chain(self.most.keys()).collect();
        paths.sort();
        paths.dedup();
        let checked = paths.into_iter().map(|path| Checked {
            path: path.clone(),
            counted: counted.get(path).copied(),
            limit: self.most.get(path).copied(),
            plain: plain(figures, path),
        });
        checked.collect()
    }

    /// Returns a remark if the limits are of another toolchain, so that counts may
    /// differ.
    pub(super) fn other_toolchain(&self, here: &Toolchain) -> Option<String> {
        let Toolchain { rustc, target } = &self.toolchain;
        (self.toolchain != *here).then(|| {
            format!(
                "the limits were set with {rustc} for {target}; this is {} for {}",
                here.rustc, here.target
            )
        })
    }
}

/// Returns the table, and the paths that fail.
pub(super) fn render(checked: &[Checked]) -> (Table, Vec<&str>) {
    let mut table = table(["path", "instructions", "limit", "plain", "verdict"]);
    let number = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), |n| n.to_string());
    for checked in checked {
        let color = if checked.kept() {
            Color::Green
        } else {
            Color::Red
        };
        table.add_row([
            Cell::new(&checked.path),
            Cell::new(number(checked.counted)),
            Cell::new(number(checked.limit)),
            Cell::new(number(checked.plain)),
            Cell::new(checked.word()).fg(color),
        ]);
    }
    let failed = checked.iter().filter(|checked| !checked.kept());
    (table, failed.map(|checked| checked.path.as_str()).collect())
}

/// Returns our counts, by group.
fn counted(figures: &Figures) -> BTreeMap<String, u64> {
    let groups = figures.0.keys();
    let counted = groups.filter_map(|group| Some((group.clone(), whole(figures.ours(group)?))));
    counted.collect()
}

/// Returns the instructions of a group's plain function, if it is counted there.
fn plain(figures: &Figures, group: &str) -> Option<u64> {
    let plain = ["plain_call", "plain_await"];
    let counted = plain.iter().find_map(|who| figures.of(group, who));
    counted.map(whole)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count was read from digits alone"
)]
fn whole(count: f64) -> u64 {
    count.round() as u64
}

fn path() -> PathBuf {
    crate::root().join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(counts: &[(&str, f64)]) -> Figures {
        let mut figures = Figures::default();
        for (group, count) in counts {
            figures.set(group, "bridge", *count);
        }
        figures
    }

    fn failed(limits: &Limits, counts: &[(&str, f64)]) -> Vec<String> {
        let checked = limits.check(&figures(counts));
        let (_, failed) = render(&checked);
        failed.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_longer_path_fails_and_so_does_one_without_count_or_limit() {
        let set = figures(&[("P1-icount", 14.0), ("I-wait", 1000.0)]);
        let limits = Limits::above(&set, Toolchain::default());
        assert_eq!(
            failed(&limits, &[("P1-icount", 14.0), ("I-wait", 1000.0)]),
            [""; 0]
        );
        assert_eq!(
            failed(&limits, &[("P1-icount", 15.0), ("I-wait", 1010.0)]),
            [""; 0]
        );
        assert_eq!(
            failed(&limits, &[("P1-icount", 16.0), ("I-wait", 1011.0)]),
            ["I-wait", "P1-icount"]
        );
        assert_eq!(failed(&limits, &[("P1-icount", 14.0)]), ["I-wait"]);
        assert_eq!(
            failed(
                &limits,
                &[("P1-icount", 14.0), ("I-wait", 9.0), ("I-new", 1.0)]
            ),
            ["I-new"]
        );
    }

    #[test]
    fn nothing_is_allowed_beyond_the_plain_function() {
        let mut counts = figures(&[("P1-icount", 14.0)]);
        counts.set("P1-icount", "plain_call", 14.0);
        let limits = Limits::above(&counts, Toolchain::default());
        let failed = |counts: &Figures| render(&limits.check(counts)).1.len();
        assert_eq!(failed(&counts), 0);
        counts.set("P1-icount", "bridge", 15.0);
        assert_eq!(failed(&counts), 1);
    }

    #[test]
    fn the_file_comes_back_as_it_was_and_says_what_it_is() {
        let limits = Limits::above(&figures(&[("P1-icount", 14.0)]), Toolchain::default());
        let text = limits.text();
        assert!(text.starts_with("# The greatest"), "{text}");
        assert_eq!(toml::from_str(&text), Ok(limits));
    }

    #[test]
    fn another_compiler_is_named() {
        let limits = Limits::default();
        assert_eq!(limits.other_toolchain(&Toolchain::default()), None);
        let other = Toolchain {
            rustc: "rustc 9".to_owned(),
            target: "x".to_owned(),
        };
        assert!(
            limits
                .other_toolchain(&other)
                .is_some_and(|text| text.contains("rustc 9"))
        );
    }
}
