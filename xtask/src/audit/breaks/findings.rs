//! Finds mistakes in a list of breaks without building anything.
//!
//! `cargo xtask tidy` calls this too. So a change of the product that moves the text of a
//! break fails at once, and not in the next audit.

use std::collections::BTreeMap;

use super::list::{self, Break};

/// Returns the mistakes in the lists, each with the path of its list. `file` returns the
/// text of a file of the tree.
pub(crate) fn findings<'a>(
    lists: impl Iterator<Item = (&'a str, &'a str)>,
    file: impl Fn(&str) -> Option<String>,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut names = BTreeMap::new();
    for (path, text) in lists {
        let breaks = match list::parse(path, text) {
            Ok(breaks) => breaks,
            Err(why) => {
                found.push((path.to_owned(), why));
                continue;
            }
        };
        if breaks.is_empty() {
            found.push((path.to_owned(), "lists no break".to_owned()));
        }
        for one in breaks {
            if let Some(before) = names.insert(one.name.clone(), path.to_owned()) {
                let what = format!("the name `{}` is in {before} too", one.name);
                found.push((path.to_owned(), what));
            }
            let mistake = wrong_with(&one, file(&one.file).as_deref());
            found.extend(mistake.map(|what| (path.to_owned(), format!("`{}`: {what}", one.name))));
        }
    }
    found
}

/// Returns the names of the tests in a list, each with the name of its break.
pub(crate) fn named_tests(path: &str, text: &str) -> Vec<(String, String)> {
    let breaks = list::parse(path, text).unwrap_or_default();
    let named = breaks.into_iter().map(|one| (one.name, one.caught_by.test));
    named.collect()
}

/// Returns the mistake in one break, whose file has this text.
fn wrong_with(one: &Break, text: Option<&str>) -> Option<String> {
    let is_kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if one.name.is_empty() || !one.name.chars().all(is_kebab) {
        return Some("its name has other characters than a-z, 0-9 and `-`".to_owned());
    }
    if one.what.trim().is_empty() {
        return Some("it does not say what it does".to_owned());
    }
    if one.build().is_none() {
        return Some(
            "its target is not `lib`, `bins`, `test:NAME` or a file of loom tests".to_owned(),
        );
    }
    if one.find == one.replace {
        return Some("it replaces a text by itself".to_owned());
    }
    let Some(text) = text else {
        return Some(format!("there is no file {}", one.file));
    };
    match text.matches(&one.find).count() {
        1 => None,
        count => Some(format!("its text occurs {count} times in {}", one.file)),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::list::tests::list, *};

    /// Returns the mistakes in this list, which is about a file of this text.
    fn found(list: &str, text: Option<&str>) -> Vec<String> {
        let lists = [("xtask/breaks/a.toml", list)].into_iter();
        let findings = findings(lists, |path| {
            assert_eq!(path, "a/src/lib.rs");
            text.map(str::to_owned)
        });
        findings.into_iter().map(|(_, what)| what).collect()
    }

    #[test]
    fn a_text_that_occurs_once_is_right() {
        let text = Some("zero one two");
        assert_eq!(found(&list("x", "lib", ""), text), [""; 0]);
    }

    #[test]
    fn a_text_that_has_moved_or_is_there_twice_is_found() {
        for (text, part) in [
            (None, "there is no file"),
            (Some("two"), "occurs 0 times"),
            (Some("one one"), "occurs 2 times"),
        ] {
            let found = found(&list("x", "lib", ""), text);
            assert!(found[0].contains(part), "{found:?}");
        }
    }

    #[test]
    fn a_name_is_there_once() {
        let twice = list("x", "lib", "") + &list("x", "lib", "");
        let found = found(&twice, Some("one"));
        assert!(found[0].contains("the name `x`"), "{found:?}");
    }

    #[test]
    fn what_can_not_be_read_or_run_is_found() {
        for (text, part) in [
            ("", "lists no break"),
            ("[[brake]]", "unknown field"),
            (&list("X", "lib", ""), "its name"),
            (&list("x", "locks", ""), "its target"),
            (&list("x", "lib", "").replace("two", "one"), "by itself"),
            (
                &list("x", "lib", "").replace("It breaks.", " "),
                "what it does",
            ),
        ] {
            let found = found(text, Some("one"));
            assert!(found[0].contains(part), "{found:?} and not {part}");
        }
    }
}
