//! A job that blocks in a system call ends when its caller leaves: a read of a socket, and
//! a child process.

use std::{
    io::{self, Read},
    net::{Shutdown, TcpListener, TcpStream},
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use bridge::{
    Bridge,
    offload::{cancellation, on_cancel},
};
use testkit::within;

fn bridge_of_one() -> Bridge {
    let builder = Bridge::builder().max_threads(1);
    builder.build().expect("the settings are valid")
}

/// Starts `body` as a job, waits until it runs, and leaves it. Returns its outcome.
fn left<T: Send + 'static>(bridge: &Bridge, body: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = mpsc::channel();
    let (start, started) = mpsc::channel();
    let job = bridge.offload(move || {
        start.send(()).unwrap();
        tell.send(body()).unwrap();
    });
    let job = job.start();
    started.recv().unwrap();
    drop(job);
    told.recv().unwrap()
}

/// Reads until the other side closes, or the caller of this job leaves.
fn read(mut socket: TcpStream) -> io::Result<usize> {
    let other = socket.try_clone()?;
    let _guard = on_cancel(move || {
        let _closed_already = other.shutdown(Shutdown::Both);
    });
    socket.read(&mut [0])
}

#[test]
fn a_read_of_a_socket() {
    within(|| {
        let bridge = bridge_of_one();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        for _ in 0..100 {
            let silent = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (_other_side, _) = listener.accept().unwrap();
            assert_eq!(left(&bridge, move || read(silent)).unwrap(), 0);
        }
    });
}

/// Returns the status and the output of a child, and kills it if the caller of this job
/// leaves. It is the function of the guide's page `stopping`.
fn output(command: &mut Command) -> io::Result<(ExitStatus, Vec<u8>)> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut output = child.stdout.take().expect("it is piped");
    let child = Arc::new(Mutex::new(child));
    let killed = Arc::clone(&child);
    let guard = on_cancel(move || {
        let _ended_already = killed.lock().unwrap().kill();
    });
    let mut bytes = Vec::new();
    let read = output.read_to_end(&mut bytes);
    drop(guard);

    let mut child = child.lock().unwrap();
    if read.is_err() {
        let _ended_already = child.kill();
    }
    let status = child.wait()?;
    read?;
    Ok((status, bytes))
}

#[cfg(unix)]
#[test]
fn a_child_process() {
    within(|| {
        let bridge = bridge_of_one();
        for _ in 0..10 {
            let ended = left(&bridge, || output(Command::new("sleep").arg("1000")));
            let (status, _) = ended.unwrap();
            assert_eq!(status.code(), None, "a signal has ended it");
        }
        let run = |script: &'static str| {
            let job = bridge.offload(move || output(Command::new("sh").args(["-c", script])));
            let (status, bytes) = bridge.wait(job).unwrap();
            (status.code(), bytes)
        };
        assert_eq!(run("true"), (Some(0), vec![]));
        // It fails, and its output is no UTF-8.
        assert_eq!(run(r"printf '\377'; exit 3"), (Some(3), vec![0o377]));
    });
}

#[test]
fn a_wait_for_what_never_comes() {
    within(|| {
        let bridge = bridge_of_one();
        for _ in 0..100 {
            let inner = bridge.clone();
            let waited = left(&bridge, move || {
                inner.wait(async {
                    tokio::select! {
                        () = cancellation() => "left",
                        () = tokio::time::sleep(Duration::from_hours(1)) => "slept",
                    }
                })
            });
            assert_eq!(waited, "left");
        }
    });
}
