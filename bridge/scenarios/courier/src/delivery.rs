//! Delivers one message: writes a line, and reads a line as the acknowledgement.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    time::Duration,
};

use bridge::smartasync;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

/// The longest time from the connection to the acknowledgement.
pub const LIMIT: Duration = Duration::from_secs(30);

/// Delivers a message to the receiver at an address. Returns the acknowledgement.
///
/// # Errors
///
/// Returns an error if the receiver can't be reached, closes the connection early or takes
/// longer than [`LIMIT`].
#[smartasync]
pub async fn deliver(to: SocketAddr, message: &str) -> io::Result<String> {
    let exchanged = timeout(LIMIT, async {
        exchange(TcpStream::connect(to).await?, message).await
    });
    exchanged.await?
}

/// Writes a message and reads its acknowledgement, over any connection.
///
/// # Errors
///
/// Returns the error of the connection, or `UnexpectedEof` if it ends early.
pub async fn exchange(
    mut connection: impl AsyncRead + AsyncWrite + Unpin,
    message: &str,
) -> io::Result<String> {
    connection
        .write_all(format!("{message}\n").as_bytes())
        .await?;
    let lines = BufReader::new(connection).lines().next_line().await?;
    lines.ok_or_else(|| ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, Write as _},
        net::TcpListener,
        thread,
    };

    use bridge::{Bridge, Wait as _, WaitError};
    use testkit::within;
    use tokio::{io::duplex, time::Instant};

    use super::*;

    /// Accepts one connection and answers its line.
    fn receiver() -> (SocketAddr, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let served = thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let mut line = String::new();
            io::BufReader::new(&stream).read_line(&mut line).unwrap();
            stream.write_all(b"got it\n").unwrap();
            line
        });
        (address, served)
    }

    #[test]
    fn a_message_arrives() {
        within(|| {
            let (address, served) = receiver();
            assert_eq!(deliver(address, "hello").wait().unwrap(), "got it");
            assert_eq!(served.join().unwrap(), "hello\n");
        });
    }

    /// An instance for one test: it shares no thread with the other tests, and its shutdown
    /// proves that the test has left nothing running.
    #[test]
    fn a_message_arrives_through_a_bridge_of_its_own() {
        within(|| {
            let bridge = Bridge::builder().worker_threads(1).build().unwrap();
            let (address, served) = receiver();
            let answer = deliver(address, "hello").on(&bridge).wait();
            assert_eq!(answer.unwrap(), "got it");
            served.join().unwrap();
            assert!(bridge.shutdown(LIMIT).wait().running.is_empty());
        });
    }

    #[test]
    fn nobody_listens() {
        within(|| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            drop(listener);
            let error = deliver(address, "hello").wait().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        });
    }

    /// A test may bound a call whose own limit is too long for a test.
    #[test]
    fn a_test_need_not_wait_for_a_silent_receiver() {
        within(|| {
            let silent = TcpListener::bind("127.0.0.1:0").unwrap();
            let call = deliver(silent.local_addr().unwrap(), "hello");
            let answer = call.wait_timeout(Duration::from_millis(20));
            assert!(matches!(answer, Err(WaitError::TimedOut { .. })));
        });
    }

    #[test]
    fn a_connection_in_memory_is_enough() {
        within(|| {
            let (here, mut there) = duplex(64);
            let answer = async {
                there.write_all(b"got it\n").await?;
                exchange(here, "hello").await
            };
            assert_eq!(answer.wait().unwrap(), "got it");
        });
    }

    /// The limit of half a minute passes in no time. A paused clock also moves while a socket
    /// is idle, so this connection is in memory.
    #[tokio::test(start_paused = true)]
    async fn a_silent_receiver_is_given_up() {
        let start = Instant::now();
        let (here, _there) = duplex(64);
        let answer = timeout(LIMIT, exchange(here, "hello")).await;
        assert!(answer.is_err());
        assert_eq!(start.elapsed(), LIMIT);
    }
}
