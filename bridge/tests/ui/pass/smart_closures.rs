//! A smart value of an async closure need be neither `Send` nor `'static`.
#![deny(warnings)]
use std::rc::Rc;

fn main() {
    let text = Rc::new(String::from("four"));
    let own = &text;
    let length = bridge::smart_async_fn(async |by: usize| own.len() * by);
    assert_eq!(length.call(2).wait(), 8);
}
