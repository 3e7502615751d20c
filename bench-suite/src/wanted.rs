//! Selects the groups that a bench without Criterion was asked for.

use std::env;

use regex::Regex;

/// The pattern among a program's arguments, which selects groups as Criterion does.
#[derive(Clone, Debug, Default)]
pub struct Wanted(Option<Regex>);

impl Wanted {
    /// Takes the first of this program's arguments that is no flag.
    ///
    /// # Errors
    ///
    /// Returns an error if the argument is not a valid pattern.
    pub fn from_args() -> Result<Self, regex::Error> {
        Self::among(env::args().skip(1))
    }

    fn among(mut args: impl Iterator<Item = String>) -> Result<Self, regex::Error> {
        let pattern = args.find(|arg| !arg.starts_with('-'));
        Ok(Self(pattern.map(|text| Regex::new(&text)).transpose()?))
    }

    /// Returns whether this group is wanted.
    ///
    /// The pattern is matched against `GROUP/`, the part of Criterion's names that all
    /// measurements of a group share.
    #[must_use]
    pub fn group(&self, group: &str) -> bool {
        let Self(Some(pattern)) = self else {
            return true;
        };
        pattern.is_match(&format!("{group}/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(args: &[&str]) -> Wanted {
        Wanted::among(args.iter().map(ToString::to_string)).expect("a pattern")
    }

    #[test]
    fn without_a_pattern_all_are_wanted() {
        assert!(wanted(&[]).group("P8"));
        assert!(wanted(&["--bench"]).group("P8"));
    }

    #[test]
    fn a_pattern_takes_what_it_matches() {
        let two = wanted(&["^(P8|P9)/", "--bench"]);
        assert!(two.group("P8") && two.group("P9"));
        assert!(!two.group("P8-x") && !two.group("P13-await"));
    }

    #[test]
    fn what_is_no_pattern_is_an_error() {
        assert!(Wanted::among(["(".to_owned()].into_iter()).is_err());
    }
}
