//! Shapes of nesting: trees of sync and async levels on a small pool.
//!
//! The value of a tree is known. So a run has either that value, or an error by which a
//! pool says that it is too small. The time limit of the test, or of libFuzzer, ends a
//! run that hangs.

use std::pin::Pin;

use arbitrary::{Arbitrary, Result, Unstructured};
use bridge::{Bridge, WaitError};
use futures::future::join_all;

use crate::system;

/// The greatest depth of the branches, and the greatest length of a chain.
const DEPTH: usize = 6;
const LONGEST_CHAIN: u8 = 48;

/// A tree, and the sizes of the pool under it.
#[derive(Clone, Debug)]
pub struct Nesting {
    threads: usize,
    blocked: usize,
    queue: usize,
    waits: usize,
    top: Sync,
}

/// A level of sync code.
#[derive(Clone, Debug)]
enum Sync {
    Value(u8),
    /// A wait without a limit, or for at most a minute.
    Wait(Async),
    WaitWithLimit(Async),
    /// Two levels, one after the other.
    Both(Box<Self>, Box<Self>),
    /// This many waits for as many jobs, each in the one before it.
    Chain(u8, Box<Self>),
}

/// A level of async code.
#[derive(Clone, Debug)]
enum Async {
    Value(u8),
    /// A job, queued when it is first polled or before.
    Job(Box<Sync>),
    Started(Box<Sync>),
    Task(Box<Self>),
    Joined(Vec<Self>),
    /// Sync code in the middle of async code.
    Sync(Box<Sync>),
}

/// The value of a level, or the error that ended it.
type Ended = std::result::Result<u64, WaitError>;

impl<'a> Arbitrary<'a> for Nesting {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            threads: bytes.int_in_range(1..=3)?,
            blocked: bytes.int_in_range(1..=4)?,
            queue: bytes.int_in_range(1..=4)?,
            waits: *bytes.choose(&[2, 8, 256])?,
            top: Sync::of(bytes, DEPTH)?,
        })
    }
}

impl Sync {
    fn of(bytes: &mut Unstructured<'_>, depth: usize) -> Result<Self> {
        if depth == 0 || bytes.is_empty() {
            return Ok(Self::Value(1));
        }
        Ok(match bytes.int_in_range(0..=7)? {
            0 => Self::Value(bytes.arbitrary()?),
            1 => Self::Both(
                Box::new(Self::of(bytes, depth - 1)?),
                Box::new(Self::of(bytes, depth - 1)?),
            ),
            2 => Self::Chain(
                bytes.int_in_range(1..=LONGEST_CHAIN)?,
                Box::new(Self::of(bytes, depth - 1)?),
            ),
            3 => Self::WaitWithLimit(Async::of(bytes, depth - 1)?),
            _ => Self::Wait(Async::of(bytes, depth - 1)?),
        })
    }

    fn value(&self) -> u64 {
        match self {
            Self::Value(value) => u64::from(*value),
            Self::Wait(inner) | Self::WaitWithLimit(inner) => inner.value() + 1,
            Self::Both(first, second) => first.value() + second.value(),
            Self::Chain(length, inner) => u64::from(*length) + inner.value(),
        }
    }

    fn run(&self, bridge: &Bridge) -> Ended {
        match self {
            Self::Value(value) => Ok(u64::from(*value)),
            Self::Wait(inner) => Ok(bridge.try_wait(inner.future(bridge))?? + 1),
            Self::WaitWithLimit(inner) => {
                Ok(bridge.wait_timeout(inner.future(bridge), system::LONG)?? + 1)
            }
            Self::Both(first, second) => Ok(first.run(bridge)? + second.run(bridge)?),
            Self::Chain(0, inner) => inner.run(bridge),
            Self::Chain(length, inner) => {
                let rest = Self::Chain(length - 1, inner.clone());
                let its_bridge = bridge.clone();
                let job = bridge.offload(move || rest.run(&its_bridge));
                Ok(bridge.try_wait(job)?? + 1)
            }
        }
    }
}

