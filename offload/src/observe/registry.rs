//! The living pools of this process, so that a report can follow a wait from one pool to
//! another.
//!
//! A fork's child has a table of its own, because a thread of the parent may have held
//! the lock of the parent's table.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::{core::Core, platform::fork};

/// The number of generations of forks that have a table each. Reports of a later
/// generation show one pool only.
const MOST_GENERATIONS: usize = 64;

#[derive(Default)]
struct Table {
    pools: Vec<Weak<Core>>,
    /// At this number of entries, `add` removes the dead ones.
    full: usize,
}

static TABLES: [Mutex<Option<Table>>; MOST_GENERATIONS] =
    [const { Mutex::new(None) }; MOST_GENERATIONS];

/// Calls `look` on the table of this process.
fn with_table<R: Default>(look: impl FnOnce(&mut Table) -> R) -> R {
    let Some(table) = TABLES.get(fork::generation()) else {
        return R::default();
    };
    let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
    look(table.get_or_insert_default())
}

/// Adds a pool, which stays in the table as long as it lives.
pub(crate) fn add(core: &Arc<Core>) {
    with_table(|table| {
        if table.pools.len() >= table.full {
            table.pools.retain(|pool| pool.strong_count() > 0);
            table.full = (2 * table.pools.len()).max(16);
        }
        table.pools.push(Arc::downgrade(core));
    });
}

/// Returns the living pools.
pub(crate) fn pools() -> Vec<Arc<Core>> {
    with_table(|table| table.pools.iter().filter_map(Weak::upgrade).collect())
}
