//! Runs a program, and checks every invariant at its end.

use std::{panic, sync::Arc, thread, time::Duration};

use crate::{
    ledger::{Capture, Entry, Ledger, Told},
    program::{Body, Program, Step},
    system::{Known, Place, System, Task, Tried},
};

/// The message of a job that panics on purpose.
const WANTED: &str = "a wanted panic";

/// Far longer than any job takes.
const SHUTDOWN: Duration = Duration::from_secs(5);

const MOMENT: Duration = Duration::from_micros(200);

/// Runs `program` to its end.
///
/// # Panics
///
/// Panics if an invariant was broken.
pub fn run(program: &Program) {
    let ledger = Ledger::default();
    let system = System::new(program.shape);
    let mut jobs: Vec<(Arc<Entry>, Task)> = Vec::new();
    for step in &program.steps {
        one(step, &system, &ledger, &mut jobs);
    }
    drop(jobs);
    assert!(
        system.shut_down(SHUTDOWN),
        "a job ran on after the shutdown"
    );
    system.check();
    ledger.check();
    let (ended, started) = (system.ended(), ledger.started());
    assert_eq!(
        ended, started,
        "the pool counts {ended} ends of {started} jobs"
    );
}

fn one(step: &Step, system: &System, ledger: &Ledger, jobs: &mut Vec<(Arc<Entry>, Task)>) {
    let chosen = |number: u8, count: usize| (count > 0).then(|| usize::from(number) % count);
    match step {
        Step::Make(body) => {
            let (entry, job) = job(body, system, ledger);
            jobs.push((entry, system.make(job)));
        }
        Step::Try(body) => {
            let (entry, job) = job(body, system, ledger);
            match system.attempt(job) {
                Tried::Queued(task) => jobs.push((entry, task)),
                Tried::GivenBack => entry.tell(Told::DidNotRun),
            }
        }
        Step::Start(number) => {
            if let Some(index) = chosen(*number, jobs.len()) {
                let (entry, task) = jobs.remove(index);
                jobs.insert(index, (entry, task.start()));
            }
        }
        Step::Cancel(number) => {
            if let Some(index) = chosen(*number, jobs.len())
                && jobs[index].1.cancel()
            {
                jobs[index].0.tell(Told::DidNotRun);
            }
        }
        Step::Forget(number) => {
            if let Some(index) = chosen(*number, jobs.len()) {
                drop(jobs.swap_remove(index));
            }
        }
        Step::Detach(number) => {
            if let Some(index) = chosen(*number, jobs.len()) {
                jobs.swap_remove(index).1.detach();
            }
        }
        Step::Wait(number) | Step::WaitBriefly(number) => {
            if let Some(index) = chosen(*number, jobs.len()) {
                let (entry, task) = jobs.swap_remove(index);
                let limit = matches!(step, Step::WaitBriefly(_)).then_some(MOMENT);
                book(&entry, task.wait(Place::Program(limit)));
            }
        }
        Step::WaitForAll => {
            let (entries, tasks): (Vec<_>, Vec<_>) = jobs.drain(..).unzip();
            for (entry, told) in entries
                .iter()
                .zip(system.wait_for_all(tasks, Place::Program(None)))
            {
                book(entry, told);
            }
        }
        // The callers of later jobs must be told that their jobs won't run.
        Step::Shutdown => assert!(system.shut_down(SHUTDOWN), "a shutdown left jobs running"),
    }
}

/// Records the answer that the caller of a job got. Checks that a value is the job's own.
fn book(entry: &Entry, (told, value): Known) {
    match value {
        Some(value) if value != entry.number => {
            entry.tell(Told::Wrong(format!("the value of job {value}")));
        }
        _ if told != Told::Nothing => entry.tell(told),
        _ => {}
    }
}

fn job(
    body: &Body,
    system: &System,
    ledger: &Ledger,
) -> (Arc<Entry>, impl FnOnce() -> u32 + Send + 'static) {
    let entry = ledger.open();
    let capture = Capture::of(&entry);
    let (body, system, ledger) = (body.clone(), system.clone(), ledger.clone());
    let run = move || {
        capture.entry().started();
        perform(&body, &system, &ledger);
        capture.entry().number
    };
    (entry, run)
}

fn perform(body: &Body, system: &System, ledger: &Ledger) {
    let inner = |body: &Body| {
        let (entry, job) = job(body, system, ledger);
        (entry, system.make(job))
    };
    match body {
        Body::Return => {}
        Body::Panic => panic!("{WANTED}"),
        Body::Yield(times) => (0..times % 8).for_each(|_| thread::yield_now()),
        Body::Sleep(tenths) => thread::sleep(Duration::from_micros(u64::from(tenths % 8) * 100)),
        Body::Nest(body) => {
            let (entry, task) = inner(body);
            book(&entry, task.wait(Place::Job));
        }
        Body::NestInTask(body) => {
            let (entry, task) = inner(body);
            book(&entry, task.wait_in_task());
        }
        Body::NestTwo(first, second) => {
            let (entries, tasks): (Vec<_>, Vec<_>) =
                [inner(first), inner(second)].into_iter().unzip();
            for (entry, told) in entries.iter().zip(system.wait_for_all(tasks, Place::Job)) {
                book(entry, told);
            }
        }
        Body::CancelInner(body) => {
            let (entry, task) = inner(body);
            let task = task.start();
            if task.cancel() {
                entry.tell(Told::DidNotRun);
            }
        }
    }
}

/// Keeps panics that are on purpose off the terminal.
pub fn expect_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some(WANTED) {
            usual(info);
        }
    }));
}