impl Async {
    fn of(bytes: &mut Unstructured<'_>, depth: usize) -> Result<Self> {
        if depth == 0 || bytes.is_empty() {
            return Ok(Self::Value(1));
        }
        Ok(match bytes.int_in_range(0..=7)? {
            0 => Self::Value(bytes.arbitrary()?),
            1 => Self::Started(Box::new(Sync::of(bytes, depth - 1)?)),
            2 => Self::Task(Box::new(Self::of(bytes, depth - 1)?)),
            3 => Self::Sync(Box::new(Sync::of(bytes, depth - 1)?)),
            4 | 5 => {
                let count = bytes.int_in_range(1..=3)?;
                let all = (0..count).map(|_| Self::of(bytes, depth - 1));
                Self::Joined(all.collect::<Result<_>>()?)
            }
            _ => Self::Job(Box::new(Sync::of(bytes, depth - 1)?)),
        })
    }

    fn value(&self) -> u64 {
        match self {
            Self::Value(value) => u64::from(*value),
            Self::Job(inner) | Self::Started(inner) | Self::Sync(inner) => inner.value(),
            Self::Task(inner) => inner.value(),
            Self::Joined(all) => all.iter().map(Self::value).sum(),
        }
    }

    fn future(&self, bridge: &Bridge) -> Pin<Box<dyn Future<Output = Ended> + Send>> {
        let (this, bridge) = (self.clone(), bridge.clone());
        Box::pin(async move {
            match this {
                Self::Value(value) => Ok(u64::from(value)),
                Self::Job(inner) => {
                    let its_bridge = bridge.clone();
                    bridge.offload(move || inner.run(&its_bridge)).await
                }
                Self::Started(inner) => {
                    let its_bridge = bridge.clone();
                    bridge.offload(move || inner.run(&its_bridge)).start().await
                }
                Self::Task(inner) => {
                    let task = bridge.spawn(inner.future(&bridge));
                    task.await.expect("no task panics")
                }
                Self::Joined(all) => {
                    let all = all.iter().map(|inner| inner.future(&bridge));
                    join_all(all).await.into_iter().sum()
                }
                Self::Sync(inner) => inner.run(&bridge),
            }
        })
    }
}

/// Runs a tree to its end.
///
/// # Panics
///
/// Panics if the tree has a wrong value, or an error that its pool's size does not
/// explain.
pub fn run(nesting: &Nesting) {
    let Nesting {
        threads,
        blocked,
        queue,
        waits,
        top,
    } = nesting;
    let bridge = Bridge::builder()
        .runtime(system::runtime())
        .max_threads(*threads)
        .max_blocked_threads(*blocked)
        .queue_capacity(*queue)
        .max_nested_waits(*waits)
        .build()
        .expect("sizes from one up");
    match top.run(&bridge) {
        Ok(value) => assert_eq!(value, top.value(), "{nesting:?}"),
        Err(WaitError::PoolExhausted { .. } | WaitError::TooDeep { .. }) => {}
        Err(error) => panic!("{error}: {nesting:?}"),
    }
    let report = bridge.shutdown(system::LONG).wait();
    assert!(report.running.is_empty(), "a job runs on: {nesting:?}");
    let peak = bridge.metrics().peak_threads;
    assert!(peak <= threads + blocked, "{peak} threads: {nesting:?}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain;

    fn run_bytes(bytes: &[u8]) {
        let nesting = Nesting::arbitrary(&mut Unstructured::new(bytes));
        run(&nesting.expect("whatever the bytes are"));
    }

    #[test]
    fn nestings_from_a_fixed_seed() {
        plain::from_fixed_seeds("nesting", |seed| run_bytes(&plain::bytes(seed, 200)));
    }

    #[test]
    fn the_corpus() {
        plain::from_corpus("nesting", run_bytes);
    }

    /// Otherwise chains could end in errors only, which the target accepts.
    #[test]
    fn a_chain_has_its_value_on_the_smallest_pool() {
        let nesting = Nesting {
            threads: 1,
            blocked: 1,
            queue: 1,
            waits: 256,
            top: Sync::Chain(LONGEST_CHAIN, Box::new(Sync::Value(2))),
        };
        assert_eq!(nesting.top.value(), u64::from(LONGEST_CHAIN) + 2);
        let bridge = Bridge::builder()
            .runtime(system::runtime())
            .max_threads(1)
            .max_blocked_threads(1)
            .build()
            .expect("sizes from one up");
        assert_eq!(nesting.top.run(&bridge).ok(), Some(nesting.top.value()));
        run(&nesting);
    }
}
