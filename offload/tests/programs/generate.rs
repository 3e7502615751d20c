//! Random programs, all of which finish on unbounded threads.
//!
//! A job takes resources in ascending order, and so do all jobs that it waits for
//! meanwhile. Root jobs meet events in ascending order, and hold nothing then. So no two
//! jobs can block for each other.
//!
//! On a pool of a set size, barriers leave at least one permit to others, and a message
//! comes from a job that was submitted earlier. No job blocks for its own job outside a wait.
//! Otherwise the pool could not finish the program, and might stand still.

use std::{iter::repeat_n, sync::Arc};

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};

use crate::program::{Block, Event, How, Job, Op, Program, Size, job};

/// The greatest depth to which jobs nest.
const DEPTH: usize = 3;

/// The greatest number of resources, and of events.
const RESOURCES: usize = 3;
const EVENTS: usize = 2;

/// The greatest number of jobs of a root, itself included. An unsized pool has more
/// roots, with fewer jobs each.
const JOBS: usize = 12;
const JOBS_OF_MANY: usize = 5;

/// An event that is not yet fitted to a number of roots.
#[derive(Clone, Debug)]
enum Sketch {
    Barrier { first: Index, width: Index },
    Message { from: Index, to: Index },
}

/// The blocks of a root, before and after each event.
type Parts = Vec<Block>;

pub(crate) fn on_a_sized_pool() -> impl Strategy<Value = Program> {
    let size = (1..=4_usize, 1..=4_usize, select(vec![1, 2, 1024])).prop_map(
        |(max_threads, max_blocked_threads, queue_capacity)| Size::Sized {
            max_threads,
            max_blocked_threads,
            queue_capacity,
        },
    );
    let roots = vec(vec(block(DEPTH, Blocking::InWaits), EVENTS + 1), 1..=6);
    (size, resources(), sketches(), roots).prop_map(|(size, resources, sketches, roots)| {
        program(size, resources, &sketches, &roots, JOBS)
    })
}

pub(crate) fn on_an_unsized_pool() -> impl Strategy<Value = Program> {
    let roots = vec(vec(block(DEPTH - 1, Blocking::Anyhow), EVENTS + 1), 1..=3);
    (1..=40_usize, roots, resources(), sketches()).prop_map(
        |(copies, roots, resources, sketches)| {
            let copied = roots.into_iter().flat_map(|root| repeat_n(root, copies));
            let roots: Vec<Parts> = copied.collect();
            program(Size::Unsized, resources, &sketches, &roots, JOBS_OF_MANY)
        },
    )
}

fn resources() -> impl Strategy<Value = Vec<usize>> {
    vec(1..=3_usize, 1..=RESOURCES)
}

fn sketches() -> impl Strategy<Value = Vec<Sketch>> {
    let index = any::<Index>;
    let barrier = (index(), index()).prop_map(|(first, width)| Sketch::Barrier { first, width });
    let message = (index(), index()).prop_map(|(from, to)| Sketch::Message { from, to });
    vec(prop_oneof![barrier, message], 0..=EVENTS)
}

/// How a job may block for the jobs that it submits.
#[derive(Clone, Copy, PartialEq)]
enum Blocking {
    InWaits,
    Anyhow,
}

fn block(depth: usize, blocking: Blocking) -> BoxedStrategy<Block> {
    if depth == 0 {
        return Just(Block::new()).boxed();
    }
    let deeper = || block(depth - 1, blocking);
    let jobs = || deeper().prop_map(job);
    let how = select(vec![How::Started, How::Joined, How::InTurn]);
    let outside = u32::from(blocking == Blocking::Anyhow);

    let op = prop_oneof![
        3 => (0..RESOURCES, deeper()).prop_map(|(resource, block)| Op::Hold(resource, block)),
        3 => (any::<bool>(), how, vec(jobs(), 1..=2))
            .prop_map(|(pause, how, jobs)| Op::Wait { pause, how, jobs }),
        2 => (jobs(), deeper()).prop_map(|(job, block)| Op::Start(job, block)),
        1 => jobs().prop_map(Op::HandOn),
        2 * outside => jobs().prop_map(Op::BlockFor),
    ];
    vec(op, 0..=2).boxed()
}

fn program(
    size: Size,
    resources: Vec<usize>,
    sketches: &[Sketch],
    roots: &[Parts],
    most: usize,
) -> Program {
    let mut meetings = vec![Vec::new(); roots.len()];
    let events = fit(size, sketches, &mut meetings);
    let roots: Vec<Arc<Job>> = roots
        .iter()
        .zip(&meetings)
        .map(|(parts, meetings)| {
            let mut block = Block::new();
            for (event, part) in parts.iter().enumerate() {
                block.extend(part.iter().cloned());
                block.extend(
                    meetings
                        .iter()
                        .filter(|(of, _)| *of == event)
                        .map(|(_, op)| op.clone()),
                );
            }
            job(block)
        })
        .collect();
    Program::new(size, resources, events, &roots, most)
}

/// Makes events that the pool can serve, and notes for each root which events it meets.
fn fit(size: Size, sketches: &[Sketch], meetings: &mut [Vec<(usize, Op)>]) -> Vec<Event> {
    let roots = meetings.len();
    let sized = match size {
        Size::Unsized => None,
        Size::Sized { max_threads, .. } => Some(max_threads),
    };
    // The number of jobs that may block at a barrier while the others come.
    let mut spare = sized.map_or(usize::MAX, |max_threads| max_threads - 1);
    let has_barrier = |sketch| matches!(sketch, &Sketch::Barrier { .. });
    let barriers = sketches.iter().any(has_barrier);
    let mut events = Vec::new();
    for sketch in sketches {
        let event = events.len();
        match sketch {
            Sketch::Barrier { first, width } => {
                let first = first.index(roots);
                let width = (width.index(roots) + 1)
                    .min(roots - first)
                    .min(spare.saturating_add(1));
                spare -= width - 1;
                for root in &mut meetings[first..first + width] {
                    root.push((event, Op::Arrive(event)));
                }
                events.push(Event::Barrier(width));
            }
            Sketch::Message { from, to } => {
                let (mut from, mut to) = (from.index(roots), to.index(roots));
                if sized.is_some() && from > to {
                    (from, to) = (to, from);
                }
                // A receiver blocks as long as its sender, which may be at a barrier.
                if from == to || (sized.is_some() && barriers) {
                    continue;
                }
                meetings[from].push((event, Op::Send(event)));
                meetings[to].push((event, Op::Receive(event)));
                events.push(Event::Message);
            }
        }
    }
    events
}
