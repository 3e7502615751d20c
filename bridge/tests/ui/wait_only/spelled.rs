//! A body names an argument's lifetime where `'_` cannot replace it.
use bridge::smartasync;

#[smartasync]
fn length<'a>(x: &'a str) -> usize {
    let get: &dyn Fn() -> &'a str = &|| x;
    get().len()
}

async fn caller() {
    length("a").await;
}

fn main() {
    length("a").wait();
}
