//! Checks that each call which fails names the line of its caller.
//!
//! The global bridge is shut down, so on this plain thread all waits fail. There is one test in
//! this target, because that holds for the process.
#![deny(warnings)]

use std::{future::pending, panic::Location, time::Duration};

use bridge::{
    BoxCall, Bridge, Call, Handler, Offload, Wait, WaitError, smart_async_fn, smartasync, try_wait,
    try_wait_frozen, wait, wait_frozen, wait_frozen_timeout,
};
use testkit::{panic_place, within};

const LIMIT: Duration = Duration::from_secs(20);

#[smartasync(blocking = next_blocking)]
async fn next(x: u32) -> u32 {
    x + 1
}

#[smartasync]
fn half(x: u32) -> u32 {
    x / 2
}

/// A line, and the place that the failure of the call in that line names.
type Case = (u32, (String, u32));

/// Returns the place that an error names.
fn place<T>(result: Result<T, WaitError>) -> (String, u32) {
    let at = result.err().expect("home is shut down").at();
    of(at)
}

fn of(at: &Location<'_>) -> (String, u32) {
    (at.file().to_owned(), at.line())
}

/// Returns the place of a job that the pool has refused.
fn refused(job: Offload<()>) -> (String, u32) {
    of(futures::executor::block_on(job.outcome()).unwrap_err().at())
}

/// Returns the place of the panic of a call.
fn panics<T>(call: impl FnOnce() -> T) -> (String, u32) {
    panic_place(|| drop(call()))
}

#[rustfmt::skip]
fn waits() -> Vec<Case> {
    let home = Bridge::global();
    let never = pending::<()>;
    vec![
        (line!(), panics(|| wait(never()))),
        (line!(), place(try_wait(never()))),
        (line!(), panics(|| never().wait())),
        (line!(), place(never().try_wait())),
        (line!(), place(never().wait_timeout(LIMIT))),
        (line!(), panics(|| wait_frozen(never()))),
        (line!(), place(try_wait_frozen(never()))),
        (line!(), place(wait_frozen_timeout(never(), LIMIT))),
        (line!(), panics(|| home.wait(never()))),
        (line!(), place(home.try_wait(never()))),
        (line!(), place(home.wait_timeout(never(), LIMIT))),
        (line!(), panics(|| home.wait_frozen(never()))),
        (line!(), place(home.try_wait_frozen(never()))),
        (line!(), place(home.wait_frozen_timeout(never(), LIMIT))),
    ]
}

#[rustfmt::skip]
fn calls_of_an_async_fn() -> Vec<Case> {
    let home = Bridge::global();
    vec![
        (line!(), panics(|| next(1).wait())),
        (line!(), place(next(1).try_wait())),
        (line!(), place(next(1).wait_timeout(LIMIT))),
        (line!(), panics(|| next(1).dispatch())),
        (line!(), panics(|| next_blocking(1))),
        (line!(), panics(|| Call::wait(next(1)))),
        (line!(), place(Call::try_wait(next(1)))),
        (line!(), place(Call::wait_timeout(next(1), LIMIT))),
        (line!(), panics(|| Call::dispatch(next(1)))),
        (line!(), panics(|| next(1).on(home).wait())),
        (line!(), place(next(1).on(home).try_wait())),
        (line!(), place(next(1).on(home).wait_timeout(LIMIT))),
        (line!(), panics(|| next(1).on(home).dispatch())),
        (line!(), panics(|| BoxCall::new(next(1)).wait())),
        (line!(), place(BoxCall::new(next(1)).try_wait())),
        (line!(), place(BoxCall::new(next(1)).wait_timeout(LIMIT))),
        (line!(), panics(|| BoxCall::new(next(1)).dispatch())),
        (line!(), panics(|| Call::wait(BoxCall::new(next(1))))),
        (line!(), place(Call::try_wait(BoxCall::new(next(1))))),
        (line!(), place(Call::wait_timeout(BoxCall::new(next(1)), LIMIT))),
        (line!(), panics(|| Call::dispatch(BoxCall::new(next(1))))),
        (line!(), panics(|| smart_async_fn(next).call(1).wait())),
        (line!(), panics(|| Handler::from_async_fn(next).call(1).wait())),
    ]
}

/// A `fn` needs home only if there is a limit.
#[rustfmt::skip]
fn calls_of_a_fn() -> Vec<Case> {
    let home = Bridge::global();
    vec![
        (line!(), place(half(1).wait_timeout(LIMIT))),
        (line!(), place(half(1).on(home).wait_timeout(LIMIT))),
        (line!(), place(Call::wait_timeout(half(1), LIMIT))),
        (line!(), place(BoxCall::new(half(1)).wait_timeout(LIMIT))),
        (line!(), place(Call::wait_timeout(BoxCall::new(half(1)), LIMIT))),
    ]
}

#[rustfmt::skip]
fn others() -> Vec<Case> {
    let home = Bridge::global();
    vec![
        (line!(), panics(|| bridge::enter())),
        (line!(), panics(|| home.enter())),
        (line!(), place(home.try_enter())),
        (line!(), place(home.handle())),
        (line!(), panics(|| bridge::spawn(async {}))),
        (line!(), panics(|| home.spawn(async {}))),
        (line!(), refused(bridge::offload(|| ()))),
        (line!(), refused(home.offload(|| ()))),
    ]
}

#[test]
fn each_call_that_fails_names_the_line_of_its_caller() {
    within(|| {
        let _report = Bridge::global().shutdown(Duration::ZERO).wait();
        for (line, place) in [waits(), calls_of_an_async_fn(), calls_of_a_fn(), others()].concat() {
            assert_eq!(place, (file!().to_owned(), line));
        }
    });
}
