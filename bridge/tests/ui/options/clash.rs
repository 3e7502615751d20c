//! Options that contradict each other or the function are refused.
use bridge::smartasync;

#[smartasync(debug, debug)]
async fn twice() {}

#[smartasync(blocking = one, blocking = two)]
fn two_twins() {}

#[smartasync(blocking = itself)]
fn itself() {}

#[smartasync(debgu, brige = x)]
fn two_mistakes() {}

fn main() {
    twice().wait();
    two_twins().wait();
    one();
    itself().wait();
    two_mistakes().wait();
}
