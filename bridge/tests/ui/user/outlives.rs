//! An error about a borrow that is too short is at the function's name at worst.
use bridge::smartasync;

#[smartasync]
fn pushed(out: &mut Vec<&str>, x: &str) {
    out.push(x);
}

#[smartasync]
fn returned<'a>(x: &'a str, y: &str) -> &'a str {
    if x.is_empty() { y } else { x }
}

struct S(String);

impl S {
    #[smartasync]
    fn method(&self, x: &str) -> &str {
        if self.0.is_empty() { x } else { &self.0 }
    }
}

fn main() {
    pushed(&mut vec![], "").wait();
    returned("", "").wait();
    S(String::new()).method("").wait();
}
