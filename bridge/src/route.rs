//! The four routes of a call, as one pure decision.
//!
//! Code that chooses between running a call now and leaving a future to the caller asks
//! [`route`]. Nothing else in the crate may decide that from a context. `route` reads no
//! thread-local and starts nothing, so the table in its test covers it completely.

use detect::Context;

/// The kind of function that a smart function was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An `async fn`.
    Async,
    /// A `fn`, which may block.
    Sync,
}

/// The way by which a call reaches its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Sync caller, async function: this thread polls the future, and parks between
    /// polls.
    Wait,
    /// Sync caller, sync function: a plain call, in place.
    Direct,
    /// Async caller, async function: the future itself.
    Await,
    /// Async caller, sync function: a job of the pool.
    Offload,
}

/// Chooses the route of a call of this kind in this context.
pub(crate) fn route(context: Context, kind: Kind) -> Route {
    match (context, kind) {
        (Context::Sync | Context::Blocking, Kind::Async) => Route::Wait,
        (Context::Sync | Context::Blocking, Kind::Sync) => Route::Direct,
        (Context::Async, Kind::Async) => Route::Await,
        (Context::Async, Kind::Sync) => Route::Offload,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_cases() {
        let table = [
            (Context::Sync, Kind::Async, Route::Wait),
            (Context::Sync, Kind::Sync, Route::Direct),
            (Context::Blocking, Kind::Async, Route::Wait),
            (Context::Blocking, Kind::Sync, Route::Direct),
            (Context::Async, Kind::Async, Route::Await),
            (Context::Async, Kind::Sync, Route::Offload),
        ];
        for (context, kind, expected) in table {
            assert_eq!(route(context, kind), expected, "{context:?} calls {kind:?}");
        }
    }
}
