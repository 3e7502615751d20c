//! Runs a program on unbounded threads and on its pool, each under a time limit,
//! and judges.

use std::{
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
    time::{Duration, Instant},
};

use bridge_offload::Pool;

use crate::{
    interpret::{self, Ledger},
    program::{Program, Size},
    world::{Threads, World},
};

/// Far more than any program takes.
const LIMIT: Duration = Duration::from_secs(20);

/// The limit once a program has hung: only how far it shrinks depends on it.
const SHORTER: Duration = Duration::from_secs(3);

/// Of the default settings.
const MAX_BLOCKED_THREADS: usize = 64;

/// Says what is wrong with how the pool runs `program`, or how many jobs were told
/// that it has no thread for their waits.
pub(crate) fn check(program: &Program) -> Result<usize, String> {
    let alone = finish(program, Threads)
        .map_err(|()| format!("not a program: it hangs on unbounded threads: {program}"))?;
    judge(program, &alone, true).map_err(|why| format!("on unbounded threads {why}: {program}"))?;
    let (pool, max_blocked_threads) = pool_of(program.size);
    let ledger = finish(program, pool).map_err(|()| format!("it hangs: {program}"))?;
    // With so few that wait, a thread can always be added.
    let untold = program.waiters() <= max_blocked_threads;
    judge(program, &ledger, untold).map_err(|why| format!("{why}: {program}"))?;
    let was_told = |&job: &usize| ledger.entry(job).told.load(SeqCst);
    Ok((0..program.jobs).filter(was_told).count())
}

fn pool_of(size: Size) -> (Pool, usize) {
    match size {
        Size::Unsized => (Pool::new(), MAX_BLOCKED_THREADS),
        Size::Sized {
            max_threads,
            max_blocked_threads,
            queue_capacity,
        } => {
            let builder = Pool::builder()
                .max_threads(max_threads)
                .max_blocked_threads(max_blocked_threads)
                .queue_capacity(queue_capacity);
            (builder.build().unwrap(), max_blocked_threads)
        }
    }
}

/// Runs a program to its end, and until nothing of it is left. What hangs is left
/// behind with its threads.
fn finish(program: &Program, world: impl World) -> Result<Arc<Ledger>, ()> {
    static HAS_HUNG: AtomicBool = AtomicBool::new(false);
    let limit = if HAS_HUNG.load(SeqCst) {
        SHORTER
    } else {
        LIMIT
    };
    let deadline = Instant::now() + limit;
    let ledger = Arc::new(Ledger::of(program));
    let (done, ended) = channel();
    let (its_program, its_ledger) = (program.clone(), Arc::clone(&ledger));
    let driver = thread::spawn(move || {
        interpret::run(&its_program, &world, &its_ledger);
        drop(its_ledger);
        done.send(()).unwrap();
    });
    match ended.recv_timeout(limit) {
        // What a refused wait leaves running ends by itself.
        Ok(()) => {
            while Arc::strong_count(&ledger) > 1 && Instant::now() < deadline {
                thread::sleep(Duration::from_micros(50));
            }
        }
        Err(RecvTimeoutError::Timeout) => {}
        Err(RecvTimeoutError::Disconnected) => {
            if let Err(payload) = driver.join() {
                resume_unwind(payload);
            }
        }
    }
    if Arc::strong_count(&ledger) > 1 {
        HAS_HUNG.store(true, SeqCst);
        return Err(());
    }
    Ok(ledger)
}

/// Each job has run once, or a job that submitted it, directly or not, was told.
fn judge(program: &Program, ledger: &Ledger, untold: bool) -> Result<(), String> {
    let mut parents = vec![None; program.jobs];
    program.visit(&mut |parent, job| parents[job.number] = parent);
    for job in 0..program.jobs {
        let entry = ledger.entry(job);
        if untold && entry.told.load(SeqCst) {
            return Err(format!(
                "job {job} was told, though a thread could be added"
            ));
        }
        let runs = entry.runs.load(SeqCst);
        let mut submitters = std::iter::successors(parents[job], |&parent| parents[parent]);
        let was_told = submitters.any(|parent| ledger.entry(parent).told.load(SeqCst));
        if runs > 1 || (runs == 0 && !was_told) {
            return Err(format!("job {job} ran {runs} times"));
        }
    }
    Ok(())
}
