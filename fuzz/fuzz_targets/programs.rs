//! Whatever bytes come in are a program; running it must break no invariant.
#![no_main]

use bridge_fuzz::{machine, program::Program};
use libfuzzer_sys::fuzz_target;

// The hook under libFuzzer takes any panic for a finding, caught or not.
fuzz_target!(init: machine::expect_panics(), |program: Program| machine::run(&program));
