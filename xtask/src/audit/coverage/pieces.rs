//! The pieces of the source that no test reached, from the report of `llvm-cov`.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;

/// The report that `llvm-cov export` writes.
#[derive(Deserialize)]
pub(super) struct Export {
    data: Vec<Data>,
}

#[derive(Deserialize)]
struct Data {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    segments: Vec<Segment>,
}

/// A place where a count begins to hold.
#[derive(Clone, Copy, Deserialize)]
#[serde(from = "(usize, usize, u64, bool, bool, bool)")]
struct Segment {
    line: usize,
    count: u64,
    /// Whether code begins here: the region has a count and is no gap.
    begins: bool,
}

impl From<(usize, usize, u64, bool, bool, bool)> for Segment {
    fn from(of: (usize, usize, u64, bool, bool, bool)) -> Self {
        let (line, _column, count, has_count, is_entry, is_gap) = of;
        Self {
            line,
            count,
            begins: has_count && is_entry && !is_gap,
        }
    }
}

impl Export {
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.all_files().map(|file| file.filename.as_str())
    }

    fn all_files(&self) -> impl Iterator<Item = &File> {
        self.data.iter().flat_map(|data| &data.files)
    }
}

/// The regions that the tests reached, and the lines of the others.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// The number of regions.
    pub(super) all: u64,
    pub(super) reached: u64,
    /// The lines on which an unreached region begins.
    pub(super) unreached: Vec<Piece>,
}

/// A line on which an unreached region begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    pub(super) file: String,
    /// The name of the function that contains the line.
    pub(super) function: String,
    /// The text of the line. A number would change with each edit above it.
    pub(super) line: String,
}

impl Piece {
    /// Returns whether the source still has the line, in that function.
    pub(super) fn is_in(&self, sources: &BTreeMap<String, String>) -> bool {
        let Some(text) = sources.get(&self.file) else {
            return false;
        };
        lines(text)
            .iter()
            .any(|(function, line)| *function == self.function && *line == self.line)
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            function,
            line,
        } = self;
        write!(f, "{file}: {function}: {line}")
    }
}

/// Returns the regions of the files that `sources` contains.
pub(super) fn of(export: &Export, sources: &BTreeMap<String, String>) -> Seen {
    let mut seen = Seen::default();
    for file in export.all_files() {
        let name = file.filename.replace('\\', "/");
        let Some((path, text)) = sources.iter().find(|(path, _)| name.ends_with(*path)) else {
            continue;
        };
        let lines = lines(text);
        for segment in file.segments.iter().filter(|segment| segment.begins) {
            // The file's own tests come after the lines that count.
            let Some((function, line)) = lines.get(segment.line - 1) else {
                continue;
            };
            seen.all += 1;
            if segment.count > 0 {
                seen.reached += 1;
                continue;
            }
            seen.unreached.push(Piece {
                file: path.clone(),
                function: function.clone(),
                line: line.clone(),
            });
        }
    }
    seen.unreached.sort();
    seen.unreached.dedup();
    seen
}

/// Returns the lines of a file up to its own tests, each with its function.
fn lines(text: &str) -> Vec<(String, String)> {
    let mut function = String::new();
    let all: Vec<&str> = text.lines().collect();
    let counted = (0..all.len()).take_while(|&at| !own_tests_begin(&all[at..]));
    counted
        .map(|at| {
            let line = all[at];
            if let Some(name) = named(line) {
                name.clone_into(&mut function);
            }
            (function.clone(), line.trim().to_owned())
        })
        .collect()
}

/// Returns whether these lines begin with a module of tests. Code may follow the name of a
/// module that is in another file.
fn own_tests_begin(lines: &[&str]) -> bool {
    let is_for_tests = lines
        .first()
        .is_some_and(|line| line.starts_with("#[cfg(test") || line.starts_with("#[cfg(all(test"));
    let item = lines.iter().find(|line| !line.starts_with("#["));
    is_for_tests && item.is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
}

/// Returns the name of the function that begins on this line.
fn named(line: &str) -> Option<&str> {
    let code = line.split("//").next()?;
    let (before, after) = code.split_once("fn ")?;
    let is_word = before.is_empty() || before.ends_with(' ');
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (is_word && end > 0).then(|| &after[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "//! Head.\nfn first() {\n    if odd() {\n        give_up();\n    }\n}\n\
        #[cfg(test)]\nmod tests {\n    fn not_counted() {}\n}\n";

    fn export(segments: &str) -> Export {
        let text = format!(
            r#"{{"data": [{{"files": [{{"filename": "/x/a/src/b.rs", "segments": {segments}}}]}}]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn sources() -> BTreeMap<String, String> {
        BTreeMap::from([("a/src/b.rs".to_owned(), SOURCE.to_owned())])
    }

    #[test]
    fn a_region_without_a_count_is_named_by_its_function_and_line() {
        let export = export(
            "[[2, 1, 3, true, true, false], [4, 9, 0, true, true, false], \
             [5, 6, 3, true, false, false]]",
        );
        let seen = of(&export, &sources());
        assert_eq!((seen.all, seen.reached), (2, 1));
        assert_eq!(seen.unreached.len(), 1);
        assert_eq!(
            seen.unreached[0].to_string(),
            "a/src/b.rs: first: give_up();"
        );
    }

    #[test]
    fn gaps_and_own_tests_do_not_count() {
        let export = export("[[4, 1, 0, true, true, true], [9, 5, 0, true, true, false]]");
        assert_eq!(of(&export, &sources()), Seen::default());
    }

    #[test]
    fn code_below_the_name_of_a_file_of_tests_counts() {
        let head = "#[cfg(test)]\n#[path = \"x.rs\"]\nmod tests;\n#[cfg(test)]\nfn help() {}\n";
        let text = format!("{head}{SOURCE}");
        let sources = BTreeMap::from([("a/src/b.rs".to_owned(), text)]);
        let export = export("[[9, 9, 0, true, true, false], [14, 5, 0, true, true, false]]");
        let seen = of(&export, &sources);
        let unreached: Vec<_> = seen.unreached.iter().map(ToString::to_string).collect();
        assert_eq!(unreached, ["a/src/b.rs: first: give_up();"]);
    }

    #[test]
    fn a_piece_is_looked_up_in_its_function() {
        let piece = |function: &str, line: &str| Piece {
            file: "a/src/b.rs".to_owned(),
            function: function.to_owned(),
            line: line.to_owned(),
        };
        assert!(piece("first", "give_up();").is_in(&sources()));
        assert!(!piece("second", "give_up();").is_in(&sources()));
        assert!(!piece("first", "go_on();").is_in(&sources()));
    }

    #[test]
    fn a_function_is_named_where_it_begins() {
        assert_eq!(named("    pub(crate) fn of<T>(x: T) {"), Some("of"));
        assert_eq!(named("    hook: impl Fn() + Send,"), None);
        assert_eq!(named("    hook: fn(&str),"), None);
        assert_eq!(named("    // the fn of the day"), None);
    }
}
