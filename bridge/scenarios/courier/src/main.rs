//! Shows the library at work: a receiver that fails at first, and messages that arrive.
//!
//! `cargo run -p bridge-courier` runs it. `main` is sync code, and waits for the library.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener},
    thread,
    time::Duration,
};

use bridge_courier::{
    backoff::Backoff,
    outbox::{add, deliver_all},
};

/// The number of connections that the receiver closes at once.
const FAILURES: usize = 2;

fn main() -> io::Result<()> {
    let address = start_receiver()?;
    let folder = tempfile::tempdir()?;
    let outbox = folder.path().join("outbox");
    for message in ["first", "second", "third"] {
        add(&outbox, message).wait()?;
    }
    println!("a receiver at {address} fails {FAILURES} times:");
    let backoff = Backoff {
        attempts: 4,
        pause: Duration::from_millis(10),
    };
    let count = deliver_all(&outbox, address, backoff).wait()?;
    println!("{count} messages have arrived");
    Ok(())
}

/// Starts a thread that answers each line, but closes the first connections.
fn start_receiver() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let answered = stream.and_then(|mut stream| {
                if number < FAILURES {
                    return Ok(());
                }
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line)?;
                writeln!(stream, "received {} bytes", line.len())
            });
            if let Err(error) = answered {
                eprintln!("the receiver: {error}");
            }
        }
    });
    Ok(address)
}
