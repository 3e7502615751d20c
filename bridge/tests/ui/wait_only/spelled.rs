//! A body that names its argument's lifetime where there is no other to put.
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
