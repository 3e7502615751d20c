//! The living pools of this process, so that a report can follow a wait from one pool to
//! another.

use std::sync::{Arc, Weak};

use super::Core;
use crate::platform::fork::{self, PerProcess};

static POOLS: PerProcess<Table> = PerProcess::new();

/// The pools of one process.
#[derive(Default)]
struct Table {
    pools: Vec<Weak<Core>>,
    /// At this number of entries, `add` first removes the pools that have ended.
    full: usize,
}

/// Calls `look` with the table of this process.
///
/// A process that descends from more forks than there are tables has no table. So its
/// reports cover one pool.
fn with_table<T: Default>(look: impl FnOnce(&mut Table) -> T) -> T {
    if fork::is_beyond_tables() {
        return T::default();
    }
    POOLS.with(look)
}

/// Adds a pool, which stays in the table as long as it lives.
pub(super) fn add(core: &Arc<Core>) {
    with_table(|table| {
        if table.pools.len() >= table.full {
            table.pools.retain(|pool| pool.strong_count() > 0);
            table.full = (2 * table.pools.len()).max(16);
        }
        table.pools.push(Arc::downgrade(core));
    });
}

/// Returns the living pools except this one.
pub(super) fn others(own: &Core) -> Vec<Arc<Core>> {
    let mut pools: Vec<_> =
        with_table(|table| table.pools.iter().filter_map(Weak::upgrade).collect());
    pools.retain(|other| !std::ptr::eq(&raw const **other, own));
    pools
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pool;

    /// Otherwise each pool that a program has built and dropped would keep memory.
    #[test]
    fn the_table_does_not_grow_with_pools_that_have_ended() {
        let kept = Pool::new();
        for _ in 0..1_000 {
            drop(Pool::new());
        }
        let pools = with_table(|table| table.pools.len());
        assert!(pools < 100, "{pools}");
        let others = with_table(|table| table.pools.iter().filter_map(Weak::upgrade).count());
        assert!(others >= 1, "a living pool stays in the table");
        drop(kept);
    }
}
