//! A plan of jobs and adapters, and a strategy that draws random plans.

use proptest::{collection::vec, prelude::*, sample::select};

/// A plan, its driver, and the sizes of the pool.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) driver: Driver,
    pub(crate) threads: usize,
    pub(crate) blocked: usize,
    pub(crate) queue: usize,
    pub(crate) plan: Plan,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Driver {
    /// A wait of the bridge.
    Wait,
    /// An executor that is not Tokio's.
    Foreign,
    MultiThread,
    CurrentThread,
}

#[derive(Clone, Debug)]
pub(crate) enum Plan {
    Job(Job),
    /// `join_all`, a `FuturesUnordered`, a `JoinSet`.
    Joined(Vec<Self>),
    Unordered(Vec<Self>),
    Tasks(Vec<Self>),
    /// The first to be ready; the others are dropped.
    Raced(Vec<Self>),
    /// `select!` of two.
    Selected(Box<Self>, Box<Self>),
    /// `timeout`, in tenths of a millisecond.
    Limited(u8, Box<Self>),
    /// A task, and one that is aborted after some yields.
    Spawned(Box<Self>),
    Aborted(u8, Box<Self>),
    /// Polled with another waker each time.
    Rewoken(Box<Self>),
    /// Polled once in one task, and to its end in another.
    Moved(Box<Self>),
    /// On a `LocalSet` of another thread.
    Local(Box<Self>),
    /// Waited for on a blocking thread.
    Waited(Box<Self>),
}

#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: usize,
    pub(crate) form: Form,
    pub(crate) body: Body,
}

/// The function that makes a job's future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Lazy,
    Started,
    Outcome,
    /// Queued at once or given back.
    Tried,
    /// A smart call, plain and boxed.
    Call,
    Boxed,
    /// The caller starts the job, cancels it, and awaits it.
    Cancelled,
    Detached,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Return,
    Panic,
    /// Sleeps, in tenths of a millisecond.
    Sleep(u8),
    /// Runs until its caller leaves, for two milliseconds at most.
    UntilCancelled,
    /// Waits for a plan.
    Wait(Box<Plan>),
}

impl Plan {
    /// Calls `visitor` for each job, and says whether its future may be dropped before
    /// it is ready.
    pub(crate) fn visit(&self, mut loose: bool, visitor: &mut impl FnMut(&Job, bool)) {
        loose |= matches!(
            self,
            Self::Raced(_) | Self::Selected(..) | Self::Limited(..) | Self::Aborted(..)
        );
        match self {
            Self::Job(job) => {
                visitor(job, loose);
                if let Body::Wait(plan) = &job.body {
                    // It runs only if its job does.
                    let loose = loose || matches!(job.form, Form::Tried | Form::Cancelled);
                    plan.visit(loose, visitor);
                }
            }
            Self::Joined(plans)
            | Self::Unordered(plans)
            | Self::Tasks(plans)
            | Self::Raced(plans) => {
                for plan in plans {
                    plan.visit(loose, visitor);
                }
            }
            Self::Selected(first, second) => {
                first.visit(loose, visitor);
                second.visit(loose, visitor);
            }
            Self::Limited(_, plan)
            | Self::Spawned(plan)
            | Self::Aborted(_, plan)
            | Self::Rewoken(plan)
            | Self::Moved(plan)
            | Self::Local(plan)
            | Self::Waited(plan) => plan.visit(loose, visitor),
        }
    }

    fn number(&mut self, count: &mut usize) {
        match self {
            Self::Job(job) => {
                job.id = *count;
                *count += 1;
                if let Body::Wait(plan) = &mut job.body {
                    plan.number(count);
                }
            }
            Self::Joined(plans)
            | Self::Unordered(plans)
            | Self::Tasks(plans)
            | Self::Raced(plans) => {
                for plan in plans {
                    plan.number(count);
                }
            }
            Self::Selected(first, second) => {
                first.number(count);
                second.number(count);
            }
            Self::Limited(_, plan)
            | Self::Spawned(plan)
            | Self::Aborted(_, plan)
            | Self::Rewoken(plan)
            | Self::Moved(plan)
            | Self::Local(plan)
            | Self::Waited(plan) => plan.number(count),
        }
    }
}

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let driver = select(vec![
        Driver::Wait,
        Driver::Foreign,
        Driver::MultiThread,
        Driver::CurrentThread,
    ]);
    let queue = select(vec![1_usize, 2, 1024]);
    (driver, 1..=3_usize, 1..=3_usize, queue, plan()).prop_map(
        |(driver, threads, blocked, queue, mut plan)| {
            plan.number(&mut 0);
            Case {
                driver,
                threads,
                blocked,
                queue,
                plan,
            }
        },
    )
}

fn plan() -> impl Strategy<Value = Plan> {
    let simple = prop_oneof![
        3 => Just(Body::Return),
        1 => Just(Body::Panic),
        2 => (0..8_u8).prop_map(Body::Sleep),
        1 => Just(Body::UntilCancelled),
    ];
    job(simple.boxed()).prop_recursive(4, 24, 4, |inner| {
        let some = || vec(inner.clone(), 1..=4);
        let boxed = || inner.clone().prop_map(Box::new);
        let waits = job(boxed().prop_map(Body::Wait).boxed());
        prop_oneof![
            2 => some().prop_map(Plan::Joined),
            2 => some().prop_map(Plan::Unordered),
            1 => some().prop_map(Plan::Tasks),
            2 => some().prop_map(Plan::Raced),
            1 => (boxed(), boxed()).prop_map(|(first, second)| Plan::Selected(first, second)),
            2 => (0..16_u8, boxed()).prop_map(|(limit, plan)| Plan::Limited(limit, plan)),
            1 => boxed().prop_map(Plan::Spawned),
            2 => (0..8_u8, boxed()).prop_map(|(yields, plan)| Plan::Aborted(yields, plan)),
            2 => boxed().prop_map(Plan::Rewoken),
            2 => boxed().prop_map(Plan::Moved),
            1 => boxed().prop_map(Plan::Local),
            1 => boxed().prop_map(Plan::Waited),
            2 => waits,
        ]
    })
}

fn job(body: BoxedStrategy<Body>) -> impl Strategy<Value = Plan> {
    let form = select(vec![
        Form::Lazy,
        Form::Started,
        Form::Outcome,
        Form::Tried,
        Form::Call,
        Form::Boxed,
        Form::Cancelled,
        Form::Detached,
    ]);
    (form, body).prop_map(|(form, body)| Plan::Job(Job { id: 0, form, body }))
}
