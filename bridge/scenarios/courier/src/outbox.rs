//! The messages that wait for their delivery, in a file.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    net::SocketAddr,
    path::Path,
};

use bridge::smartasync;

use crate::{backoff::Backoff, delivery::deliver};

/// Adds a message to the file. It blocks while it writes.
///
/// # Errors
///
/// Returns an error if the file can't be written.
#[smartasync]
pub fn add(outbox: &Path, message: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(outbox)?;
    writeln!(file, "{message}")
}

/// Reads all messages of the file. It blocks while it reads.
///
/// # Errors
///
/// Returns an error if there is no such file, or if it can't be read.
#[smartasync]
pub fn waiting(outbox: &Path) -> io::Result<Vec<String>> {
    let text = fs::read_to_string(outbox)?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// Delivers all messages of the file, in order, and deletes the file. Returns their number.
///
/// This async function awaits sync functions, which run on the bounded pool.
///
/// # Errors
///
/// Returns the error of the file, or of a message whose last attempt failed. Then the file
/// stays as it is.
#[smartasync]
pub async fn deliver_all(outbox: &Path, to: SocketAddr, backoff: Backoff) -> io::Result<usize> {
    let messages = waiting(outbox).await?;
    for message in &messages {
        let attempt = async |number| {
            let answer = deliver(to, message).await;
            match &answer {
                Ok(answer) => println!("  {message}, attempt {number}: {answer}"),
                Err(error) => println!("  {message}, attempt {number}: {error}"),
            }
            answer
        };
        backoff.run(attempt).await?;
    }
    remove(outbox).await?;
    Ok(messages.len())
}

/// Deletes the file.
#[smartasync]
fn remove(outbox: &Path) -> io::Result<()> {
    fs::remove_file(outbox)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use testkit::within;
    use tokio::time::{Instant, timeout};

    use super::*;

    /// A sync function runs in place here, as the plain function would.
    #[test]
    fn messages_keep_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = folder.path().join("outbox");
        for message in ["one", "two"] {
            add(&outbox, message).wait().unwrap();
        }
        assert_eq!(waiting(&outbox).wait().unwrap(), ["one", "two"]);
    }

    #[test]
    fn a_file_that_is_missing_is_told() {
        within(|| {
            let folder = tempfile::tempdir().unwrap();
            let missing = folder.path().join("missing");
            let nobody = SocketAddr::from(([127, 0, 0, 1], 0));
            let backoff = Backoff {
                attempts: 1,
                pause: Duration::ZERO,
            };
            let error = deliver_all(&missing, nobody, backoff).wait().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        });
    }

    /// The clock must not reach a limit while the pool reads and writes files.
    #[tokio::test(start_paused = true)]
    async fn files_take_no_time() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = folder.path().join("outbox");
        let start = Instant::now();
        for number in 0..200 {
            let added = timeout(Duration::from_secs(1), add(&outbox, "hello")).await;
            added.expect("the clock stands still").unwrap();
            let read = timeout(Duration::from_secs(1), waiting(&outbox)).await;
            let read = read.expect("the clock stands still").unwrap();
            assert_eq!(read.len(), number + 1);
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
