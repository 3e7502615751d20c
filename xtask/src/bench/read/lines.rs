//! Reads the lines of figures among the other output of a bench.

use crate::bench::figures::Figures;

/// Reads `count GROUP WHO VALUE`, `point GROUP WHO X VALUE` and
/// `note GROUP TEXT`.
pub(in crate::bench) fn lines(text: &str, figures: &mut Figures) {
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["count", group, who, value] => {
                if let Some(value) = number(value) {
                    figures.set(group, who, value);
                }
            }
            ["point", group, who, x, value] => {
                if let (Some(x), Some(value)) = (number(x), number(value)) {
                    figures.add_point(group, who, x, value);
                }
            }
            ["note", group, _, ..] => {
                // The text is kept as it was printed, including its spaces.
                let text = line.trim_start()["note".len()..].trim_start();
                figures.add_note(group, text[group.len()..].trim());
            }
            _ => {}
        }
    }
}

/// Parses a figure that can be compared, which `NaN` and infinity can't.
fn number(word: &str) -> Option<f64> {
    word.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_lines_are_read_and_others_are_not() {
        let text = "warning: x\ncount P2-size bridge 48\ncount P2-size plain 40\n\
            count P2-size nobody NaN\ncount a b\npoint C bridge 1e2 7.5\npoint C bridge 10 8\n\
            note C  two  words\nnote C\n";
        let mut figures = Figures::default();
        lines(text, &mut figures);
        assert_eq!(figures.ours("P2-size"), Some(48.0));
        assert_eq!(figures.of("P2-size", "plain"), Some(40.0));
        assert_eq!(figures.of("P2-size", "nobody"), None);
        let points: Vec<_> = figures
            .points("C")
            .iter()
            .map(|p| (p.x, p.figure.value))
            .collect();
        assert_eq!(points, [(10.0, 8.0), (100.0, 7.5)]);
        assert_eq!(figures.group("C").expect("the group").notes, ["two  words"]);
        assert_eq!(figures.0.len(), 2);
    }
}
