//! A query ends when its request is dropped, and the interrupt never hits the
//! statement behind it.

use std::{
    env,
    hint::spin_loop,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use bridge::{
    Bridge, Offload, Wait,
    offload::{cancelled, on_cancel},
};
use rusqlite::{Connection, ErrorCode, InterruptHandle, Result};
use testkit::within_limit;
use tokio::time::timeout;

/// The limit of a test on a busy machine.
const LIMIT: Duration = Duration::from_mins(5);

/// Counts to `end`, or for ever if `end` is negative.
fn count(db: &Connection, end: i64) -> Result<i64> {
    let sql = "with recursive n(i) as (select 1 union all select i + 1 from n where i != ?1)
        select count(*) from n";
    db.prepare(sql)?.query_row([end], |row| row.get(0))
}

/// Counts, and is interrupted if the caller of this job leaves.
fn interruptible(db: &Connection, end: i64) -> Result<i64> {
    let interrupt = db.get_interrupt_handle();
    interruptible_by(db, end, move || interrupt.interrupt())
}

/// Counts, and calls `interrupt` if the caller of this job leaves.
///
/// A statement runs around the query. Without it, an interrupt just before the query
/// would be lost.
fn interruptible_by(
    db: &Connection,
    end: i64,
    interrupt: impl FnOnce() + Send + 'static,
) -> Result<i64> {
    let mut running = db.prepare("select 1")?;
    let mut running = running.query([])?;
    running.next()?;
    let guard = on_cancel(interrupt);
    let counted = count(db, end);
    drop(guard);
    counted
}

/// Returns whether an interrupt has ended a query.
fn is_interrupted(outcome: &Result<i64>) -> bool {
    let error = outcome.as_ref().err();
    error.and_then(rusqlite::Error::sqlite_error_code) == Some(ErrorCode::OperationInterrupted)
}

fn connection() -> Connection {
    Connection::open_in_memory().expect("memory is free")
}

fn bridge_of_one() -> Bridge {
    let builder = Bridge::builder().max_threads(1);
    builder.build().expect("the settings are valid")
}

/// Starts a job that never ends by itself, and a channel for its outcome.
fn endless(bridge: &Bridge) -> (Offload<()>, mpsc::Receiver<Result<i64>>) {
    let (tell, told) = mpsc::channel();
    let job = bridge.offload(move || tell.send(interruptible(&connection(), -1)).unwrap());
    (job.start(), told)
}

/// Waits until so many jobs run.
fn until_running(bridge: &Bridge, jobs: usize) {
    while bridge.metrics().running < jobs {
        thread::yield_now();
    }
}

/// Waits about that long without a sleep, which would take much longer.
fn spin(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        spin_loop();
    }
}

#[test]
fn a_query_ends_whenever_its_request_is_dropped() {
    within_limit(LIMIT, || {
        let bridge = bridge_of_one();
        for round in 0..300 {
            let (job, told) = endless(&bridge);
            // The caller leaves before the guard, or during the query.
            spin(Duration::from_micros(round));
            drop(job);
            if let Ok(outcome) = told.recv() {
                assert!(is_interrupted(&outcome), "{outcome:?}");
            }
        }
        let (job, told) = endless(&bridge);
        until_running(&bridge, 1);
        let limited = async { timeout(Duration::from_millis(20), job).await };
        assert!(bridge.wait(limited).is_err());
        assert!(is_interrupted(&told.recv().unwrap()));
        let (job, told) = endless(&bridge);
        until_running(&bridge, 1);
        assert!(job.wait_timeout(Duration::from_millis(20)).is_err());
        assert!(is_interrupted(&told.recv().unwrap()));
    });
}

#[test]
fn a_query_ends_when_its_server_shuts_down() {
    within_limit(LIMIT, || {
        let bridge = Bridge::builder().cancel_grace(LIMIT).build().unwrap();
        let (awaited, told) = endless(&bridge);
        let (detached, also_told) = endless(&bridge);
        detached.detach();
        until_running(&bridge, 2);
        let report = bridge.shutdown(Duration::from_millis(20)).wait();
        assert_eq!((report.cancelled, report.running.len()), (2, 0));
        for outcome in [told.recv().unwrap(), also_told.recv().unwrap()] {
            assert!(is_interrupted(&outcome), "{outcome:?}");
        }
        drop(awaited);
    });
}

