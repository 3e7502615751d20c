//! The stage `breaks`: a test must catch each deliberate weakening of the product, and of
//! the audit itself.
//!
//! Each file in `xtask/breaks/` lists weakenings of one crate. This stage copies the tree
//! once for each lane, and a lane runs each named test on its clean copy, where the test
//! must pass. Then the lane applies one break after the other. The test of a break must
//! fail, or hang until the kill timer ends it. A break whose test passes has *survived*: no
//! test protects that line.
//!
//! | file | idea |
//! |---|---|
//! | `list.rs` | the format of the lists |
//! | `findings.rs` | what is wrong with a list, without building anything |
//! | `copy.rs` | the copies of the tree, in which one file at a time is broken |
//! | `named_test.rs` | building and running one test |
//! | `lane.rs` | trying some breaks of one build in one copy |
//! | `campaign.rs` | sharing the breaks among the lanes, and the verdict |

mod campaign;
mod copy;
mod findings;
mod lane;
mod list;
mod named_test;

use std::{fs, path::Path, thread};

use self::{
    campaign::Campaign,
    copy::Copy,
    lane::{Cargo, Lane},
    list::Break,
};
use super::stage::{Budget, Tally};

pub(crate) use self::findings::{findings, named_tests};

/// The directory of the lists, from the root of the workspace.
pub(crate) const LISTS: &str = "xtask/breaks/";

pub(super) fn run(budget: &Budget) -> Result<Tally, String> {
    let root = crate::root();
    let mut breaks = read(&root)?;
    let all = breaks.len();
    if let Some(only) = budget.only {
        breaks.retain(|one| one.path().contains(only));
        if breaks.is_empty() {
            return Err(format!("no break's path contains `{only}`"));
        }
    }
    let lanes: Result<Vec<_>, String> = (0..lanes()).map(|number| lane(&root, number)).collect();
    let caught = Campaign::new(lanes?).run(&breaks)?;
    Ok(Tally {
        count: caught,
        note: format!("all caught; {all} in the lists"),
    })
}

/// Returns the number of lanes: each core has one, up to four, because a lane needs some
/// 3 GB of disk.
fn lanes() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().min(4))
}

fn lane(root: &Path, number: usize) -> Result<Lane<Copy, Cargo>, String> {
    let breaker = Copy::of(root, number)?;
    let runner = Cargo::in_copy(&breaker);
    Ok(Lane { breaker, runner })
}

/// Reads all lists, and refuses them if anything is wrong with them.
fn read(root: &Path) -> Result<Vec<Break>, String> {
    let directory = root.join(LISTS);
    let entries = fs::read_dir(&directory).map_err(|error| format!("{LISTS}: {error}"))?;
    let mut lists = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| format!("{LISTS}: {error}"))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = fs::read_to_string(entry.path()).map_err(|error| format!("{name}: {error}"))?;
        lists.push((format!("{LISTS}{name}"), text));
    }
    lists.sort();
    let of_tree = |path: &str| fs::read_to_string(root.join(path)).ok();
    let borrowed = lists.iter().map(|(path, text)| (&**path, &**text));
    let findings = findings(borrowed, of_tree);
    if let Some((path, what)) = findings.first() {
        return Err(format!(
            "{path}: {what} (and {} more findings: `cargo xtask tidy`)",
            findings.len() - 1
        ));
    }
    let lists = lists.iter().map(|(path, text)| list::parse(path, text));
    let breaks: Result<Vec<Vec<Break>>, String> = lists.collect();
    Ok(breaks?.into_iter().flatten().collect())
}
