//! How figures come in: what benches print, and what Criterion writes.

mod callgrind;
mod criterion;
mod lines;

pub(super) use self::{callgrind::callgrind, criterion::criterion, lines::lines};