/// The number of cancelled queries. The audit's stage `soak` sets `BRIDGE_SOAK`.
fn rounds() -> u32 {
    let wanted = env::var("BRIDGE_SOAK").ok();
    wanted.map_or(10_000, |count| count.parse().expect("a number of rounds"))
}

/// The notes of a hook. An interrupt that meets no statement does not show in `SQLite`.
#[derive(Clone, Default)]
struct Seen {
    guard_is_gone: Arc<AtomicBool>,
    calls: Arc<AtomicU32>,
    /// The calls behind the guard.
    behind: Arc<AtomicU32>,
}

impl Seen {
    fn interrupt(self, handle: InterruptHandle) -> impl FnOnce() + Send + 'static {
        move || {
            // Both looks surround the interrupt, so a guard that drops meanwhile is seen.
            let gone = || u32::from(self.guard_is_gone.load(Ordering::SeqCst));
            let before = gone();
            handle.interrupt();
            self.behind.fetch_add(before | gone(), Ordering::SeqCst);
            self.calls.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The caller leaves close to the end of the first statement, by a drop or by `cancel`. The
/// statement behind it is never interrupted, and no interrupt comes between the two.
#[test]
fn the_next_statement_is_never_interrupted() {
    let rounds = rounds();
    within_limit(LIMIT * (rounds / 10_000).max(1), || {
        let bridge = bridge_of_one();
        let (tell, told) = mpsc::channel();
        let mut db = connection();
        // The time of one statement on this machine now.
        let start = Instant::now();
        (0..20).for_each(|_| drop(count(&db, 200)));
        let usual = start.elapsed() / 20;
        let mut delay = usual;
        let notes = Seen::default();
        let (mut interrupted, mut late) = (0, 0);
        for round in 0..rounds {
            let (start, started) = mpsc::channel();
            let (tell, seen) = (tell.clone(), notes.clone());
            seen.guard_is_gone.store(false, Ordering::SeqCst);
            let job = bridge.offload(move || {
                start.send(()).unwrap();
                let gone = Arc::clone(&seen.guard_is_gone);
                let interrupt = seen.interrupt(db.get_interrupt_handle());
                let first = interruptible_by(&db, 200, interrupt);
                gone.store(true, Ordering::SeqCst);
                let told = cancelled();
                let next = count(&db, 200);
                tell.send((first, told, next, db)).unwrap();
            });
            let job = job.start();
            started.recv().unwrap();
            spin(delay + usual * (round % 16) / 128);
            if (round / 16).is_multiple_of(2) {
                drop(job);
            } else {
                let _as_far_as_it_got = job.cancel();
                job.wait();
            }
            let (first, was_told, next, back) = told.recv().unwrap();
            db = back;
            // The delay follows the end of the statement, so about every other caller leaves
            // before it.
            if is_interrupted(&first) {
                interrupted += 1;
                delay = (delay + usual / 64).min(usual * 4);
            } else {
                assert_eq!(first, Ok(200), "in round {round}");
                late += u32::from(was_told);
                delay = delay.saturating_sub(usual / 64);
            }
            assert_eq!(next, Ok(200), "in round {round}");
        }
        let calls = notes.calls.load(Ordering::SeqCst);
        let unmet = calls - interrupted;
        println!(
            "{interrupted} of {rounds} interrupted; {unmet} interrupts between query and guard; \
             {late} callers left just behind the query"
        );
        let behind = notes.behind.load(Ordering::SeqCst);
        assert_eq!(behind, 0, "interrupts came after their guards");
        assert!(interrupted > 0, "no round has tried an interrupt");
        assert!(late > 0, "no round has cancelled behind the query");
        println!("soak: {rounds} calls: a query that is cancelled");
    });
}
