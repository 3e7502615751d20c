//! The list of the pieces that no test reaches, each with the reason.

use serde::Deserialize;

use super::pieces::Piece;

#[derive(Deserialize)]
struct List {
    unreached: Vec<Group>,
}

/// Lines that are not reached for the same reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    file: String,
    function: String,
    lines: Vec<String>,
    why: String,
}

/// Reads the list.
///
/// # Errors
///
/// Says where the text is no list, or which entry has no reason.
pub(super) fn read(text: &str) -> Result<Vec<Piece>, String> {
    let list: List = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut entries = Vec::new();
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
            entries.push(entry);
        }
    }
    Ok(entries)
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
        let entries = read(LIST).unwrap();
        let texts: Vec<_> = entries.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["a.rs: first: give_up();", "a.rs: first: }"]);
    }

    #[test]
    fn an_entry_without_a_reason_is_refused() {
        let why = read(&LIST.replace("It never happens.", " ")).unwrap_err();
        assert!(why.contains("give_up"), "{why}");
    }
}
