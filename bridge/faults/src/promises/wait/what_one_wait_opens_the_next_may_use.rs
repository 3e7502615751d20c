//! A socket or a task that one wait has made works in the next, and runs on between the
//! two.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let (mut here, mut there) = wait(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = TcpStream::connect(listener.local_addr().unwrap());
        let (here, there) = tokio::join!(here, listener.accept());
        (here.unwrap(), there.unwrap().0)
    });
    for number in 0..10 {
        wait(there.write_u32(number)).unwrap();
        assert_eq!(wait(here.read_u32()).unwrap(), number);
    }
    let task = wait(async { Some(tokio::spawn(real_work())) }).unwrap();
    eventually("the task ends between the waits", || task.is_finished());
    assert_eq!(wait(task).unwrap(), 7);
}
