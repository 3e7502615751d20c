//! The measured medians, by group and by who was measured.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::catalogue::Row;

/// The name under which a bench measures the bridge itself.
pub(super) const OURS: &str = "bridge";

/// What ends so shows how low a figure can get for less than the work.
const NO_PEER: &str = "_without_runtime";

/// Group, then who, to the figure in the row's unit before division.
#[derive(Debug, Default)]
pub(super) struct Figures(BTreeMap<String, BTreeMap<String, f64>>);

impl Figures {
    pub(super) fn set(&mut self, group: &str, who: &str, value: f64) {
        self.0
            .entry(group.to_owned())
            .or_default()
            .insert(who.to_owned(), value);
    }

    pub(super) fn extend(&mut self, more: Self) {
        for (group, figures) in more.0 {
            self.0.entry(group).or_default().extend(figures);
        }
    }

    /// Reads what Criterion wrote for `rows`.
    pub(super) fn read(&mut self, criterion: &Path, rows: &[Row]) {
        for row in rows {
            for who in directories(&criterion.join(row.group)) {
                // A function with a parameter is one directory further down.
                let points = directories(&who);
                for path in std::iter::once(&who).chain(&points) {
                    let text = fs::read_to_string(path.join("new").join("estimates.json"));
                    if let Some(median) = text.ok().as_deref().and_then(median) {
                        let name = path.strip_prefix(criterion.join(row.group));
                        let name = name.expect("a path below").to_string_lossy();
                        self.set(row.group, &name.replace('\\', "/"), median);
                    }
                }
            }
        }
    }

    /// Reads lines of the form `count GROUP WHO VALUE`.
    pub(super) fn read_counts(&mut self, text: &str) {
        for line in text.lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            if let ["count", group, who, value] = words[..]
                && let Ok(value) = value.parse()
            {
                self.set(group, who, value);
            }
        }
    }

    pub(super) fn ours(&self, group: &str) -> Option<f64> {
        self.of(group, OURS)
    }

    pub(super) fn of(&self, group: &str, who: &str) -> Option<f64> {
        self.0.get(group)?.get(who).copied()
    }

    /// The points of our own curve, where a group has one.
    pub(super) fn points(&self, group: &str) -> Vec<(&str, f64)> {
        let prefix = format!("{OURS}/");
        let figures = self.0.get(group).into_iter().flatten();
        figures
            .filter_map(|(name, value)| Some((name.strip_prefix(&prefix)?, *value)))
            .collect()
    }

    /// The peer with the smallest figure.
    pub(super) fn best(&self, group: &str) -> Option<(&str, f64)> {
        let figures = self.0.get(group).into_iter().flatten();
        let peers = figures
            .filter(|(name, _)| *name != OURS && !name.contains('/') && !name.ends_with(NO_PEER));
        peers
            .map(|(name, value)| (name.as_str(), *value))
            .min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

fn directories(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect()
}

/// The median in Criterion's `estimates.json`.
fn median(json: &str) -> Option<f64> {
    let value: Value = serde_json::from_str(json).ok()?;
    value.get("median")?.get("point_estimate")?.as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_read_not_the_mean() {
        let json = r#"{"mean":{"point_estimate":9.0},"median":{"point_estimate":7.5}}"#;
        assert_eq!(median(json), Some(7.5));
        assert_eq!(median("{}"), None);
    }

    #[test]
    fn counts_are_read_and_other_lines_are_not() {
        let mut figures = Figures::default();
        figures.read_counts("warning: x\ncount P2-size bridge 48\ncount P2-size plain 40\n");
        assert_eq!(figures.ours("P2-size"), Some(48.0));
        assert_eq!(figures.best("P2-size"), Some(("plain", 40.0)));
        assert_eq!(figures.ours("P3"), None);
    }

    #[test]
    fn the_best_peer_is_a_peer() {
        let mut figures = Figures::default();
        for (who, value) in [
            (OURS, 1.0),
            ("bridge/100", 0.5),
            ("a", 3.0),
            ("b", 2.0),
            ("c_without_runtime", 1.0),
        ] {
            figures.set("g", who, value);
        }
        assert_eq!(figures.best("g"), Some(("b", 2.0)));
        assert_eq!(figures.points("g"), [("100", 0.5)]);
    }
}
