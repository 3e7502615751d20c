//! Under the guard of `enter`, sync code can make timers, sockets and tasks, and wait
//! for them.

use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    time::{interval, timeout},
};

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let limit = Duration::from_hours(1);
    let text = panic_of(|| drop(timeout(limit, real_work())));
    assert!(text.contains("there is no reactor running"), "{text}");
    let _entered = bridge::enter();
    assert_eq!(timeout(limit, real_work()).wait(), Ok(7));
    let mut ticks = interval(Duration::from_millis(1));
    ticks.tick().wait();
    ticks.tick().wait();
    assert_eq!(tokio::spawn(real_work()).wait().unwrap(), 7);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.set_nonblocking(true).unwrap();
    let mut client = TcpStream::from_std(client).unwrap();
    std::io::Write::write_all(&mut server, &[7]).unwrap();
    assert_eq!(client.read_u8().wait().unwrap(), 7);
}
