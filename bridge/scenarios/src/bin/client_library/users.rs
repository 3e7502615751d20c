//! Users of the library. Each writes notes, reads them, and counts those that are unchanged.

use std::{fs, path::Path};

use bridge::Call as _;
use futures::future::try_join_all;
use tokio::{runtime::Runtime, task::JoinHandle};

use crate::notes::{DynNotes, Folder, Notes, NotesError, Remote, copy, copy_blocking};

/// Returns the name and the text of a user's note.
fn note(user: &str, number: usize) -> (String, String) {
    let name = format!("{user}-{number}");
    let text = format!("the text of {name}");
    (name, text)
}

/// A sync user who knows nothing of calls.
pub fn twins(remote: &Remote, notes: usize) -> Result<usize, NotesError> {
    let mut count = 0;
    for (name, text) in (0..notes).map(|number| note("twins", number)) {
        remote.put_blocking(&name, &text)?;
        let listed = remote.names_blocking()?.contains(&name);
        count += usize::from(listed && remote.get_blocking(&name)? == text);
    }
    Ok(count)
}

/// A sync user of any implementation.
pub fn waits(store: &impl Notes, notes: usize) -> Result<usize, NotesError> {
    let mut count = 0;
    for (name, text) in (0..notes).map(|number| note("waits", number)) {
        store.put(&name, &text).wait()?;
        let listed = store.names().wait()?.contains(&name);
        count += usize::from(listed && store.get(&name).wait()? == text);
    }
    Ok(count)
}

/// An async user of both implementations. All calls run at once.
pub async fn awaits(remote: &Remote, folder: &Folder, notes: usize) -> Result<usize, NotesError> {
    let remotes = (0..notes).map(|number| check(remote, "awaits", number));
    let folders = (0..notes).map(|number| check(folder, "awaits", number));
    let (remotes, folders) = tokio::try_join!(try_join_all(remotes), try_join_all(folders))?;
    Ok(remotes
        .into_iter()
        .chain(folders)
        .filter(|right| *right)
        .count())
}

/// A user who spawns, with code that is generic over the trait.
pub async fn spawns(remote: Remote, folder: Folder, notes: usize) -> Result<usize, NotesError> {
    let mut count = 0;
    for task in spawn_checks(&remote, notes)
        .into_iter()
        .chain(spawn_checks(&folder, notes))
    {
        count += usize::from(task.await.expect("the task does not panic")?);
    }
    Ok(count)
}

/// Spawns a task for each note. This needs the `Send` of the trait's calls.
fn spawn_checks<N>(store: &N, notes: usize) -> Vec<JoinHandle<Result<bool, NotesError>>>
where
    N: Notes + Clone + Send + Sync + 'static,
{
    let spawn = |number| {
        let store = store.clone();
        tokio::spawn(async move { check(&store, "spawns", number).await })
    };
    (0..notes).map(spawn).collect()
}

/// Writes a note and reads it back.
async fn check(store: &impl Notes, user: &str, number: usize) -> Result<bool, NotesError> {
    let (name, text) = note(user, number);
    store.put(&name, &text).await?;
    Ok(store.get(&name).await? == text)
}

/// A sync user who does not know what keeps the notes.
pub fn through_dyn(stores: Vec<Box<dyn DynNotes>>, notes: usize) -> Result<usize, NotesError> {
    let mut count = 0;
    for store in stores {
        for (name, text) in (0..notes).map(|number| note("dyn", number)) {
            store.dyn_put(&name, &text).wait()?;
            let listed = store.dyn_names().wait()?.contains(&name);
            count += usize::from(listed && store.dyn_get(&name).wait()? == text);
        }
    }
    Ok(count)
}

/// A user who awaits the boxed calls, in a task of another runtime than the bridge's.
pub async fn through_dyn_in_a_task(
    stores: Vec<Box<dyn DynNotes>>,
    notes: usize,
) -> Result<usize, NotesError> {
    let task = tokio::spawn(async move {
        let mut count = 0;
        for store in stores {
            for (name, text) in (0..notes).map(|number| note("task", number)) {
                store.dyn_put(&name, &text).await?;
                count += usize::from(store.dyn_get(&name).await? == text);
            }
        }
        Ok(count)
    });
    task.await.expect("the task does not panic")
}

/// Copies the remote notes to a folder in async code, and on to another folder in sync code.
/// Returns how many of them are there afterwards.
pub fn copies(runtime: &Runtime, remote: &Remote, directory: &Path) -> Result<usize, NotesError> {
    let [first, second] = ["first", "second"].map(|name| directory.join(name));
    fs::create_dir(&first)?;
    fs::create_dir(&second)?;
    let [first, second] = [Folder::new(&first), Folder::new(&second)];
    runtime.block_on(async { copy(remote, &first).await })?;
    copy_blocking(&first, &second)?;
    let mut count = 0;
    for name in second.names().wait()? {
        count += usize::from(second.get(&name).wait()? == remote.get_blocking(&name)?);
    }
    Ok(count)
}
