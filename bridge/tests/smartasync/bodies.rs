//! Checks patterns, control flow and outputs in bodies.

use super::*;

struct Pair {
    left: u32,
    right: u32,
}

#[smartasync]
fn patterns(
    (a, mut b): (u32, u32),
    Pair { left, right }: Pair,
    [x, ..]: [u32; 3],
    mut n: u32,
    _: u32,
    ref r: u32,
) -> u32 {
    b += 1;
    n += a + b;
    n + left + right + x + r
}

#[smartasync]
async fn patterns_async(
    (a, mut b): (u32, u32),
    Pair { left, right }: Pair,
    mut n: u32,
    _: u32,
) -> u32 {
    b += 1;
    n += a + b;
    n + left + right
}

#[smartasync]
fn parse(text: &str) -> Result<Box<dyn Debug>, Box<dyn std::error::Error>> {
    if text.is_empty() {
        return Ok(Box::new(()));
    }
    let number: u32 = text.parse()?;
    if number == 0 {
        Err("zero")?;
    }
    Ok(Box::new(number))
}

#[smartasync]
async fn parse_async(text: &str) -> Result<Box<dyn Debug>, Box<dyn std::error::Error>> {
    if text.is_empty() {
        return Ok(Box::new(()));
    }
    let number: u32 = text.parse()?;
    if number == 0 {
        Err("zero")?;
    }
    Ok(Box::new(number))
}

/// The error coerces, although another part of the output has no name.
#[smartasync]
fn digits(n: u8) -> Result<impl Iterator<Item = u8>, Box<dyn std::error::Error>> {
    if n > 9 {
        return Err(Box::new(std::fmt::Error));
    }
    Ok(0..n)
}

#[smartasync]
async fn digits_async(n: u8) -> Result<impl Iterator<Item = u8>, Box<dyn std::error::Error>> {
    if n > 9 {
        return Err(Box::new(std::fmt::Error));
    }
    Ok(0..n)
}

/// Clippy takes a future of an async block for a missing `.await`, and no output for one.
#[smartasync(blocking = later_blocking)]
async fn later(n: u8) -> impl Future<Output = u8> {
    async move { n }
}

#[smartasync]
async fn pointer_and_opaque() -> (fn(u8) -> u8, Vec<(impl Debug,)>) {
    (|x| x + 1, [(1,), (2,)].into_iter().collect())
}

#[smartasync]
fn fails() -> ! {
    panic!("on purpose")
}

#[smartasync]
async fn fails_async() -> ! {
    panic!("on purpose")
}

/// # Safety
///
/// `x` must be valid for reads when the call runs.
#[smartasync]
unsafe fn read(x: *const u8) -> u8 {
    // SAFETY: the caller promised.
    unsafe { *x }
}

/// # Safety
///
/// `x` must be valid for reads until the call is over.
#[smartasync]
async unsafe fn read_async(x: *const u8) -> u8 {
    // SAFETY: the caller promised.
    unsafe { *x }
}

#[smartasync]
fn labels<'a>(text: &'a str) -> usize {
    let all: &'a str = text;
    'a: loop {
        for (i, c) in all.chars().enumerate() {
            if c == ' ' {
                break 'a i;
            }
        }
        break 'a 0;
    }
}

#[test]
fn patterns_and_control_flow() {
    assert_eq!(
        patterns((1, 2), Pair { left: 3, right: 4 }, [5, 0, 0], 6, 7, 8).wait(),
        30
    );
    within(|| {
        assert_eq!(
            patterns_async((1, 2), Pair { left: 3, right: 4 }, 6, 7).wait(),
            17
        )
    });
    assert_eq!(format!("{:?}", parse("7").wait().unwrap()), "7");
    assert!(parse("0").wait().is_err() && parse("x").wait().is_err() && parse("").wait().is_ok());
    within(|| {
        assert_eq!(format!("{:?}", parse_async("7").wait().unwrap()), "7");
        assert!(parse_async("0").wait().is_err() && parse_async("x").wait().is_err());
        assert!(parse_async("").wait().is_ok());
    });
    assert!(std::panic::catch_unwind(|| fails().wait()).is_err());
    assert!(std::panic::catch_unwind(|| within(|| fails_async().wait())).is_err());
    // SAFETY: the reference outlives both calls.
    assert_eq!(unsafe { read(&raw const *&5) }.wait(), 5);
    // SAFETY: the same.
    within(|| assert_eq!(unsafe { read_async(&raw const *&5) }.wait(), 5));
    assert_eq!(labels("ab c").wait(), 2);
    run(async {
        assert_eq!(labels("ab c").await, 2);
        assert_eq!(
            patterns((1, 2), Pair { left: 3, right: 4 }, [5, 0, 0], 6, 7, 8).await,
            30
        );
        assert!(tokio::spawn(async { fails().await }).await.is_err());
    });
}

#[test]
fn an_output_that_is_opaque_in_part() {
    within(|| {
        assert_eq!(digits_async(3).wait().unwrap().count(), 3);
        assert!(digits_async(10).wait().is_err());
        let (next, opaque) = pointer_and_opaque().wait();
        assert_eq!(
            (next(1), format!("{opaque:?}")),
            (2, "[(1,), (2,)]".to_owned())
        );
    });
    assert_eq!(digits(3).wait().unwrap().count(), 3);
    let inner = within(|| later_blocking(3));
    run(async { assert_eq!(inner.await + later(4).await.await, 7) });
    assert!(digits(10).wait().is_err());
}

#[smartasync]
fn factorial(n: u64) -> u64 {
    if n == 0 {
        1
    } else {
        n * factorial(n - 1).wait()
    }
}

#[smartasync]
async fn factorial_async(n: u64) -> u64 {
    if n == 0 {
        1
    } else {
        n * Box::pin(factorial_async(n - 1)).await
    }
}

#[test]
fn recursion() {
    assert_eq!(factorial(10).wait(), 3_628_800);
    within(|| assert_eq!(factorial_async(10).wait(), 3_628_800));
}
