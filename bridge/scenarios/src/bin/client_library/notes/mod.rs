//! The library: notes that have a name and a text, kept somewhere.
//!
//! [`Notes`] is the trait. [`Remote`] implements it with an async client, and [`Folder`] with
//! blocking files. Each method returns a call, and the caller chooses: `.await` in async
//! code, `.wait()` in sync code. [`DynNotes`] is the same for `Box<dyn DynNotes>`.
//! [`Remote`] also has plain sync twins, for callers who want to know nothing of calls.

mod boxed;
mod error;
mod folder;
mod remote;

use bridge::{Call, smartasync};

pub use self::{boxed::DynNotes, error::NotesError, folder::Folder, remote::Remote};

/// A place that keeps notes.
pub trait Notes {
    /// Returns the names of all notes, sorted.
    fn names(&self) -> impl Call<Output = Result<Vec<String>, NotesError>> + Send;

    /// Returns the text of a note.
    fn get(&self, name: &str) -> impl Call<Output = Result<String, NotesError>> + Send;

    /// Writes a note, over an older one if need be.
    fn put(&self, name: &str, text: &str) -> impl Call<Output = Result<(), NotesError>> + Send;
}

/// Copies all notes, from and to any implementation. Returns their number.
///
/// `copy` is for async callers, and `copy_blocking` is its plain sync twin.
#[smartasync(blocking = copy_blocking)]
pub async fn copy<F, T>(from: &F, to: &T) -> Result<usize, NotesError>
where
    F: Notes + Sync,
    T: Notes + Sync,
{
    let names = from.names().await?;
    for name in &names {
        let text = from.get(name).await?;
        to.put(name, &text).await?;
    }
    Ok(names.len())
}
