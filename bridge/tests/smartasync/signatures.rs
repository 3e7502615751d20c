//! Checks unusual signatures, attributes and visibility.
#![allow(
    clippy::non_minimal_cfg,
    reason = "a condition that always holds is the form under test"
)]

use super::{
    methods::{Map, Source},
    *,
};

#[smartasync(debug, blocking = r#while)]
fn r#match(r#type: &str, mut r#fn: u8) -> usize {
    r#fn += 1;
    r#type.len() + usize::from(r#fn)
}

#[smartasync]
async fn r#loop(r#type: &str) -> usize {
    r#type.len()
}

#[smartasync]
fn outlives<'a, 'b: 'a, T: 'a + ?Sized>(x: &'a T, y: &'b str, all: &mut Vec<&'a str>) -> &'a T {
    all.push(y);
    x
}

#[smartasync]
fn bounded<'a, 'b>(x: &'a str, y: &'b str) -> usize
where
    'b: 'a,
{
    let all: [&'a str; 2] = [x, y];
    all.concat().len()
}

#[smartasync]
fn total<'a>(
    texts: impl Iterator<Item = &'a str>,
    by: &(impl Fn(&str) -> usize + ?Sized),
) -> usize {
    texts.map(by).sum()
}

#[smartasync]
async fn total_async<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(str::len).sum()
}

struct Parser<'s>(&'s str);

#[smartasync]
fn hidden(parser: Parser) -> usize {
    parser.0.len()
}

#[smartasync]
fn shown_lifetime(parser: Parser<'_>, more: &str) -> usize {
    parser.0.len() + more.len()
}

#[smartasync]
fn callbacks(f: Box<dyn Fn(&str) -> &str + Send>, g: fn(&u8) -> &u8, h: &mut dyn FnMut()) -> usize {
    h();
    f("abc").len() + usize::from(*g(&1))
}

#[smartasync]
fn returns_callback(x: u8) -> impl Fn(&str) -> usize + Send + 'static {
    move |text: &str| text.len() + usize::from(x)
}

#[smartasync]
fn objects(x: &(dyn Debug + Sync), y: &[&'static str], z: [&str; 1]) -> String {
    format!("{x:?}{}{}", y.concat(), z[0])
}

impl Source for &Map {
    #[smartasync]
    fn read(&self, key: &str) -> Option<String> {
        let closure = || self.0.get(key).cloned();
        closure()
    }

    #[smartasync]
    async fn read_async(&self, key: &str) -> Option<String> {
        async { self.0.get(key).cloned() }.await
    }

    #[smartasync]
    fn first(&self) -> Option<&str> {
        None
    }

    #[smartasync]
    fn into_len(self) -> usize {
        self.0.len()
    }
}

#[test]
fn odd_signatures() {
    assert_eq!(r#match("ab", 1).wait() + r#while("ab", 1), 8);
    within(|| assert_eq!(r#loop("ab").wait(), 2));
    let text = String::from("text");
    let mut all = vec![];
    assert_eq!(outlives(&1, &text, &mut all).wait(), &1);
    assert_eq!(all, ["text"]);
    assert_eq!(bounded(&text, "x").wait(), 5);
    assert_eq!(
        total([&*text].into_iter(), &|text: &str| text.len()).wait(),
        4
    );
    within(|| assert_eq!(total_async([&*text].into_iter()).wait(), 4));
    assert_eq!(hidden(Parser(&text)).wait(), 4);
    assert_eq!(shown_lifetime(Parser(&text), "a").wait(), 5);
    let mut called = 0;
    assert_eq!(
        callbacks(Box::new(|x| x), |x| x, &mut || called += 1).wait(),
        4
    );
    assert_eq!(called, 1);
    assert_eq!(returns_callback(1).wait()("ab"), 3);
    assert_eq!(objects(&1, &["a", "b"], [&text]).wait(), "1abtext");
    let map = Map(HashMap::new());
    assert_eq!((&map).into_len().wait(), 0);
    let by_ref = &map;
    within(|| assert_eq!(by_ref.read_async("x").wait(), by_ref.read("x").wait()));
    run(async {
        assert_eq!(hidden(Parser("static")).await, 6);
        assert_eq!(returns_callback(1).await("ab"), 3);
    });
}

#[smartasync]
#[rustfmt::skip]
fn many(
    a: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8,
    _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, b: u8, c: u8, d: &str,
) -> usize {
    usize::from(a + b + c) + d.len()
}

/// The user has already taken the names that the expansion would use.
#[smartasync(debug, blocking = taken_blocking)]
fn taken<'_arg, ImplInner0: Into<u8>>(
    (first, __arg1): (&'_arg u8, u8),
    __arg0: &u8,
    __run: ImplInner0,
    __inner0: impl Into<u8>,
    __log: u8,
) -> u8 {
    first + __arg0 + __arg1 + __run.into() + __inner0.into() + __log
}

#[derive(Clone)]
struct Renamed(u8);

impl Renamed {
    #[smartasync]
    fn argument(&self, self_: u8) -> u8 {
        self.0 + self_
    }

    #[smartasync]
    fn local(&self) -> String {
        let self_ = 5;
        let self__ = 6;
        format!("{} {self_} {self__}", self.0)
    }
}

#[smartasync]
fn by_mutable_ref((ref mut list, mut n): (Vec<u8>, u8), ref mut m: u8) -> usize {
    n += 1;
    *m += 1;
    list.extend([n, *m]);
    list.len()
}

#[smartasync]
async fn by_mutable_ref_async((ref mut list, mut n): (Vec<u8>, u8), ref mut m: u8) -> usize {
    n += 1;
    *m += 1;
    list.extend([n, *m]);
    list.len()
}

mod other {
    pub(super) type Option<T> = Result<T, ()>;
    pub(super) struct Cow<T>(pub(super) T);
}

/// These types only have the names of the standard library's types.
#[smartasync]
fn namesakes(x: other::Option<&str>, y: other::Cow<&str>, z: &other::Cow<u8>) -> usize {
    x.map_or(0, str::len) + y.0.len() + usize::from(z.0)
}

#[test]
fn names_and_numbers() {
    assert_eq!(
        many(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, "four").wait(),
        10
    );
    assert_eq!(taken((&1, 1), &1, 1, 1, 1).wait(), 6);
    assert_eq!(taken_blocking((&1, 1), &1, 1, 1, 1), 6);
    assert_eq!(Renamed(1).argument(2).wait(), 3);
    assert_eq!(Renamed(1).local().wait(), "1 5 6");
    assert_eq!(by_mutable_ref((vec![], 1), 2).wait(), 2);
    within(|| assert_eq!(by_mutable_ref_async((vec![], 1), 2).wait(), 2));
    assert_eq!(
        namesakes(Ok("a"), other::Cow("b"), &other::Cow(1)).wait(),
        3
    );
    run(async {
        assert_eq!(
            many(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, "four").await,
            10
        );
        assert_eq!(Renamed(1).argument(2).await, 3);
    });
}
