//! A body may name the function's lifetimes, in any place.
#![deny(warnings)]
use bridge::smartasync;

#[smartasync]
fn returned<'a>(x: &'a str) -> usize {
    let get: &dyn Fn() -> &'a str = &|| x;
    get().len()
}

#[smartasync]
fn taken<'a>(x: &'a str) -> usize {
    let get: Box<dyn Fn(&'a str) -> &'a str> = Box::new(|_| x);
    get("abc").len()
}

#[smartasync]
fn pointed<'a>(x: &'a str) -> usize {
    let get: fn(&str) -> &'a str = |_| "four";
    get(x).len()
}

#[smartasync]
fn closed<'a>(x: &'a str) -> usize {
    let longer = |y: &'a str| -> &'a str { if y.len() > x.len() { y } else { x } };
    longer("abc").len()
}

#[smartasync]
fn kept<'a>(x: &'a str) -> usize {
    let mut all: Vec<&'a str> = Vec::new();
    let mut keep = |y: &'a str| all.push(y);
    keep(x);
    all.len()
}

/// The lifetimes of a nested item belong to that item.
#[smartasync]
fn nested<'a>(x: &'a u8) -> u8 {
    #[derive(Clone, Copy)]
    union U<'a> {
        x: &'a u8,
    }
    // SAFETY: its only field.
    unsafe { *U { x }.x }
}

fn main() {
    assert_eq!(returned("a").wait(), 1);
    assert_eq!(taken("ab").wait(), 2);
    assert_eq!(pointed("a").wait(), 4);
    assert_eq!(closed("a").wait(), 3);
    assert_eq!(kept("a").wait(), 1);
    assert_eq!(nested(&1).wait(), 1);
}
