//! The table of promises that `AUDIT.md` holds.

use std::fmt::Write as _;

use crate::registry::Promise;

/// Returns the table, as Markdown.
pub(crate) fn of(promises: &[Promise]) -> String {
    let mut table = String::from(
        "| about | promise | program | what peers do |\n\
         |---|---|---|---|\n",
    );
    for promise in promises {
        let _never_fails = writeln!(
            table,
            "| {} | {} | `{}` | {} |",
            promise.section(),
            promise.text(),
            promise.name,
            promise.peers
        );
    }
    table
}
