//! Arbitrary input against the bridge and its macro.
//!
//! | target | its input | what must hold |
//! |---|---|---|
//! | `programs` | operations on a small pool | each job ran once, or its caller was told |
//! | `nesting` | sync and async levels on a small pool | the value, or a typed error; no hang |
//! | `macro_input` | tokens under the attribute | code that parses, or a clear error; no panic |
//!
//! In the target `programs`, the [`machine`] runs the steps of a [`program`]. The
//! [`ledger`] counts the runs of each job, and keeps its caller's answer. Only the
//! [`system`] uses the library's names.
//!
//! An input that hangs is a finding too: libFuzzer's time limit ends it. The targets also
//! run as plain tests, with any compiler. Their inputs come from fixed seeds and from the
//! files in `corpus`. `FUZZ_SEED` and `FUZZ_INPUTS` choose other seeds.

pub mod ledger;
pub mod machine;
pub mod macro_input;
pub mod nesting;
#[cfg(test)]
mod plain;
pub mod program;
pub mod system;

#[cfg(test)]
mod tests {
    //! The programs without libFuzzer.

    use arbitrary::{Arbitrary, Unstructured};

    use crate::{machine, plain, program::Program};

    fn run(bytes: &[u8]) {
        let program = Program::arbitrary(&mut Unstructured::new(bytes));
        machine::run(&program.expect("whatever the bytes are"));
    }

    #[test]
    fn programs_from_a_fixed_seed_break_no_invariant() {
        machine::expect_panics();
        plain::from_fixed_seeds("programs", |seed| run(&plain::bytes(seed, 200)));
    }

    #[test]
    fn the_corpus() {
        machine::expect_panics();
        plain::from_corpus("programs", run);
    }
}
