//! The format of the lists: what a break replaces, and the test that catches it.
//!
//! ```toml
//! [[break]]
//! name = "a-short-kebab-name"
//! file = "offload/src/queue.rs"
//! what = "One sentence: what the break does, and what a user would see."
//! find = '''text that occurs once in the file'''
//! replace = '''text that compiles'''
//! caught_by = { package = "bridge-offload", target = "test:locks", test = "a_test" }
//! ```
//!
//! `target` is `lib`, `bins`, `test:NAME`, or the name of a file of loom tests, such as
//! `loom_inbox`. These are optional: `kind = "loom"` for loom tests in another
//! target, `features = ["…"]`, and `seconds`, the limit of the kill timer.

use std::time::Duration;

use serde::Deserialize;

/// The limit of the kill timer, if the list gives none.
const SECONDS: u64 = 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    #[serde(default, rename = "break")]
    breaks: Vec<Break>,
}

/// One weakening of the product.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Break {
    /// The crate that this list is about. It is not in the file.
    #[serde(skip)]
    pub(super) list: String,
    pub(super) name: String,
    pub(super) file: String,
    pub(super) what: String,
    pub(super) find: String,
    pub(super) replace: String,
    pub(super) caught_by: CaughtBy,
    #[serde(default)]
    kind: Option<Kind>,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default = "seconds")]
    seconds: u64,
}

/// The test that fails when a break is applied.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaughtBy {
    package: String,
    target: String,
    pub(super) test: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Loom,
}

/// The build that a test needs. Breaks of the same build stand side by side, so that each
/// break rebuilds little.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Build {
    pub(super) is_loom: bool,
    pub(super) package: String,
    /// The options that select the target: `--lib`, `--bins`, or `--test NAME`.
    pub(super) target: Vec<String>,
    pub(super) features: Vec<String>,
}

/// Reads the list in the file of this path.
pub(super) fn parse(path: &str, text: &str) -> Result<Vec<Break>, String> {
    let lists: Lists = toml::from_str(text).map_err(|error| format!("{path}: {error}"))?;
    let file = path.rsplit('/').next().unwrap_or(path);
    let list = file.strip_suffix(".toml").unwrap_or(file);
    let named = lists.breaks.into_iter().map(|one| Break {
        list: list.to_owned(),
        ..one
    });
    Ok(named.collect())
}

fn seconds() -> u64 {
    SECONDS
}

impl Break {
    /// Returns the name with the crate before it, which `--only` searches.
    pub(super) fn path(&self) -> String {
        format!("{}/{}", self.list, self.name)
    }

    /// Returns the build that its test needs, or `None` if its target is none.
    pub(super) fn build(&self) -> Option<Build> {
        let CaughtBy {
            package, target, ..
        } = &self.caught_by;
        let is_file_of_loom = target.starts_with("loom");
        let target = if matches!(&**target, "lib" | "bins") {
            vec![format!("--{target}")]
        } else if is_file_of_loom {
            vec!["--test".to_owned(), target.clone()]
        } else {
            let name = target.strip_prefix("test:")?;
            vec!["--test".to_owned(), name.to_owned()]
        };
        Some(Build {
            is_loom: is_file_of_loom || self.kind.is_some(),
            package: package.clone(),
            target,
            features: self.features.clone(),
        })
    }

    /// Returns the time after which the test hangs.
    pub(super) fn limit(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Returns a list of one break, with further lines.
    pub(in super::super) fn list(name: &str, target: &str, further: &str) -> String {
        format!(
            "[[break]]\nname = \"{name}\"\nfile = \"a/src/lib.rs\"\nwhat = \"It breaks.\"\n\
             find = \"one\"\nreplace = \"two\"\n\
             caught_by = {{ package = \"a\", target = \"{target}\", test = \"t\" }}\n{further}\n"
        )
    }

    fn only(text: &str) -> Break {
        let mut breaks = parse("xtask/breaks/a.toml", text).expect("a list");
        assert_eq!(breaks.len(), 1);
        breaks.remove(0)
    }

    #[test]
    fn a_target_says_what_is_built() {
        for (target, further, options, is_loom) in [
            ("lib", "", "--lib", false),
            ("lib", "kind = \"loom\"", "--lib", true),
            ("bins", "", "--bins", false),
            ("test:locks", "", "--test locks", false),
            ("loom", "", "--test loom", true),
            ("loom_inbox", "", "--test loom_inbox", true),
        ] {
            let one = only(&list("x", target, further));
            let build = one.build().expect("a build");
            assert_eq!(build.target.join(" "), options, "{target}");
            assert_eq!(build.is_loom, is_loom, "{target} {further}");
        }
        assert_eq!(only(&list("x", "locks", "")).build(), None);
    }

    #[test]
    fn the_list_is_named_by_its_file_and_the_limit_has_a_default() {
        let one = only(&list("x", "lib", ""));
        assert_eq!((one.path(), one.limit().as_secs()), ("a/x".into(), SECONDS));
        assert_eq!(only(&list("x", "lib", "seconds = 7")).limit().as_secs(), 7);
    }

    #[test]
    fn a_field_that_nobody_knows_is_an_error() {
        assert!(parse("a.toml", &list("x", "lib", "second = 7")).is_err());
    }
}
