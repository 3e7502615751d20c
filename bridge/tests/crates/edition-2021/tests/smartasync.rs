//! Checks that smart functions work in the 2021 edition.
//!
//! An `async fn` captures what it borrows, although a user's own `impl Trait`
//! would not capture it in this edition.
#![deny(warnings)]

use std::sync::{Arc, Mutex};

use bridge::smartasync;
use testkit::within;

struct Text<'s>(&'s str);

impl<'s> Text<'s> {
    #[smartasync]
    async fn longer(&self, other: &str) -> bool {
        tokio::task::yield_now().await;
        self.0.len() > other.len()
    }

    #[smartasync]
    async fn text(&mut self) -> &'s str {
        self.0
    }

    #[smartasync]
    fn len(&self, by: &usize) -> usize {
        self.0.len() + by
    }

    #[smartasync]
    fn chars(&self) -> impl Iterator<Item = char> + '_ {
        self.0.chars()
    }

    #[smartasync(blocking = later_blocking)]
    fn later(&self, by: usize) -> impl std::future::Future<Output = usize> + 'static {
        let length = self.0.len();
        async move { length * by }
    }

    #[smartasync]
    fn words<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> + 't {
        text.split(' ')
    }
}

// In this edition, a temporary in the last expression is dropped after the
// block's variables.
#[smartasync]
async fn locked(m: Arc<Mutex<u8>>) -> u8 {
    *m.lock().unwrap()
}

#[smartasync]
fn locked_sync((m, _): (Arc<Mutex<u8>>, u8)) -> u8 {
    *m.lock().unwrap()
}

#[test]
fn everything_is_captured() {
    let name = String::from("name");
    let mut text = Text(&name);
    within(|| {
        assert!(text.longer(&String::from("x")).wait());
        assert_eq!(text.text().wait(), "name");
        assert_eq!(locked(Arc::default()).wait(), 0);
    });
    assert_eq!(text.len(&1).wait(), 5);
    assert_eq!(text.chars().wait().count(), 4);
    assert_eq!(locked_sync((Arc::default(), 1)).wait(), 0);
}

// In this edition the `impl Trait` of a `fn` captures only the lifetimes that
// it names.
#[test]
fn what_is_not_named_is_not_captured() {
    let (by_wait, by_twin, mut words);
    {
        let name = String::from("name");
        let text = Text(&name);
        by_wait = text.later(2).wait();
        by_twin = text.later_blocking(3);
        words = text.words("a b").wait();
    }
    within(move || assert_eq!(bridge::wait(by_wait) + bridge::wait(by_twin), 20));
    assert_eq!(words.next(), Some("a"));
}

// `gen` is not a keyword in this edition.
#[smartasync(blocking = gen_blocking)]
fn gen<'gen>(mut gen: Vec<&'gen str>, more: &str) -> Vec<&'gen str> {
    gen.retain(|part| *part != more);
    gen
}

#[smartasync]
async fn gen_async(gen: &mut u8) -> u8 {
    *gen += 1;
    *gen
}

#[test]
fn names_of_this_edition() {
    assert_eq!(gen(vec!["a", "b"], "a").wait(), ["b"]);
    assert_eq!(gen_blocking(vec!["a", "b"], "b"), ["a"]);
    within(|| assert_eq!(gen_async(&mut 1).wait(), 2));
}
