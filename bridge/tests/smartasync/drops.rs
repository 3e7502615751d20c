//! Checks when arguments are dropped.

use super::*;

thread_local! {
    static LOG: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

struct Noisy(&'static str);

impl Drop for Noisy {
    fn drop(&mut self) {
        LOG.with_borrow_mut(|log| log.push(self.0));
    }
}

fn logged(f: impl FnOnce()) -> Vec<&'static str> {
    f();
    LOG.take()
}

fn note(text: &'static str) {
    LOG.with_borrow_mut(|log| log.push(text));
}

type Noises = (Noisy, Noisy);

impl Noisy {
    fn plain(self, _unused: Noisy, _: Noisy, (x, _): Noises, last: Noisy) {
        let _local = Noisy("local");
        drop(x);
        note(last.0);
    }

    #[smartasync]
    fn smart(self, _unused: Noisy, _: Noisy, (x, _): Noises, last: Noisy) {
        let _local = Noisy("local");
        drop(x);
        note(last.0);
    }

    async fn plain_async(self, _unused: Noisy, _: Noisy, (x, _): Noises, last: Noisy) {
        let _local = Noisy("local");
        drop(x);
        note(last.0);
    }

    #[smartasync]
    async fn smart_async(self, _unused: Noisy, _: Noisy, (x, _): Noises, last: Noisy) {
        let _local = Noisy("local");
        drop(x);
        note(last.0);
    }
}

/// A pattern of this name binds nothing, and its name as an expression is a new value.
struct Unit;

impl Drop for Unit {
    fn drop(&mut self) {
        note("unit");
    }
}

#[smartasync(blocking = unit_blocking)]
fn unit(Unit: Unit, _x: u8) {
    note("body");
}

#[smartasync(blocking = unit_async_blocking)]
async fn unit_async(Unit: Unit, _x: u8) {
    note("body");
}

#[test]
fn a_unit_struct_is_dropped_once() {
    let once = ["body", "unit"];
    within(|| {
        assert_eq!(logged(|| unit(Unit, 1).wait()), once);
        assert_eq!(logged(|| unit_async(Unit, 1).wait()), once);
        assert_eq!(logged(|| unit_blocking(Unit, 1)), once);
        assert_eq!(logged(|| unit_async_blocking(Unit, 1)), once);
    });
}

#[test]
fn arguments_are_dropped_in_the_plain_functions_order() {
    let args = || {
        (
            Noisy("self"),
            Noisy("unused"),
            Noisy("wild"),
            (Noisy("x"), Noisy("y")),
            Noisy("last"),
        )
    };
    let plain = logged(|| {
        let (s, a, b, c, d) = args();
        s.plain(a, b, c, d);
    });
    let smart = logged(|| {
        let (s, a, b, c, d) = args();
        s.smart(a, b, c, d).wait();
    });
    assert_eq!(smart, plain);
    let plain = logged(|| {
        let (s, a, b, c, d) = args();
        within(|| bridge::wait(s.plain_async(a, b, c, d)));
    });
    let smart = logged(|| {
        let (s, a, b, c, d) = args();
        within(|| s.smart_async(a, b, c, d).wait());
    });
    assert_eq!(smart, plain);
    let unpolled = logged(|| {
        let (s, a, b, c, d) = args();
        drop(s.smart_async(a, b, c, d));
    });
    assert_eq!(unpolled.len(), 6);
}

/// Several arguments are taken apart, between others that are not.
mod taken_apart {
    use super::{Noises, Noisy, note};
    use bridge::smartasync;

    type Pair = (Noisy, Noisy);

    pub(super) fn plain(first: Noisy, (a, _): Noises, _: Noisy, (_, b): Pair, last: Noisy) {
        note(first.0);
        note(a.0);
        note(b.0);
        note(last.0);
    }

    #[smartasync(blocking = twin)]
    pub(super) fn smart(first: Noisy, (a, _): Noises, _: Noisy, (_, b): Pair, last: Noisy) {
        note(first.0);
        note(a.0);
        note(b.0);
        note(last.0);
    }

    #[smartasync(blocking = async_twin)]
    pub(super) async fn smart_async(
        first: Noisy,
        (a, _): Noises,
        _: Noisy,
        (_, b): Pair,
        last: Noisy,
    ) {
        note(first.0);
        note(a.0);
        note(b.0);
        note(last.0);
    }
}

#[test]
fn arguments_that_are_taken_apart_drop_in_the_plain_functions_order() {
    type Whole<R> = fn(Noisy, Noises, Noisy, Noises, Noisy) -> R;
    fn with_all<R>(take: Whole<R>) -> R {
        take(
            Noisy("first"),
            (Noisy("a"), Noisy("not a")),
            Noisy("wild"),
            (Noisy("not b"), Noisy("b")),
            Noisy("last"),
        )
    }
    let plain = logged(|| with_all(taken_apart::plain));
    let smart = logged(|| with_all(|a, b, c, d, e| taken_apart::smart(a, b, c, d, e).wait()));
    assert_eq!(smart, plain);
    assert_eq!(logged(|| with_all(taken_apart::twin)), plain, "the twin");
    within(|| {
        let smart =
            logged(|| with_all(|a, b, c, d, e| taken_apart::smart_async(a, b, c, d, e).wait()));
        assert_eq!(smart, plain, "async");
        let twin = logged(|| with_all(taken_apart::async_twin));
        assert_eq!(twin, plain, "the twin of an async function");
    });
}

#[test]
fn borrows_of_the_last_expression_end_before_the_arguments() {
    #[smartasync]
    fn locked(m: Arc<Mutex<u8>>, (_a, b): (u8, Arc<Mutex<u8>>)) -> u8 {
        *m.lock().unwrap() + *b.lock().unwrap()
    }
    #[smartasync]
    async fn locked_async(m: Arc<Mutex<u8>>) -> u8 {
        *m.lock().unwrap()
    }
    let m = Arc::new(Mutex::new(4));
    let n = Arc::new(Mutex::new(1));
    assert_eq!(locked(Arc::clone(&m), (0, n)).wait(), 5);
    within(|| assert_eq!(locked_async(m).wait(), 4));
}

/// A type that is not `Clone`.
struct Unclonable;

impl Clone for Unclonable {
    fn clone(&self) -> Self {
        panic!("no copy")
    }
}

#[smartasync]
fn takes_a_copy(_x: &Unclonable, _y: u8) {}

#[test]
fn a_call_whose_copies_panicked_says_so_from_then_on() {
    let text = |f: &mut dyn FnMut()| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        text.unwrap_or_else(|| panic.downcast_ref::<String>().unwrap().clone())
    };
    let mut call = takes_a_copy(&Unclonable, 1);
    let mut poll = || {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let _ = Pin::new(&mut call).poll(&mut cx);
    };
    assert_eq!(text(&mut poll), "no copy");
    let again = text(&mut poll);
    assert!(again.contains("copied the arguments"), "{again}");
    let mut call = Some(call);
    let wait = text(&mut || call.take().unwrap().wait());
    assert_eq!(wait, again);
}
