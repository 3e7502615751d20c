//! Odd signatures, attributes and visibility.
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
    pub(super) async fn visible(#[cfg(any())] gone: Nonsense, #[cfg(all())] here: u8) -> u8 {
        here
    }
}

#[test]
fn attributes_and_visibility() {
    assert_eq!(kept(0).wait(), 1);
    within(|| assert_eq!(inner::visible(4).wait(), 4));
}
