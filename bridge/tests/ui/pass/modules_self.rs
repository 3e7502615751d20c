//! In a body, the `self` of a module path is not the method's `self`.
#![deny(warnings)]
use bridge::smartasync;

struct S(u8);

impl S {
    #[smartasync]
    fn listed(&self) -> String {
        use std::fmt::{self, Write};
        let mut text = String::new();
        let done: fmt::Result = write!(text, "{}", self.0);
        done.unwrap();
        text
    }

    #[smartasync]
    fn visible(&self) -> u8 {
        pub(self) const ONE: u8 = 1;
        pub(self) fn two() -> u8 {
            2
        }
        self.0 + ONE + two()
    }
}

#[smartasync]
fn free(x: u8) -> String {
    use std::fmt::{self, Write};
    let mut text = String::new();
    let done: fmt::Result = write!(text, "{x}");
    done.unwrap();
    text
}

/// Without a receiver, a macro may use `self` as a word of its own.
#[smartasync]
fn word() -> u8 {
    macro_rules! is_self {
        (self) => {
            1
        };
        ($other:ident) => {
            0
        };
    }
    is_self!(self) + is_self!(other)
}

fn main() {
    assert_eq!(S(1).listed().wait(), "1");
    assert_eq!(S(1).visible().wait(), 4);
    assert_eq!(free(2).wait(), "2");
    assert_eq!(word().wait(), 1);
}
