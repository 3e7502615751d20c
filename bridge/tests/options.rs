//! Checks the attribute's options.
#![deny(warnings)]

use std::{
    num::ParseIntError,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use bridge::{BoxCall, Bridge, smartasync};
use testkit::{panic_text, within};

/// No call takes nearly as long.
const LONG: Duration = Duration::from_secs(20);

static LAZY: LazyLock<Bridge> = LazyLock::new(|| Bridge::global().clone());
static SHARED: LazyLock<Arc<Bridge>> = LazyLock::new(|| Arc::new(Bridge::global().clone()));
static PICKS: Mutex<Vec<&str>> = Mutex::new(Vec::new());

fn picked(who: &'static str) -> &'static Bridge {
    PICKS.lock().unwrap().push(who);
    Bridge::global()
}

fn picks(who: &str) -> usize {
    PICKS
        .lock()
        .unwrap()
        .iter()
        .filter(|pick| **pick == who)
        .count()
}

// ---- bridge = EXPR --------------------------------------------------------

#[smartasync(bridge = LAZY)]
async fn by_lazy() -> u8 {
    1
}

#[smartasync(bridge = &LAZY)]
async fn by_reference() -> u8 {
    2
}

#[smartasync(bridge = *SHARED)]
fn by_arc(x: &str) -> usize {
    x.len()
}

#[smartasync(bridge = Bridge::global().clone())]
async fn by_value() -> u8 {
    4
}

#[smartasync(bridge = picked("counted"))]
async fn counted() -> u8 {
    5
}

#[smartasync(bridge = picked("counted_sync"))]
fn counted_sync() -> u8 {
    6
}

/// In the option, `picked` means the function and not the argument.
#[smartasync(bridge = picked("shadowed"))]
async fn shadowed(picked: u8) -> u8 {
    picked
}

struct Service;

impl Service {
    #[smartasync(bridge = LAZY)]
    async fn method(&self) -> u8 {
        7
    }

    #[smartasync(bridge = LAZY)]
    fn method_sync(&mut self) -> u8 {
        8
    }
}

trait Remote {
    #[smartasync(bridge = LAZY)]
    async fn call(&self) -> u8;
    #[smartasync(bridge = LAZY, debug)]
    fn call_sync(&self) -> u8;
}

impl Remote for Service {
    #[smartasync(bridge = LAZY)]
    async fn call(&self) -> u8 {
        9
    }
    #[smartasync(bridge = LAZY, debug)]
    fn call_sync(&self) -> u8 {
        10
    }
}

#[test]
fn a_bridge_of_any_form() {
    within(|| {
        assert_eq!(by_lazy().wait(), 1);
        assert_eq!(by_reference().wait(), 2);
        assert_eq!(by_arc("abc").wait(), 3);
        assert_eq!(bridge::wait(by_arc("abc")), 3);
        assert_eq!(by_value().wait(), 4);
        assert_eq!(shadowed(3).wait(), 3);
        assert_eq!(picks("shadowed"), 1);
        assert_eq!(Service.method().wait(), 7);
        assert_eq!(Service.method_sync().wait(), 8);
        assert_eq!(Service.call().wait(), 9);
        assert_eq!(Service.call_sync().wait(), 10);
    });
}

#[test]
fn a_bridge_is_picked_at_the_wait_or_the_first_poll() {
    within(|| {
        let call = counted();
        assert_eq!(picks("counted"), 0);
        assert_eq!(call.wait(), 5);
        assert_eq!(picks("counted"), 1);
        assert_eq!(counted_sync().wait(), 6);
        assert_eq!(picks("counted_sync"), 0, "a plain call needs no bridge");
        assert_eq!(bridge::wait(counted_sync()), 6);
        assert_eq!(picks("counted_sync"), 1);
        assert_eq!(counted_sync().wait_timeout(LONG).unwrap(), 6);
        assert_eq!(picks("counted_sync"), 2, "once for the wait and its job");
        let boxed = BoxCall::new(counted_sync());
        assert_eq!(boxed.wait_timeout(LONG).unwrap(), 6);
        assert_eq!(picks("counted_sync"), 3, "once for a boxed call too");
    });
}

#[test]
fn the_default_bridge_takes_no_room() {
    #[smartasync]
    async fn idle() {}
    let inner = size_of_val(&async {});
    assert_eq!(size_of_val(&idle()), inner);
}

// ---- blocking = name ------------------------------------------------------

/// Adds one.
#[must_use]
#[smartasync(blocking = next_blocking)]
async fn next(x: u8) -> u8 {
    x + 1
}

#[smartasync(blocking = cut_blocking)]
#[expect(dead_code, reason = "the twin is under test")]
fn cut((text, at): (&str, usize)) -> &str {
    &text[..at]
}

#[smartasync(blocking = size_blocking)]
#[expect(dead_code, reason = "the twin is under test")]
fn size<T, const N: usize>(by: impl Into<usize>) -> usize {
    size_of::<[T; N]>() * by.into()
}

#[smartasync(blocking = size_async_blocking)]
#[expect(dead_code, reason = "the twin is under test")]
async fn size_async<T, const N: usize>(by: impl Into<usize>) -> usize {
    size_of::<[T; N]>() * by.into()
}

/// # Safety
///
/// None is needed.
#[smartasync(blocking = unsafe_blocking)]
#[expect(dead_code, reason = "the twin is under test")]
unsafe fn unsafe_smart() -> u8 {
    1
}

struct Counter(u8);

/// A twin in `impl Counter` must not call this function.
fn opened(_: &str) -> OtherCall {
    OtherCall("none")
}

struct OtherCall(&'static str);

impl OtherCall {
    fn wait(self) -> Result<Counter, ParseIntError> {
        self.0.parse().map(Counter)
    }
}

impl Counter {
    #[smartasync(blocking = Self::new_blocking)]
    async fn starting_at(n: u8) -> Counter {
        Counter(n)
    }

    /// Nothing in the signature shows that this is an associated function.
    #[smartasync(blocking = open_blocking, bridge = picked("open"))]
    async fn open(text: &str) -> Result<Counter, ParseIntError> {
        Ok(Self(text.parse()?))
    }

    #[smartasync(blocking = opened_blocking)]
    fn opened(text: &str) -> Result<Counter, ParseIntError> {
        let n = text.parse()?;
        Ok(Self(n))
    }

    #[smartasync(blocking = largest_blocking)]
    async fn largest(mut of: Vec<u8>, (or, _): (u8, u8), by: impl Fn(u8) -> u8) -> Option<u8> {
        tokio::task::yield_now().await;
        let Some(last) = of.pop() else {
            return Some(by(or));
        };
        let rest = Box::pin(Self::largest(of, (last, 0), u8::to_be)).await?;
        Some(by(last.max(rest)))
    }

    #[smartasync(blocking = zero_blocking)]
    fn zero() -> Self {
        Self(0)
    }

    #[smartasync(blocking = add_blocking)]
    async fn add(&mut self, n: u8) -> &mut Self {
        self.0 += n;
        self
    }

    #[smartasync(blocking = into_blocking)]
    fn into(mut self) -> u8 {
        self.0 += 1;
        self.0
    }
}

#[smartasync(blocking = never_blocking)]
async fn never() -> ! {
    panic!("never")
}

#[smartasync(blocking = never_sync_blocking)]
fn never_sync() -> ! {
    panic!("never")
}

#[smartasync(blocking = letters_blocking)]
#[expect(dead_code, reason = "the twin is under test")]
async fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars()
}

/// The body must not be repeated, because there must be one counter.
#[smartasync(blocking = ticket_blocking)]
async fn ticket() -> u8 {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The counter is in a block within the body.
#[smartasync(blocking = inner_blocking)]
async fn inner_ticket() -> u8 {
    let next = || {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
    next()
}

trait Twins {
    #[smartasync(blocking = read_blocking)]
    async fn read(&self) -> u8;
    #[smartasync(blocking = total_blocking)]
    fn total(self) -> u8;
}

impl Twins for Counter {
    #[smartasync]
    async fn read(&self) -> u8 {
        self.0
    }

    #[smartasync]
    fn total(self) -> u8 {
        self.0
    }
}

#[test]
fn plain_twins() {
    within(|| {
        assert_eq!(next_blocking(1), 2);
        assert_eq!(next(1).wait(), 2);
        assert_eq!(cut_blocking(("abc", 1)), "a");
        assert_eq!(size_blocking::<u16, 3>(2_u8), 12);
        assert_eq!(size_async_blocking::<u16, 3>(2_u8), 12);
        // SAFETY: nothing is asked for.
        assert_eq!(unsafe { unsafe_blocking() }, 1);
        let mut counter = Counter::new_blocking(4);
        counter.add_blocking(1).add_blocking(2);
        assert_eq!(counter.read_blocking(), 7);
        assert_eq!(counter.into_blocking(), 8);
        assert_eq!(Counter::zero_blocking().0, 0);
        assert_eq!(Counter(3).total_blocking(), 3);
        assert_eq!(Counter::open("1").wait().unwrap().0, 1);
        assert_eq!(Counter::open_blocking("1").unwrap().0, 1);
        assert!(Counter::open_blocking("x").is_err());
        assert_eq!(picks("open"), 3);
        assert!(opened("1").wait().is_err());
        assert_eq!(Counter::opened("2").wait().unwrap().0, 2);
        assert_eq!(Counter::opened_blocking("2").unwrap().0, 2);
        let largest = |of| Counter::largest_blocking(of, (1, 0), |x| x + 1);
        assert_eq!(largest(vec![2, 4, 3]), Some(5));
        assert_eq!(largest(vec![]), Some(2));
        assert_eq!(letters_blocking("ab").count(), 2);
        assert_eq!([ticket().wait(), ticket_blocking()], [0, 1]);
        assert_eq!([inner_ticket().wait(), inner_blocking()], [0, 1]);
        for end in [
            || never().wait(),
            || never_blocking(),
            || never_sync_blocking(),
        ] {
            let end: fn() -> ! = end;
            assert!(catch_unwind(|| end()).is_err());
        }
        assert!(catch_unwind(|| never_sync().wait()).is_err());
    });
}

/// By its body repeated, or by a call of the smart function.
#[test]
fn a_twin_is_refused_at_its_callers_line() {
    fn refusal(twin: impl FnOnce()) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let refused = runtime.block_on(async { catch_unwind(AssertUnwindSafe(twin)) });
        panic_text(&*refused.unwrap_err()).to_owned()
    }
    within(|| {
        let first = line!() + 2;
        let texts = [
            refusal(|| assert_eq!(next_blocking(1), 2)),
            refusal(|| assert_eq!(Counter(0).read_blocking(), 0)),
            refusal(|| assert_eq!(ticket_blocking(), 0)),
        ];
        for (text, line) in texts.iter().zip(first..) {
            assert!(text.contains("would freeze"), "{text}");
            let place = format!("{}:{line}:", file!());
            assert!(text.contains(&place), "{place} is not in {text}");
        }
    });
}
