//! Checks signatures that few functions have.

use super::*;

#[smartasync]
fn measured(measure: fn(&str) -> usize, count: usize) -> usize {
    let own = "a".repeat(count);
    measure(&own)
}

#[smartasync]
fn checker(_name: &str) -> Box<dyn Fn(&str) -> usize + Send> {
    Box::new(str::len)
}

#[smartasync]
fn measure_of(_name: &str) -> fn(&str) -> usize {
    str::len
}

#[smartasync]
fn shown(parts: impl Iterator<Item = impl Display>) -> String {
    parts.map(|part| part.to_string()).collect()
}

#[smartasync]
fn total<'a>(items: &'a [u8], by: Box<dyn Fn(&'a u8) -> usize>) -> usize {
    items.iter().map(by).sum()
}

#[smartasync]
fn measured_by<'a>(text: &'a str, by: fn(&'a str) -> usize) -> usize {
    by(text)
}

/// The lifetime of the bound is no lifetime of the arguments, so the output borrows from `text`.
#[smartasync]
fn first_word(text: &str, ends: Box<dyn for<'b> Fn(&'b char) -> bool>) -> &str {
    text.split(|c| ends(&c)).next().unwrap_or(text)
}

struct Sum;

impl Sum {
    #[smartasync(blocking = Self::of_blocking)]
    fn of<T: std::iter::Sum<T>>(parts: impl Iterator<Item = impl Into<T>>) -> T {
        parts.map(Into::into).sum()
    }

    #[smartasync]
    fn of_self(&'_ self, text: &str) -> usize {
        text.len()
    }
}

#[test]
fn rare_signatures() {
    assert_eq!(measured(str::len, 3).wait(), 3);
    assert_eq!(checker("a").wait()("abc"), 3);
    assert_eq!(shown([1, 2].into_iter()).wait(), "12");
    let by = |x: &u8| usize::from(*x);
    assert_eq!(total(&[1, 2], Box::new(by)).wait(), 3);
    assert_eq!(measured_by("abc", str::len).wait(), 3);
    let is_space = |c: &char| *c == ' ';
    assert_eq!(first_word("a b", Box::new(is_space)).wait(), "a");
    assert_eq!(Sum::of::<u32, _, _>([1_u8, 2].into_iter()).wait(), 3);
    assert_eq!(Sum::of_blocking::<u32>([1_u8, 2].into_iter()), 3);
    run(async {
        assert_eq!(measured(str::len, 3).await, 3);
        assert_eq!(checker("a").await(&String::from("abc")), 3);
        assert_eq!(measure_of("a").await(&String::from("abc")), 3);
        assert_eq!(Sum.of_self("abc").wait(), 3);
    });
}
