//! The trait without the types of its calls, for `Box<dyn DynNotes>`.

use bridge::BoxCall;

use super::{Notes, NotesError};

/// Like [`Notes`], but all implementations return calls of the same type.
///
/// The methods have names of their own, because every [`Notes`] has them too.
pub trait DynNotes: Send + Sync {
    /// See [`Notes::names`].
    fn dyn_names(&self) -> BoxCall<'_, Result<Vec<String>, NotesError>>;

    /// See [`Notes::get`].
    fn dyn_get<'a>(&'a self, name: &'a str) -> BoxCall<'a, Result<String, NotesError>>;

    /// See [`Notes::put`].
    fn dyn_put<'a>(&'a self, name: &'a str, text: &'a str) -> BoxCall<'a, Result<(), NotesError>>;
}

impl<N: Notes + Send + Sync> DynNotes for N {
    fn dyn_names(&self) -> BoxCall<'_, Result<Vec<String>, NotesError>> {
        BoxCall::new(Notes::names(self))
    }

    fn dyn_get<'a>(&'a self, name: &'a str) -> BoxCall<'a, Result<String, NotesError>> {
        BoxCall::new(Notes::get(self, name))
    }

    fn dyn_put<'a>(&'a self, name: &'a str, text: &'a str) -> BoxCall<'a, Result<(), NotesError>> {
        BoxCall::new(Notes::put(self, name, text))
    }
}
