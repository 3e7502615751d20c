//! The demonstration: one client, used by sync code, by async code and by many threads.

use std::{io, thread, time::Duration};

use bridge::{Wait as _, WaitError};
use tokio::net::TcpListener;

use crate::{
    Failed,
    notes::{Failure, Note, Notes},
    server::{LOST, Service},
};

/// The longest time that the demonstration waits for the lost note.
const PATIENCE: Duration = Duration::from_millis(200);

/// Starts a service and shows what one client does with it.
pub fn run(threads: u32, calls: u32) -> Result<(), Failed> {
    let service = Service::default();
    let listener = TcpListener::bind("127.0.0.1:0").wait()?;
    let url = format!("http://{}", listener.local_addr()?);
    let server = bridge::spawn(service.clone().serve(listener));
    println!("the note service runs at {url}");
    let notes = Notes::at(&url);

    println!("\nsync callers write .wait()");
    let first = notes.add("buy milk").wait()?;
    show("add(\"buy milk\").wait()", &first.text);
    same(&notes.read(first.id).wait()?, &first)?;
    show(
        "list().wait()",
        &format!("{} note", notes.list().wait()?.len()),
    );

    println!("\nasync callers of the same object write .await");
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let second = notes.add("call mum").await?;
        show("add(\"call mum\").await", &second.text);
        same(&notes.read(second.id).await?, &second)?;
        show(
            "list().await",
            &format!("{} notes", notes.list().await?.len()),
        );
        Ok::<(), Failed>(())
    })?;
    // The connections of this runtime end with it. The client opens new ones.
    drop(runtime);

    println!("\na sync caller again: no call has changed the object");
    same(&notes.read(first.id).wait()?, &first)?;
    show("read(1).wait()", &first.text);

    let before = service.connections();
    share(&notes, &first, threads, calls)?;
    let opened = service.connections() - before;
    let all = threads * calls;
    println!("\n{threads} threads share the object");
    println!("  {all} of {all} answers right, over {opened} new connections");
    // If a wait left its connections behind, each call would need a new one.
    if calls > 1 && opened >= all as usize {
        return Err("the threads did not share their connections".into());
    }

    println!("\nerrors arrive as they are");
    match notes.read(99).wait() {
        Err(error @ Failure::NoSuchNote(99)) => show("read(99).wait()", &error.to_string()),
        other => return Err(format!("read(99) gave {other:?}").into()),
    }
    match notes.read(LOST).wait_timeout(PATIENCE) {
        Err(error @ WaitError::TimedOut { .. }) => {
            show("read(0).wait_timeout(200 ms)", &error.to_string());
        }
        other => return Err(format!("the lost note gave {other:?}").into()),
    }
    server.abort();
    Ok(())
}

/// Reads the note on many threads at a time, all through one client.
fn share(notes: &Notes, expected: &Note, threads: u32, calls: u32) -> Result<(), Failed> {
    thread::scope(|scope| {
        let readers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..calls {
                        same(&notes.read(expected.id).wait()?, expected)?;
                    }
                    Ok::<(), Failed>(())
                })
            })
            .collect();
        for reader in readers {
            reader.join().map_err(|_| "a reader panicked")??;
        }
        Ok(())
    })
}

fn same(got: &Note, expected: &Note) -> Result<(), io::Error> {
    if got == expected {
        return Ok(());
    }
    Err(io::Error::other(format!("got {got:?}, not {expected:?}")))
}

fn show(call: &str, result: &str) {
    println!("  {call:30} {result}");
}
