//! Checks attributes above and below the attribute, conditions and visibility.
#![allow(
    clippy::non_minimal_cfg,
    reason = "a condition that always holds is the form under test"
)]

use tracing::instrument;

use super::*;

#[smartasync]
#[cfg(any())]
fn gone() -> Nonsense {}

#[must_use]
#[smartasync]
#[must_use]
#[inline(never)]
fn kept(#[allow(unused_variables)] x: u8) -> u8 {
    #![allow(unused_mut)]
    let mut y = 1;
    y
}

mod inner {
    #[bridge::smartasync]
    pub(super) async fn visible(x: u8) -> u8 {
        x
    }
}

/// The compiler knows which of the two `x` exists. The macro does not.
#[smartasync(blocking = conditional_blocking)]
fn conditional(
    #[cfg(all())] x: u8,
    #[cfg(not(all()))] x: Nonsense,
    #[cfg_attr(all(), allow(unused_variables))] y: &str,
) -> u8 {
    x
}

#[smartasync]
async fn conditional_async(#[cfg(any())] x: Nonsense, #[cfg(not(any()))] x: u8) -> u8 {
    x
}

struct Conditional;

impl Conditional {
    #[smartasync]
    fn method(&self, #[cfg(any())] x: Nonsense, y: &[&str]) -> usize {
        y.len()
    }
}

#[test]
fn conditions_and_visibility() {
    assert_eq!(kept(0).wait(), 1);
    within(|| assert_eq!(inner::visible(4).wait(), 4));
    assert_eq!(conditional(1, "").wait(), 1);
    assert_eq!(conditional_blocking(2, ""), 2);
    within(|| assert_eq!(conditional_async(3).wait(), 3));
    assert_eq!(Conditional.method(&["a"]).wait(), 1);
    run(async { assert_eq!(conditional(4, "").await, 4) });
}

thread_local! {
    static INSIDE: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Returns the number of spans that this thread is in. It is one if an
/// attribute macro instrumented the body, and not only the function that makes
/// the call.
fn spans() -> usize {
    INSIDE.with_borrow(Vec::len)
}

#[instrument]
#[smartasync]
fn above(x: usize) -> usize {
    x * spans()
}

#[smartasync(blocking = below_blocking)]
#[instrument]
fn below(x: usize) -> usize {
    x * spans()
}

#[instrument]
#[smartasync]
async fn above_async(x: usize) -> usize {
    tokio::task::yield_now().await;
    x * spans()
}

#[smartasync]
#[cfg_attr(all(), instrument(err))]
async fn below_async(x: &str) -> Result<usize, std::num::ParseIntError> {
    tokio::task::yield_now().await;
    let _: u8 = x.parse()?;
    Ok(spans())
}

impl Conditional {
    #[smartasync]
    #[instrument(skip_all)]
    async fn instrumented(&self, x: &mut u8) -> usize {
        *x += 1;
        spans()
    }
}

/// Counts the spans that a thread is in.
struct Spans;

impl tracing::Subscriber for Spans {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_span()
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {}
    fn enter(&self, span: &tracing::span::Id) {
        INSIDE.with_borrow_mut(|inside| inside.push(span.into_u64()));
    }
    fn exit(&self, _: &tracing::span::Id) {
        INSIDE.with_borrow_mut(Vec::pop);
    }
}

#[test]
fn instrumented_above_and_below() {
    within(|| {
        tracing::subscriber::with_default(Spans, || {
            assert_eq!(above(1).wait(), 1);
            assert_eq!(below(1).wait(), 1);
            assert_eq!(below_blocking(1), 1);
            assert_eq!(above_async(1).wait(), 1);
            assert_eq!(below_async("1").wait(), Ok(1));
            assert!(below_async("x").wait().is_err());
            assert_eq!(Conditional.instrumented(&mut 1).wait(), 1);
            assert_eq!(spans(), 0);
        });
    });
}
