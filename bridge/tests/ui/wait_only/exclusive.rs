//! A `&mut` argument cannot move to another thread.
use bridge::smartasync;

#[smartasync]
fn push(list: &mut Vec<u8>, x: &u8) {
    list.push(*x);
}

struct Counter(u8);

impl Counter {
    #[smartasync]
    fn add(&mut self) -> u8 {
        self.0 += 1;
        self.0
    }
}

async fn handler(list: &mut Vec<u8>) {
    push(list, &1).await;
    Counter(1).add().await;
}

fn main() {
    let mut list = vec![];
    push(&mut list, &1).wait();
    Counter(1).add().wait();
    let _ = handler(&mut list);
}
