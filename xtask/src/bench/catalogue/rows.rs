//! The rows of the catalogue.

use super::{
    Must::{Above, AtMost, Flat, FlatBeyond, SameAs, Times, TimesBest},
    Row, Section,
    Shape::{self, Bars, Curve, Percentiles},
};
use crate::bench::unit::Unit;

const NS: Unit = Unit::Time { per: 1 };
const JOBS: Unit = Unit::Time { per: 10_000 };

const CALLS: &str = "wall_calls";
const DETECT: &str = "wall_detect";
const WAIT: &str = "wall_wait";
const OFFLOAD: &str = "wall_offload";
const BURST: &str = "wall_burst";
const IO: &str = "wall_io";
const REQUEST: &str = "wall_request";
const SERVICE: &str = "wall_service";
const TASKS: &str = "wall_tasks";
const BLOCKING: &str = "wall_blocking";
const CONTEXT: &str = "wall_context";
const COUNTS: &str = "counts";
const CURVES: &str = "curves";
const LATENCY: &str = "latency";
const MIXED: &str = "mixed";
const ICOUNT: &str = "icount_calls";

const TOKIO: &str = "tokio_handle_block_on";
const MULTI_THREAD: &str = "tokio_runtime_block_on";

const CLIENTS: Shape = Curve("clients");
const THREADS: Shape = Curve("threads");

macro_rules! rows {
    ($($section:ident {
        $($id:literal $operation:literal, $bench:ident $shape:expr, $unit:expr, [$($must:expr),*], $means:literal;)*
    })*) => {
        [$($(Row {
            id: $id,
            section: Section::$section,
            operation: $operation,
            means: $means,
            bench: $bench,
            shape: $shape,
            unit: $unit,
            must: &[$($must),*],
        }),*),*]
    };
}

