//! The names that most programs import.

pub(crate) use std::{
    cell::{Cell, RefCell},
    future::{pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    process::exit,
    rc::Rc,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    task::Poll,
    thread,
    time::{Duration, Instant},
};

pub(crate) use bridge::{
    Bridge, BuildError, Context, Leftover, Lineage, OffloadError, Wait, WaitError,
    offload::{Cancelled, cancellation, cancelled, on_cancel},
    try_wait, wait,
};
pub(crate) use futures::future::join_all;
pub(crate) use tokio::{
    runtime::Handle,
    sync::oneshot,
    task::{block_in_place, spawn_blocking, yield_now},
    time::sleep,
};

pub(crate) use crate::kit::{
    child::{part, run_part},
    fork::{ended_well, fork, in_fork},
    log, places, process,
    runtimes::{
        Outcome, Plug, bridge as bridge_of, current_thread, default_bridge, eventually, is_gone,
        is_refused, is_timed_out, multi_thread, panic_of, real_work,
    },
};
