//! Lints on functions also check smart functions, and show the user's lines.
#![deny(dead_code, missing_docs)]
use bridge::smartasync;

#[smartasync]
fn unused() {}

#[smartasync]
async fn unused_async(x: &u8) -> u8 {
    *x
}

#[smartasync]
#[expect(dead_code)]
fn expected() {}

pub struct S;

impl S {
    #[smartasync]
    fn method(&self) {}

    #[smartasync(blocking = get_blocking)]
    pub fn get(&self) -> &str {
        ""
    }
}

pub trait T {
    #[smartasync]
    async fn declared(&self, x: u8);

    #[smartasync]
    fn with_body(&self) -> u8 {
        1
    }
}

fn main() {}
