//! These arguments and outputs must stay on their thread.
use std::rc::Rc;

use bridge::smartasync;

#[smartasync]
fn takes(x: Rc<u8>) -> u8 {
    *x
}

#[smartasync]
fn borrows(x: &Rc<u8>) -> u8 {
    **x
}

#[smartasync]
fn returns(x: u8) -> Rc<u8> {
    Rc::new(x)
}

async fn handler() {
    takes(Rc::new(1)).await;
    borrows(&Rc::new(1)).await;
    returns(1).await;
}

fn main() {
    takes(Rc::new(1)).wait();
    borrows(&Rc::new(1)).wait();
    returns(1).wait();
    let _ = handler();
}
