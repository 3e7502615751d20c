//! Reads figures from the benches' output, and from Criterion's files.

mod callgrind;
mod criterion;
mod lines;

pub(super) use self::{callgrind::callgrind, criterion::criterion, lines::lines};
