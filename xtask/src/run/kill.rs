//! Kills a child together with every process that it started.
//!
//! If `cargo test` is killed alone, its test programs stay behind and hold our pipes.
//! The standard library has no process groups that would also let Ctrl-C through. So
//! this module looks up all descendants, and kills them by process id.

use std::process::{Child, Command, Stdio};

/// Kills `child` and its descendants, and reaps `child`.
pub(super) fn tree(child: &mut Child) {
    if cfg!(windows) {
        quiet(
            Command::new("taskkill")
                .args(["/T", "/F", "/PID"])
                .arg(child.id().to_string()),
        );
    } else {
        // Otherwise the child may start another program while its descendants are killed.
        shell(&format!("kill -STOP {}", child.id()));
        let doomed = descendants(child.id(), &parents());
        let list: Vec<String> = doomed.iter().map(u32::to_string).collect();
        if !list.is_empty() {
            shell(&format!("kill -9 {}", list.join(" ")));
        }
    }
    // An error means that the child has ended in the meantime, as wanted.
    let _ = child.kill();
    let _ = child.wait();
}

/// Runs a command of the shell: small systems have no program named `kill`.
fn shell(command: &str) {
    quiet(Command::new("sh").args(["-c", command]));
}

fn quiet(command: &mut Command) {
    let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
}

/// Returns every process with its parent.
fn parents() -> Vec<(u32, u32)> {
    if let Ok(entries) = std::fs::read_dir("/proc") {
        let ids = entries
            .flatten()
            .filter_map(|e| e.file_name().to_str()?.parse().ok());
        let known: Vec<_> = ids
            .filter_map(|id: u32| {
                let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
                Some((id, parent_in_stat(&stat)?))
            })
            .collect();
        if !known.is_empty() {
            return known;
        }
    }
    let listed = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output();
    let text = listed.map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
    text.unwrap_or_default().lines().filter_map(pair).collect()
}

/// Returns the parent in the text of `/proc/<id>/stat`.
///
/// The second field is a name in brackets, which may hold spaces and brackets.
fn parent_in_stat(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}

fn pair(line: &str) -> Option<(u32, u32)> {
    let mut words = line.split_whitespace();
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// Returns all descendants of `root`, without `root`.
fn descendants(root: u32, parents: &[(u32, u32)]) -> Vec<u32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(
            parents
                .iter()
                .filter(|pair| pair.1 == parent)
                .map(|pair| pair.0),
        );
        next += 1;
    }
    found.split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descent_is_followed_through_every_generation() {
        let parents = [(2, 1), (3, 2), (4, 3), (5, 1), (9, 8)];
        assert_eq!(descendants(2, &parents), [3, 4]);
        assert!(descendants(9, &parents).is_empty());
    }

    #[test]
    fn a_name_with_brackets_does_not_hide_the_parent() {
        assert_eq!(parent_in_stat("7 (a) b) S 42 7 7 0"), Some(42));
        assert_eq!(parent_in_stat("no stat"), None);
    }

    #[test]
    fn lines_of_ps_are_read() {
        assert_eq!(pair("  12   3"), Some((12, 3)));
        assert_eq!(pair("PID PPID"), None);
    }
}
