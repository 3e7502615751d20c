//! A bound that only one lifetime meets prevents copying the borrow.
use bridge::smartasync;

#[smartasync]
fn by_trait<'a, T>(a: &'a T) -> usize
where
    &'a T: IntoIterator<Item = &'a u8>,
{
    a.into_iter().count()
}

#[smartasync]
fn by_static<'a: 'static>(a: &'a str) -> usize {
    a.len()
}

async fn handler() {
    by_trait(&vec![1]).await;
    by_static("a").await;
}

fn main() {
    by_trait(&vec![1]).wait();
    by_static("a").wait();
    let _ = handler();
}
