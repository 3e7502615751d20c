//! Reads the counts in the output of a test program.

/// Returns the sum of the counts in lines such as `name: 96 cases`.
pub(super) fn count(text: &str, unit: &str) -> u64 {
    let lines = text.lines();
    lines
        .filter_map(|line| counted(line, unit))
        .map(|(_, count)| count)
        .sum()
}

/// Returns the names in such lines, apart from the names with a count of zero.
pub(super) fn names<'a>(text: &'a str, unit: &str) -> Vec<&'a str> {
    let counted = text.lines().filter_map(|line| counted(line, unit));
    counted
        .filter(|(_, count)| *count > 0)
        .map(|(name, _)| name)
        .collect()
}

fn counted<'a>(line: &'a str, unit: &str) -> Option<(&'a str, u64)> {
    let (name, rest) = line.trim().split_once(": ")?;
    let number = rest.strip_suffix(unit)?.trim_end();
    Some((name, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_added_up() {
        let text = "test a ... ok\na: 12 cases\n b::c: 30 cases\nd: 5 inputs\ne: 0 cases\n";
        assert_eq!(count(text, "cases"), 42);
        assert_eq!(count(text, "inputs"), 5);
        assert_eq!(count("all 7 cases passed", "cases"), 0);
        assert_eq!(names(text, "cases"), ["a", "b::c"]);
    }
}
