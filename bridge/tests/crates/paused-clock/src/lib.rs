//! Offloads under a paused clock. The tests are in `tests/`.
