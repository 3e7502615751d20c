//! Runs a program on unbounded threads and on its pool, each under a time limit, and
//! judges the result.

use std::{
    cell::Cell,
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::Ordering::SeqCst,
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
    time::{Duration, Instant},
};

use bridge_offload::Pool;

use crate::{
    ideal::Ideal,
    interpret::{self, Ledger},
    program::{Program, Size},
    world::{Threads, World},
};

/// Far longer than any program takes.
const LIMIT: Duration = Duration::from_secs(20);

/// The limits after a program has failed, and how often each step of shrinking is tried.
/// Short limits allow many steps. Few programs fail every time, so each step is tried
/// repeatedly. These figures only decide how far the program shrinks.
const SHORT: Duration = Duration::from_millis(300);
const SHORT_UNSIZED: Duration = Duration::from_secs(2);
const TRIES: usize = 4;

/// The ceiling of the default settings.
const MAX_BLOCKED_THREADS: usize = 64;

/// Checks the programs of one test.
#[derive(Default)]
pub(crate) struct Checker {
    has_failed: Cell<bool>,
}

impl Checker {
    /// Returns how many jobs were told that the pool has no worker for their waits.
    /// Returns an error that describes the fault, if the pool runs `program` wrongly.
    pub(crate) fn check(&self, program: &Program) -> Result<usize, String> {
        let checked = if self.has_failed.get() {
            (0..TRIES).try_fold(0, |told, _| Ok(told.max(self.check_pool(program)?)))
        } else {
            self.check_program(program)?;
            self.check_pool(program)
        };
        self.has_failed
            .set(self.has_failed.get() || checked.is_err());
        checked
    }

    fn check_pool(&self, program: &Program) -> Result<usize, String> {
        let (pool, max_blocked_threads) = pool_of(program.size);
        let ledger = self.finish(program, pool).map_err(|()| "it hangs")?;
        // If so few jobs wait, the pool can always add a worker.
        let untold = program.waiters() <= max_blocked_threads;
        judge(program, &ledger, untold)?;
        let was_told = |&job: &usize| ledger.entry(job).told.load(SeqCst);
        Ok((0..program.jobs).filter(was_told).count())
    }

    /// Returns an error that describes the fault, if the program itself is unsound.
    pub(crate) fn check_program(&self, program: &Program) -> Result<(), String> {
        let ended = self.finish(program, Threads);
        let ledger = ended.map_err(|()| "no program: it hangs on unbounded threads")?;
        judge(program, &ledger, true)?;
        if let Size::Sized { max_threads, .. } = program.size {
            let ended = self.finish(program, Ideal::new(max_threads));
            let ledger = ended.map_err(|()| "no program: it hangs on an ideal pool")?;
            judge(program, &ledger, true)?;
        }
        Ok(())
    }

    /// Runs a program until nothing of it is left. A program that hangs is left behind
    /// with its threads.
    fn finish(&self, program: &Program, world: impl World) -> Result<Arc<Ledger>, ()> {
        let limit = match (self.has_failed.get(), program.size) {
            (false, _) => LIMIT,
            (true, Size::Sized { .. }) => SHORT,
            (true, Size::Unsized) => SHORT_UNSIZED,
        };
        run_within(limit, program, world)
    }
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

fn run_within(limit: Duration, program: &Program, world: impl World) -> Result<Arc<Ledger>, ()> {
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
        // The jobs that a refused wait leaves behind end by themselves.
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
        return Err(());
    }
    Ok(ledger)
}

/// Checks that each job has run once, or that a job which submitted it, directly or not,
/// was told.
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
