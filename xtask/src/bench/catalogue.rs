//! What is measured: each row's id, operation, documented figure and limit.

/// What a figure is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nanoseconds for one operation, or for one job of a burst of that many.
    Time {
        per: u32,
    },
    Bytes,
    Allocations,
    Instructions,
}

/// What a figure must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Must {
    /// At most this, in the row's unit.
    AtMost(f64),
    /// At most this many times the named peer.
    Times(f64, &'static str),
    /// At most this many times the best peer.
    TimesBest(f64),
    /// Exactly what the peer has.
    SameAs(&'static str),
    /// All points of the group within this part of the smallest.
    Flat(f64),
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) id: &'static str,
    pub(super) operation: &'static str,
    /// The bench program that measures it.
    pub(super) bench: &'static str,
    /// Its group there.
    pub(super) group: &'static str,
    pub(super) unit: Unit,
    /// What `SmartAsync` documents for its counterpart.
    pub(super) smartasync: &'static str,
    pub(super) must: &'static [Must],
}

const NS: Unit = Unit::Time { per: 1 };
const NONE: &str = "–";
const CALLS: &str = "wall_calls";
const DETECT: &str = "wall_detect";
const WAIT: &str = "wall_wait";
const OFFLOAD: &str = "wall_offload";
const BURST: &str = "wall_burst";
const COUNTS: &str = "counts";

/// The rows whose id is, or begins with the part, `only`.
pub(super) fn rows(only: Option<&str>) -> Vec<Row> {
    let wanted = |row: &&Row| {
        only.is_none_or(|only| {
            let rest = row.id.to_lowercase();
            let rest = rest.strip_prefix(&only.to_lowercase());
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        })
    };
    ALL.iter().filter(wanted).copied().collect()
}

macro_rules! rows {
    ($($id:literal $operation:literal, $bench:ident $unit:expr, $smartasync:expr, [$($must:expr),*];)*) => {
        [$(Row {
            id: $id,
            operation: $operation,
            bench: $bench,
            group: $id,
            unit: $unit,
            smartasync: $smartasync,
            must: &[$($must),*],
        }),*]
    };
}

use Must::{AtMost, Flat, SameAs, Times, TimesBest};

const ICOUNT: &str = "icount_calls";
const TOKIO: &str = "tokio_handle_block_on";

#[rustfmt::skip]
const ALL: &[Row] = &rows![
    "P1" "sync → sync: SyncCall::wait()", CALLS NS, "~2 µs (re-check)", [Times(1.1, "plain_call")];
    "P1-icount" "the same, instructions", ICOUNT Unit::Instructions, NONE, [SameAs("plain_call")];
    "P2" "async → async: AsyncCall.await", CALLS NS, "2.3 µs first, 1.3 µs cached", [Times(1.1, "plain_await")];
    "P2-icount" "the same, instructions", ICOUNT Unit::Instructions, NONE, [SameAs("plain_await")];
    "P2-size" "size of the future", COUNTS Unit::Bytes, NONE, [SameAs("plain_await")];
    "P3-thread" "Context::current(), plain thread", DETECT NS, NONE, [AtMost(1.5)];
    "P3-task" "the same, multi-thread task", DETECT NS, NONE, [AtMost(1.5)];
    "P3-root" "the same, multi-thread root", DETECT NS, NONE, [AtMost(50.0)];
    "P4" "sync → async: wait(ready), plain thread", WAIT NS, "~102 µs", [Times(0.6, TOKIO)];
    "P5" "the same, in Blocking", WAIT NS, "~102 µs", [Times(1.0, TOKIO)];
    "P6" "wait(woken once by another thread)", WAIT NS, NONE, [Times(0.5, TOKIO)];
    "P7" "wait(ready) from every core at once", WAIT NS, NONE, [Times(0.6, TOKIO)];
    "P8" "async → sync: one offload and back", OFFLOAD NS, "50–100 µs", [AtMost(1000.0), TimesBest(0.1)];
    "P9" "the same after 50 ms of idleness", OFFLOAD NS, "50–100 µs", [TimesBest(1.25)];
    "P10" "burst of 10 000, per job, started", BURST Unit::Time { per: 10_000 }, "56 µs (measured)", [TimesBest(1.0), Times(0.1, "spawn_blocking")];
    "P10-join" "the same through join_all", BURST Unit::Time { per: 10_000 }, "56 µs (measured)", [Times(0.5, "tokio_rayon")];
    "P11-jobs" "burst per job, 10² to 10⁶ jobs", BURST NS, NONE, [Flat(0.25)];
    "P11-threads" "burst per job, 1 to 8 submitters", BURST Unit::Time { per: 10_000 }, NONE, [Flat(0.25)];
    "P12-first" "runtime look-up in a task, first", DETECT NS, "2.3 µs", [AtMost(25.0)];
    "P12-cached" "runtime look-up in a task, cached", DETECT NS, "1.3 µs", [AtMost(3.0)];
    "P13-await" "allocations of AsyncCall.await", COUNTS Unit::Allocations, NONE, [AtMost(0.0)];
    "P13-wait" "allocations of wait(ready)", COUNTS Unit::Allocations, NONE, [AtMost(0.0)];
    "P13-offload" "allocations of one offload", COUNTS Unit::Allocations, NONE, [AtMost(1.0)];
    "P14" "CPU in the second after a burst", COUNTS NS, NONE, [AtMost(1e6)];
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_takes_an_id_and_its_parts_but_no_longer_number() {
        let ids = |only| {
            rows(Some(only))
                .iter()
                .map(|row| row.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(ids("P1"), ["P1", "P1-icount"]);
        assert_eq!(ids("p8"), ["P8"]);
        assert!(ids("P99").is_empty());
    }

    #[test]
    fn every_row_is_measured_by_the_bench_it_names() {
        let benches = crate::root().join("bench-suite").join("benches");
        for row in ALL {
            let path = benches.join(row.bench).with_extension("rs");
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let quoted = format!("\"{}\"", row.group);
            assert!(
                text.contains(&quoted),
                "{} is not in {}",
                row.id,
                path.display()
            );
            for must in row.must {
                if let Times(_, peer) | SameAs(peer) = must {
                    assert!(
                        text.contains(peer),
                        "{}: no {peer} in {}",
                        row.id,
                        path.display()
                    );
                }
            }
        }
    }
}
