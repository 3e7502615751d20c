//! A future of 800 KiB fits through each way to wait on a thread of 2 MiB, in a build
//! that is not optimised.

use std::hint::black_box;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

use bridge::smartasync;

const SIZE: usize = 800 << 10;

#[expect(
    clippy::large_stack_arrays,
    reason = "the large array is what is checked"
)]
async fn large() -> u8 {
    let array = [7; SIZE];
    black_box(&array);
    yield_now().await;
    array[SIZE - 1]
}

#[expect(
    clippy::large_stack_arrays,
    reason = "the large array is what is checked"
)]
#[smartasync]
async fn smart() -> u8 {
    let array = [7; SIZE];
    black_box(&array);
    yield_now().await;
    array[SIZE - 1]
}

pub(crate) fn run() {
    let ways: [fn() -> u8; 6] = [
        || wait(large()),
        || large().wait(),
        || large().wait_timeout(Duration::from_hours(1)).unwrap(),
        || smart().wait(),
        || smart().dispatch().wait(),
        || wait(bridge::spawn(large())).unwrap(),
    ];
    for way in ways {
        let thread = thread::Builder::new().stack_size(2 << 20);
        assert_eq!(thread.spawn(way).unwrap().join().unwrap(), 7);
    }
}
