//! The smallest program of each kind.

use std::sync::Arc;

use Telling::{Allowed, Never};

use crate::program::{
    Block, Event,
    How::{self, InTurn, Joined, Started},
    Job, Op, Program, Size, job,
};

/// Says whether the pool may tell a job that it has no worker for a wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    Never,
    Allowed,
}

/// More jobs than any program here has.
const MANY: usize = 1000;

pub(crate) fn all() -> Vec<(&'static str, Telling, Program)> {
    let mut all = Vec::new();
    all.extend(held_across_a_wait());
    all.extend(submitted_before_the_wait());
    all.extend(nested());
    all.extend(meetings());
    all
}

fn held_across_a_wait() -> Vec<(&'static str, Telling, Program)> {
    let holders = |count| vec![job([hold(0, [pausing(Joined, [leaf()])])]); count];
    let both = [hold(0, [hold(1, [pausing(Joined, [leaf()])])])];
    let other = job([hold(1, [pausing(Joined, [leaf()])])]);
    let takes_another = [hold(0, [pausing(Joined, [other])])];
    vec![
        ("a mutex", Never, on(sized(1, 1), [1], &holders(4))),
        (
            "a mutex, 40 callers",
            Never,
            on(Size::Unsized, [1], &holders(40)),
        ),
        ("two connections", Never, on(sized(1, 2), [2], &holders(6))),
        (
            "two connections, 40 callers",
            Never,
            on(Size::Unsized, [2], &holders(40)),
        ),
        (
            "a mutex and a connection",
            Never,
            on(sized(1, 1), [1, 2], &vec![job(both); 4]),
        ),
        (
            "a mutex, and the job that is waited for takes another",
            Never,
            on(sized(1, 1), [1, 1], &vec![job(takes_another); 4]),
        ),
    ]
}

fn submitted_before_the_wait() -> Vec<(&'static str, Telling, Program)> {
    let mut deep = leaf();
    for _ in 0..4 {
        deep = job([wait(Started, [deep])]);
    }
    let holds = |waits: Op| vec![job([hold(0, [waits])]); 4];
    let hands_on = || job([Op::HandOn(leaf())]);
    let takes_the_lock = job([Op::Start(
        job([hold(0, [])]),
        [hold(0, [pausing(Joined, [leaf()])])].into(),
    )]);
    vec![
        (
            "a started job",
            Never,
            on(sized(1, 1), [], &[job([wait(Started, [leaf()])])]),
        ),
        ("started jobs, nested", Never, on(sized(1, 1), [], &[deep])),
        (
            "three started jobs",
            Never,
            on(
                sized(1, 1),
                [],
                &[job([wait(Started, [leaf(), leaf(), leaf()])])],
            ),
        ),
        (
            "a started job behind those that block for its caller",
            Never,
            on(sized(1, 1), [1], &holds(pausing(Started, [leaf()]))),
        ),
        (
            "a job that a started job has started",
            Never,
            on(sized(1, 1), [1], &holds(pausing(Started, [hands_on()]))),
        ),
        (
            "a started job that takes the lock which its caller holds in another wait",
            Allowed,
            on(sized(1, 1), [1], &[Arc::clone(&takes_the_lock)]),
        ),
        (
            "the same of several",
            Allowed,
            on(sized(1, 1), [1], &vec![Arc::clone(&takes_the_lock); 3]),
        ),
        (
            "the same of several, with more threads",
            Allowed,
            on(sized(1, 4), [1], &vec![takes_the_lock; 6]),
        ),
    ]
}

fn nested() -> Vec<(&'static str, Telling, Program)> {
    let mut deep = leaf();
    for _ in 0..8 {
        deep = job([wait(Joined, [deep])]);
    }
    let holds = || job([hold(0, [pausing(Joined, [leaf()])])]);
    vec![
        (
            "waits in waits",
            Never,
            on(sized(1, 1), [], &[Arc::clone(&deep)]),
        ),
        (
            "waits in waits, of several",
            Allowed,
            on(sized(1, 1), [], &vec![deep; 4]),
        ),
        (
            "one job after the other",
            Never,
            on(
                sized(1, 1),
                [],
                &[job([wait(InTurn, [leaf(), leaf(), leaf()])])],
            ),
        ),
        (
            "siblings that take the same lock",
            Allowed,
            on(sized(1, 1), [1], &[job([wait(Joined, [holds(), holds()])])]),
        ),
        (
            "siblings that take the same lock, with more threads",
            Never,
            on(
                sized(1, 4),
                [1],
                &[job([wait(Joined, [holds(), holds(), holds()])])],
            ),
        ),
    ]
}

fn meetings() -> Vec<(&'static str, Telling, Program)> {
    let arrives = |before: Block| {
        let mut block = before;
        block.push(Op::Arrive(0));
        job(block)
    };
    let waits = || Block::from([pausing(Joined, [leaf()])]);
    let barrier = |size, count, before: Block| {
        let roots = vec![arrives(before); count];
        Program::new(size, vec![], vec![Event::Barrier(count)], &roots, MANY)
    };
    let messages = |size, roots: &[Arc<Job>], count| {
        Program::new(size, vec![], vec![Event::Message; count], roots, MANY)
    };
    let receivers = (0..40).map(|event| job([Op::Receive(event)]));
    let senders = (0..40).map(|event| job([Op::Send(event)]));
    let backwards: Vec<_> = receivers.chain(senders).collect();
    vec![
        (
            "a barrier of two",
            Never,
            barrier(sized(2, 1), 2, Block::new()),
        ),
        (
            "a barrier of two after a wait",
            Never,
            barrier(sized(2, 2), 2, waits()),
        ),
        (
            "a barrier of 40",
            Never,
            barrier(Size::Unsized, 40, Block::new()),
        ),
        (
            "a barrier of 40 after a wait",
            Never,
            barrier(Size::Unsized, 40, waits()),
        ),
        (
            "a message to a job behind",
            Never,
            messages(
                sized(1, 1),
                &[
                    job([pausing(Joined, [leaf()]), Op::Send(0)]),
                    job([Op::Receive(0)]),
                ],
                1,
            ),
        ),
        (
            "messages to jobs before",
            Never,
            messages(Size::Unsized, &backwards, 40),
        ),
    ]
}

fn on<const N: usize>(size: Size, resources: [usize; N], roots: &[Arc<Job>]) -> Program {
    Program::new(size, resources.into(), vec![], roots, MANY)
}

fn sized(max_threads: usize, max_blocked_threads: usize) -> Size {
    Size::Sized {
        max_threads,
        max_blocked_threads,
        queue_capacity: 1024,
    }
}

fn leaf() -> Arc<Job> {
    job([])
}

fn hold<const N: usize>(resource: usize, block: [Op; N]) -> Op {
    Op::Hold(resource, block.into())
}

fn wait<const N: usize>(how: How, jobs: [Arc<Job>; N]) -> Op {
    Op::Wait {
        pause: false,
        how,
        jobs: jobs.into(),
    }
}

/// Returns a wait that parks once before it does anything else, so that others get its
/// permit.
fn pausing<const N: usize>(how: How, jobs: [Arc<Job>; N]) -> Op {
    Op::Wait {
        pause: true,
        how,
        jobs: jobs.into(),
    }
}
