//! Checks that the README and the guide name only what exists.
//!
//! The check reads the texts in backticks. It knows no types, so it is coarse: it finds a
//! name that was removed or changed, and not a name that belongs to another type.

use std::collections::BTreeSet;

use super::{
    Finding, Tree, finding,
    markdown::{documents, spans},
};

/// The documents that users read.
const READ: [&str; 3] = ["README.md", "bridge/src/smartasync.md", "bridge/src/guide/"];

/// Where the names of the published packages are declared.
const SOURCES: [&str; 5] = [
    "bridge/src/",
    "bridge/macros/src/",
    "cache/src/",
    "detect/src/",
    "offload/src/",
];

/// Names of other projects, of which no source of this tree speaks.
const FOREIGN: [&str; 22] = [
    // Tokio, futures and Clippy.
    "block_on_stream",
    "blocking_lock",
    "blocking_send",
    "enable_io",
    "missing_errors_doc",
    // nusb and zenoh.
    "BlockingTask",
    "MaybeFuture",
    "ZRuntime",
    "maybe_future",
    "nusb",
    // maybe-async and async-generic.
    "async_impl",
    "async_signature",
    "f_async",
    "sync_impl",
    // PyO3.
    "Python",
    "attach",
    // asgiref, anyio and SmartAsync.
    "CapacityLimiter",
    "_cached_has_loop",
    "async_to_sync",
    "start_blocking_portal",
    "sync_to_async",
    "thread_sensitive",
];

/// The file with that list.
const LIST: &str = "xtask/src/tidy/names.rs";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let declared = Declared::of(tree);
    let mut findings = Vec::new();
    let mut unused: BTreeSet<_> = FOREIGN.into_iter().collect();
    for (path, text) in documents(tree).filter(|(path, _)| is_read(path)) {
        for span in spans(text) {
            if !declared.knows(span, text) {
                findings.push(finding(path, format!("`{span}` does not exist")));
            }
            for word in words(span) {
                unused.remove(word);
            }
        }
    }
    // A test has few documents, which need no foreign names.
    if tree.has(LIST) {
        let unused = unused.into_iter();
        findings.extend(unused.map(|name| finding(LIST, format!("no document needs `{name}`"))));
    }
    findings
}

fn is_read(path: &str) -> bool {
    READ.iter().any(|read| path.starts_with(read))
}

/// The names that the sources declare, and the words that occur in any source.
#[derive(Default)]
struct Declared<'a> {
    types: BTreeSet<&'a str>,
    names: BTreeSet<&'a str>,
    words: BTreeSet<&'a str>,
    /// The paths of two words that occur in any source.
    spoken: BTreeSet<&'a str>,
}

impl<'a> Declared<'a> {
    fn of(tree: &'a Tree) -> Self {
        let mut this = Self::default();
        for (path, text) in tree.rust().filter(|(path, _)| *path != LIST) {
            this.words.extend(words(text));
            let paths = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
            this.spoken.extend(paths.filter(|path| path.contains("::")));
            if SOURCES.iter().any(|source| path.starts_with(source)) {
                for line in text.lines().map(str::trim_start) {
                    this.add(line);
                }
            }
        }
        this
    }

    /// Adds what a line declares: an item, or a field, a variant or a setting.
    fn add(&mut self, line: &'a str) {
        if line.starts_with("//") {
            return;
        }
        let mut before = "";
        for word in words(line) {
            match before {
                "struct" | "enum" | "trait" | "type" => {
                    self.types.insert(word);
                    self.names.insert(word);
                }
                "fn" | "mod" | "macro_rules" | "const" | "static" => {
                    self.names.insert(word);
                }
                _ => {}
            }
            before = word;
        }
        let rest = line.strip_prefix("pub ").unwrap_or(line);
        if let Some(first) = words(rest).next().filter(|first| rest.starts_with(first)) {
            let after = &rest[first.len()..];
            if after.is_empty() || after.starts_with([':', ',', '(']) || after.starts_with(" {") {
                self.names.insert(first);
            }
        }
    }

    /// Returns whether a text in backticks names something that exists, or no item at all.
    fn knows(&self, span: &str, page: &str) -> bool {
        let path = span.split(['(', '<', '!']).next().unwrap_or_default();
        let is_word = |word: &str| words(word).next() == Some(word);
        if let Some(method) = path.strip_prefix('.') {
            return !is_word(method) || self.is_known(method, page);
        }
        let parts: Vec<_> = path.split("::").collect();
        if !parts.iter().all(|part| is_word(part)) {
            return true;
        }
        match parts.as_slice() {
            [name] if is_compound(name) => self.is_known(name, page),
            [_] => true,
            ["bridge", .., name] => self.names.contains(name),
            [.., owner, name] if self.types.contains(owner) => {
                // Another project may have a type of the same name.
                self.names.contains(name) || self.spoken.contains(path)
            }
            parts => parts.iter().all(|part| self.is_known(part, page)),
        }
    }

    /// Returns whether any source has the word, or the code of the page.
    fn is_known(&self, word: &str, page: &str) -> bool {
        self.words.contains(word)
            || FOREIGN.contains(&word)
            || page
                .split("```")
                .skip(1)
                .step_by(2)
                .any(|code| words(code).any(|w| w == word))
    }
}

/// Returns whether a word can only be a name of code: it has an underscore or two capitals.
fn is_compound(word: &str) -> bool {
    let mut letters = word.chars();
    let capital = letters.next().is_some_and(char::is_uppercase);
    word.contains('_') || capital && letters.any(char::is_uppercase)
}

/// Returns the words of a text: letters, digits and underscores.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: (&str, &str) = (
        "bridge/src/a.rs",
        "pub enum Fault {\n    TooDeep {\n    Gone,\n}\n// fn removed()\n\
         impl Fault {\n    pub fn at(self) {}\n}\npub fn wait_for() {}\nset! {\n    max_threads: usize;\n}\n",
    );
    const OTHER: (&str, &str) = ("xtask/src/b.rs", "task::spawn_blocking();");

    fn found(text: &str) -> Vec<String> {
        let tree = Tree::of(&[("README.md", text), SOURCE, OTHER]);
        check(&tree).into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn names_that_exist_pass() {
        let text = "`Fault::TooDeep` `Fault::Gone` `Fault::at` `bridge::wait_for(x)` `.at()` \
            `max_threads` `spawn_blocking` `task::spawn_blocking` `MaybeFuture` `any text` `word` `a + b` \
            `my_name`\n```rust\nlet my_name = 1;\n```\n";
        assert_eq!(found(text), [""; 0]);
    }

    #[test]
    fn a_foreign_name_that_no_document_needs_is_found() {
        let names = FOREIGN.map(|name| format!("`{name}`")).join(" ");
        let list = (LIST, "//!");
        assert_eq!(check(&Tree::of(&[("README.md", &names), list])), []);
        let findings = check(&Tree::of(&[
            ("README.md", &names.replace("`attach`", "")),
            list,
        ]));
        assert_eq!(findings, [finding(LIST, "no document needs `attach`")]);
    }

    #[test]
    fn names_that_do_not_exist_are_found() {
        for name in [
            "Fault::Gnoe",
            "Fault::spawn_blocking",
            "bridge::spawn_blocking",
            "bridge::Fault::TooDeeep",
            "removed_name",
            "NoType",
            ".no_method()",
            "Other::no_such()",
        ] {
            assert_eq!(
                found(&format!("`{name}`\n")),
                [format!("`{name}` does not exist")]
            );
        }
    }
}
