//! Notes in files: the sync implementation.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bridge::smartasync;

use super::{Notes, NotesError};

/// A folder with a file for each note.
#[derive(Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    pub fn new(path: &Path) -> Self {
        Self { path: path.into() }
    }
}

impl Notes for Folder {
    #[smartasync]
    fn names(&self) -> Result<Vec<String>, NotesError> {
        let mut names = Vec::new();
        for file in fs::read_dir(&self.path)? {
            names.push(file?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    #[smartasync]
    fn get(&self, name: &str) -> Result<String, NotesError> {
        Ok(fs::read_to_string(self.path.join(name))?)
    }

    #[smartasync]
    fn put(&self, name: &str, text: &str) -> Result<(), NotesError> {
        Ok(fs::write(self.path.join(name), text)?)
    }
}
