//! The list of the pieces that no test reaches, each with the reason.

use serde::Deserialize;

use super::pieces::Piece;

#[derive(Deserialize)]
struct List {
    unreached: Vec<Group>,
}

/// Lines that no test reaches, for one common reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    file: String,
    function: String,
    lines: Vec<String>,
    why: String,
}

/// The pieces of the list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) pieces: Vec<Piece>,
    /// The number of pieces that a test could reach. Their reason begins with "Open:".
    pub(super) open: usize,
}

/// Reads the list.
///
/// # Errors
///
/// Returns where the text is no list, or which entry has no reason.
pub(super) fn read(text: &str) -> Result<Listed, String> {
    let list: List = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut listed = Listed::default();
    for group in list.unreached {
        for line in group.lines {
            let entry = Piece {
                file: group.file.clone(),
                function: group.function.clone(),
                line,
            };
            if group.why.trim().is_empty() {
                return Err(format!("no reason is given for {entry}"));
            }
            listed.open += usize::from(group.why.starts_with("Open:"));
            listed.pieces.push(entry);
        }
    }
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"
        [[unreached]]
        file = "a.rs"
        function = "first"
        lines = ["give_up();", "}"]
        why = "It never happens."
    "#;

    #[test]
    fn each_line_is_an_entry() {
        let listed = read(LIST).unwrap();
        assert_eq!(listed.open, 0);
        let texts: Vec<_> = listed.pieces.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["a.rs: first: give_up();", "a.rs: first: }"]);
    }

    #[test]
    fn open_entries_are_counted() {
        let open = LIST.replace("It never happens.", "Open: nobody has tried.");
        assert_eq!(read(&open).unwrap().open, 2);
    }

    #[test]
    fn an_entry_without_a_reason_is_refused() {
        let why = read(&LIST.replace("It never happens.", " ")).unwrap_err();
        assert!(why.contains("give_up"), "{why}");
    }
}
