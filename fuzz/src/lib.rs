//! Arbitrary programs of operations against a small bridge.
//!
//! A [`program`] says what to do, the [`machine`] does it, the [`ledger`]
//! knows what each job has lived through and what its caller was told, and the
//! [`system`] is the only module that knows the library's names. A program
//! that hangs is a finding too: libFuzzer's time-out ends it, and here a test.

pub mod ledger;
pub mod machine;
pub mod program;
pub mod system;

#[cfg(test)]
mod tests {
    //! The same programs without libFuzzer: from a fixed seed, on any compiler.

    use std::{sync::mpsc, thread, time::Duration};

    use arbitrary::{Arbitrary, Unstructured};

    use crate::{machine, program::Program};

    const PROGRAMS: u64 = 2_000;
    const LIMIT: Duration = Duration::from_secs(120);

    /// A small generator: what matters is that the bytes are the same each time.
    fn bytes(seed: u64) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let step = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        std::iter::repeat_with(step).take(200).collect()
    }

    #[test]
    fn programs_from_a_fixed_seed_break_no_invariant() {
        machine::expect_panics();
        let (done, over) = mpsc::channel();
        thread::spawn(move || {
            for seed in 0..PROGRAMS {
                let bytes = bytes(seed);
                let program = Program::arbitrary(&mut Unstructured::new(&bytes)).unwrap();
                machine::run(&program);
                done.send(seed).unwrap();
            }
        });
        let deadline = std::time::Instant::now() + LIMIT;
        for seed in 0..PROGRAMS {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            let ended = over.recv_timeout(left);
            assert_eq!(
                ended,
                Ok(seed),
                "program {seed} hung, or broke an invariant"
            );
        }
    }
}
