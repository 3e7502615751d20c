//! Offloads under a paused clock: see the tests.
