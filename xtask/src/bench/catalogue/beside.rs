//! The rows beside `SmartAsync`, the Python decorator that this project follows.

/// An operation of both: the figure that `SmartAsync` documents, and where it is
/// measured.
#[derive(Clone, Copy, Debug)]
pub(in crate::bench) struct Beside {
    pub(in crate::bench) operation: &'static str,
    /// The figure that `SmartAsync` documents.
    pub(in crate::bench) documented: &'static str,
    /// The group that the Python program measures.
    pub(in crate::bench) group: &'static str,
    /// The bridge's counterpart. Decorating has none, because the compiler expands the
    /// attribute.
    pub(in crate::bench) ours: Option<&'static str>,
}

const NOTHING: &str = "–";

#[rustfmt::skip]
pub(in crate::bench) const BESIDE: &[Beside] = &[
    beside("decorating a function", "3–4 µs", "PY-decorate", None),
    beside("sync → sync", "~2 µs", "PY-sync-sync", Some("P1")),
    beside("sync → async", "~102 µs", "PY-sync-async", Some("P4")),
    beside("async → async, first", "~2.3 µs", "PY-async-async-first", Some("P2")),
    beside("async → async, cached", "~1.3 µs", "PY-async-async", Some("P2")),
    beside("async → sync", "50–100 µs", "PY-async-sync", Some("P8")),
    beside("10 000 async → sync, gathered, each", NOTHING, "PY-gather", Some("P10-join")),
];

const fn beside(
    operation: &'static str,
    documented: &'static str,
    group: &'static str,
    ours: Option<&'static str>,
) -> Beside {
    Beside {
        operation,
        documented,
        group,
        ours,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::catalogue;

    #[test]
    fn every_group_is_measured_by_the_program_and_every_counterpart_is_a_row() {
        let path = crate::root().join("bench-suite/python/smartasync_bench.py");
        let program = std::fs::read_to_string(path).expect("the program");
        for beside in BESIDE {
            assert!(
                program.contains(&format!("\"{}\"", beside.group)),
                "{}",
                beside.group
            );
            assert!(
                beside.ours.is_none_or(|id| catalogue::row(id).is_some()),
                "{}",
                beside.operation
            );
        }
    }
}
