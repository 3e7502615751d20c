//! Any bytes are a program on a small pool, and running it must break no invariant.
#![no_main]

use bridge_fuzz::{machine, program::Program};
use libfuzzer_sys::fuzz_target;

// libFuzzer's panic hook takes any panic for a finding, caught or not.
fuzz_target!(init: machine::expect_panics(), |program: Program| machine::run(&program));