#[rustfmt::skip]
pub(super) const ALL: &[Row] = &rows![
    Calls {
        "P1" "sync → sync: SyncCall::wait()", CALLS Bars, NS, [],
            "A smart sync function, called from sync code, is the plain call. The instructions show that they are the same. Times differ by half a nanosecond, depending on where a loop lies in memory.";
        "P1-icount" "sync → sync, instructions", ICOUNT Bars, Unit::Instructions, [SameAs("plain_call")],
            "Callgrind counts the instructions of the call: not one more than the plain call's.";
        "P2" "async → async: AsyncCall.await", CALLS Bars, NS, [],
            "A smart async function, awaited, is the plain future. Here too, the instructions show it.";
        "P2-icount" "async → async, instructions", ICOUNT Bars, Unit::Instructions, [SameAs("plain_await")],
            "Callgrind counts the instructions of one poll: not one more than the plain future's.";
        "P2-size" "size of the future", COUNTS Bars, Unit::Bytes, [SameAs("plain_await")],
            "The call holds nothing but the future, so a task that holds it grows by nothing.";
    }
    Waits {
        "P4" "sync → async: wait(ready), plain thread", WAIT Bars, NS, [Times(0.6, TOKIO)],
            "The cost of a wait whose future is ready at once.";
        "P5" "wait(ready) on a blocking thread of Tokio's", WAIT Bars, NS, [Times(1.0, TOKIO)],
            "The cost of such a wait on a thread of a runtime's blocking pool.";
        "P6" "wait(woken once by another thread)", WAIT Bars, NS, [Times(0.5, TOKIO)],
            "One wake-up across threads: a short spin before parking saves the system call.";
        "P7" "wait(ready) from every core at once", WAIT Bars, NS, [Times(0.6, TOKIO)],
            "The cost of each wait while every other core waits too. It shows whether the waits contend for a lock.";
        "C-waiters" "wait(ready) per call, over threads", CURVES Curve("threads that wait at once"), NS, [],
            "The time of one core that a wait takes. It stays flat as long as threads don't get in each other's way.";
        "L-wait" "wait, woken by another thread: latency", LATENCY Percentiles, NS, [],
            "The time that slow waits take, not only the usual one.";
    }
    Offloads {
        "P8" "async → sync: one offload and back", OFFLOAD Bars, NS, [AtMost(600.0), TimesBest(0.05)],
            "A task offloads one closure after the other, and awaits the value of each.";
        "P9" "one offload after 50 ms of idleness", OFFLOAD Bars, NS, [TimesBest(1.0)],
            "An offload when every thread has gone to sleep, so that waking a thread is most of the time.";
        "P20-none" "an offload without a subscriber", CONTEXT Bars, NS, [Times(1.02, "offload_without_context")],
            "A bridge carries the current tracing span. A program that has no subscriber pays nothing for that.";
        "P20-span" "an offload in a live span", CONTEXT Bars, NS, [Above(100.0, "offload_without_context")],
            "The closure runs in the span of its caller. The subscriber is the registry of tracing-subscriber, without layers.";
        "L-offload" "one offload and back: latency", LATENCY Percentiles, NS, [],
            "The time that slow offloads take, not only the usual one.";
        "C-length" "cost of an offload beyond its job", CURVES Curve("length of the job, µs"), NS, [],
            "The time that offloading adds to jobs of different lengths. For long jobs it no longer matters.";
    }
    Bursts {
        "P10" "burst of 10 000, per job, started", BURST Bars, JOBS, [Times(0.6, "tokio_rayon"), Times(0.8, "affinitypool"), Times(0.05, "spawn_blocking")],
            "A task queues all jobs first, then awaits them: this is the least that a job can cost.";
        "P10-join" "burst of 10 000 through join_all, per job", BURST Bars, JOBS, [Times(0.5, "tokio_rayon")],
            "The burst as most programs would write it.";
        "P11-jobs" "burst per job, 10² to 10⁶ jobs", BURST Curve("jobs in the burst"), NS, [FlatBeyond(0.25, "memory_without_jobs")],
            "A job costs the same in a burst of any size, once the burst is longer than its own start. The bar of its memory alone is the time of allocating and freeing as many futures and jobs.";
        "P11-threads" "burst per job, 1 to 8 submitters", BURST Curve("threads that submit"), JOBS, [Flat(0.25)],
            "A job costs the same however many threads submit, so the threads don't get in each other's way.";
        "P21" "10 000 tasks, each awaits one job, per job", TASKS Bars, NS, [TimesBest(0.8)],
            "The burst that a service makes: each of its tasks awaits one short job. All pools have two threads.";
        "P21-default" "the same, the bridge with nothing configured", TASKS Bars, NS, [TimesBest(0.8)],
            "The peers have two threads here too, and were measured in the same rounds.";
        "P22" "jobs that block for 50 ms at once, on a new pool", BLOCKING Curve("jobs in the burst"), NS, [Times(2.0, "spawn_blocking")],
            "The time until the last job has ended, which waits for a slow service. With nothing configured, the bridge adds threads only once it sees that the jobs block.";
        "P22-barrier" "jobs that wait for each other, on a new pool", BLOCKING Curve("jobs in the burst"), NS, [Times(2.0, "spawn_blocking")],
            "No job ends before all of them have a thread. The bridge begins with 32.";
        "C-burst" "burst per job, beside the peers", CURVES Curve("jobs in the burst"), NS, [],
            "The cost of a job, over the size of the burst.";
        "C-submitters" "burst per job, over submitting threads", CURVES Curve("threads that submit"), NS, [],
            "The cost of a job, over the number of threads that submit at once.";
    }
    Nesting {
        "C-depth" "sync → async → sync, per level", CURVES Curve("levels of nesting"), NS, [],
            "The cost of each level where every level waits for the next. Peers that would hang are not shown.";
    }
    Load {
        "M-requests" "a saturated service: requests", MIXED Bars, Unit::PerSecond, [],
            "Each request waits for an async operation, then computes on a thread that may block. Clients on the same machine always have a further request.";
        "M-p50" "a request to it, the usual one", MIXED Bars, NS, [],
            "Half of the requests are answered within this time.";
        "M-p99" "a request to it, the slow one", MIXED Bars, NS, [],
            "All but one in a hundred requests are answered within this time.";
        "M-cpu" "CPU time of 10 000 requests", MIXED Bars, Unit::Cpu, [],
            "The CPU time of server and clients, on all cores together, for the same work.";
        "M-threads" "threads at the most", MIXED Bars, Unit::Count, [],
            "The greatest number of threads that the process had, clients included.";
        "M-busy" "steps of busy tasks beside blocking jobs", MIXED Bars, Unit::PerSecond, [],
            "The progress of the async tasks of a busy runtime while short blocking jobs run beside them.";
        "P15-requests" "a service over SQLite: requests", SERVICE CLIENTS, Unit::PerSecond, [TimesBest(1.2)],
            "An axum service answers each request with one row, through a pool of ten connections. Service and clients have processes of their own, on the same cores.";
        "P15-p50" "a request to it, the usual one", SERVICE CLIENTS, NS, [TimesBest(0.8)],
            "Half of the requests are answered within this time.";
        "P15-p99" "a request to it, the slow one", SERVICE CLIENTS, NS, [TimesBest(0.8)],
            "All but one in a hundred requests are answered within this time.";
        "P15-cpu" "a request to it, CPU time of the service", SERVICE CLIENTS, NS, [TimesBest(0.8)],
            "The CPU time of the service's process, without the clients.";
        "P15-switches" "a request to it, context switches of the service", SERVICE CLIENTS, Unit::Count, [],
            "The number of times, per request, that the system takes a thread of the service off a core.";
        "P15-busy-requests" "the service beside busy processes: requests", SERVICE CLIENTS, Unit::PerSecond, [TimesBest(1.2)],
            "The rate of requests while one other process for each core computes all the time.";
        "P15-busy-p50" "a request to it beside busy processes, the usual one", SERVICE CLIENTS, NS, [TimesBest(0.8)],
            "Half of the requests are answered within this time, beside busy processes.";
        "P15-busy-p99" "a request to it beside busy processes, the slow one", SERVICE CLIENTS, NS, [TimesBest(0.8)],
            "All but one in a hundred requests are answered within this time, beside busy processes.";
        "P15-busy-cpu" "a request to it beside busy processes, CPU time of the service", SERVICE CLIENTS, NS, [TimesBest(0.8)],
            "The CPU time of the service's process, beside busy processes.";
        "P15-busy-switches" "a request to it beside busy processes, context switches of the service", SERVICE CLIENTS, Unit::Count, [],
            "The switches of the service's threads, beside busy processes.";
        "P15-nested" "100 nested requests at once", SERVICE Bars, NS, [TimesBest(1.0)],
            "Each request holds one of ten connections while its blocking code waits for async code, which awaits blocking code. The peers do that by hand, with spawn_blocking and Handle::block_on.";
        "P15-nested-failed" "of these, how many fail", SERVICE Bars, Unit::Count, [AtMost(0.0)],
            "A request fails when it gets no connection for four seconds.";
        "P15-busy-nested" "100 nested requests beside busy processes", SERVICE Bars, NS, [TimesBest(1.0)],
            "The nested requests while one other process for each core computes all the time.";
        "P15-busy-nested-failed" "of these, how many fail", SERVICE Bars, Unit::Count, [AtMost(0.0)],
            "A request fails when it gets no connection for four seconds.";
        "P16-http" "an HTTP request from sync code", REQUEST THREADS, NS, [TimesBest(1.0)],
            "A sync program sends requests to a server in another process of this machine. The time is divided by the number of requests of all threads. ureq and raw sockets can run no async code, so they are shown and not compared.";
        "P16-http-cpu" "the same, CPU time of the client", REQUEST THREADS, NS, [Times(1.0, MULTI_THREAD)],
            "The CPU time of the client's process for one request. On a current-thread runtime the waiting thread does the IO itself, which saves a switch of threads.";
        "P16-tcp" "a TCP round trip from sync code", REQUEST THREADS, NS, [TimesBest(1.0)],
            "32 bytes go to the server and come back, on a connection that each thread keeps.";
        "P16-tcp-cpu" "the same, CPU time of the client", REQUEST THREADS, NS, [Times(1.0, MULTI_THREAD)],
            "The CPU time of the client's process for one round trip.";
        "IO-sqlite" "a query from async code", IO Bars, NS, [],
            "An async program queries a database on this machine through a blocking driver.";
        "IO-threads" "threads left over by the requests", IO Bars, Unit::Count, [],
            "The number of threads after the HTTP requests, less the number before them.";
        "IO-fds" "descriptors left over by the requests", IO Bars, Unit::Count, [],
            "The number of open descriptors after the HTTP requests, less the number before them.";
    }
    Context {
        "P3-thread" "Context::current(), plain thread", DETECT Bars, NS, [Times(1.1, "handle_try_current")],
            "Detecting the context costs next to nothing where there is no runtime.";
        "P3-task" "Context::current(), multi-thread task", DETECT Bars, NS, [AtMost(1.5)],
            "Detecting the context costs next to nothing in a task.";
        "P3-root" "Context::current(), multi-thread root", DETECT Bars, NS, [AtMost(20.0)],
            "In a block_on future, only a probe of the coop budget can tell the context.";
        "P12-first" "runtime look-up in a task, first", DETECT Bars, NS, [AtMost(25.0)],
            "Finding the runtime that drives this task, with nothing cached.";
        "P12-cached" "runtime look-up in a task, cached", DETECT Bars, NS, [AtMost(3.0)],
            "Finding the runtime that drives this task, when this poll has cached it.";
    }
    Frugality {
        "P13-await" "allocations of AsyncCall.await", COUNTS Bars, Unit::Allocations, [AtMost(0.0)],
            "Awaiting a smart function allocates nothing.";
        "P13-wait" "allocations of wait(ready)", COUNTS Bars, Unit::Allocations, [AtMost(0.0)],
            "Waiting for a smart function allocates nothing.";
        "P13-offload" "allocations of one offload", COUNTS Bars, Unit::Allocations, [AtMost(1.0)],
            "A job, its result and its waker share one allocation.";
        "P13-span" "allocations of one offload in a live span", COUNTS Bars, Unit::Allocations, [AtMost(1.0)],
            "The span has its place in the job's one allocation.";
        "P14" "CPU in the second after a burst", COUNTS Bars, NS, [AtMost(1e6)],
            "An idle bridge does nothing: its threads sleep, and it has no timers.";
    }
];
