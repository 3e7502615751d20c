//! Gives the attribute arbitrary tokens, and real functions with small changes.
//!
//! An input that begins with a letter is text: the attribute's options on the
//! first line, the item on the others. In any other input the bytes choose a
//! function of the macro's own tests (`seeds`) and the changes to it (`mutate`). The
//! macro runs as plain code, and `judge` compares its input and its output.

mod judge;
mod mutate;
mod seeds;

use std::thread;

use arbitrary::Unstructured;
use proc_macro2::TokenStream;

/// Longer inputs nest more deeply than the parser's own recursion allows.
const LONGEST: usize = 4096;

/// The mark that the attribute gives itself after it has moved below other macros.
const LAST: &str = "__last";

/// An attribute's options, and the item under the attribute.
#[derive(Clone, Debug)]
pub struct Input {
    options: TokenStream,
    item: TokenStream,
}

impl Input {
    /// Reads an input. Returns `None` if the bytes are no tokens.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let first = *bytes.first()?;
        if bytes.len() > LONGEST {
            return None;
        }
        if first.is_ascii() {
            return Self::of_text(std::str::from_utf8(bytes).ok()?);
        }
        mutate::mutant(&mut Unstructured::new(&bytes[1..])).ok()
    }

    fn of_text(text: &str) -> Option<Self> {
        let (options, item) = text.split_once('\n')?;
        Some(Self {
            options: options.parse().ok()?,
            item: item.parse().ok()?,
        })
    }
}

/// Expands the input that `bytes` describe.
///
/// # Panics
///
/// Panics if the macro panics, or if its output breaks a promise.
pub fn run(bytes: &[u8]) {
    let Some(Input { options, item }) = Input::of(bytes) else {
        return;
    };
    let mark: TokenStream = LAST.parse().expect("an identifier");
    for options in [options.clone(), mark.into_iter().chain(options).collect()] {
        let output = expand(&options, &item);
        if let Err(why) = judge::judge(&item, &output) {
            panic!("{why}\n#[smartasync({options})]\n{item}\n=>\n{output}");
        }
    }
}

/// Expands the attribute, and names the input if the macro panics.
fn expand(options: &TokenStream, item: &TokenStream) -> TokenStream {
    struct Named<'a>(&'a TokenStream, &'a TokenStream);
    impl Drop for Named<'_> {
        fn drop(&mut self) {
            if thread::panicking() {
                eprintln!("#[smartasync({})]\n{}", self.0, self.1);
            }
        }
    }
    let _named = Named(options, item);
    macros::expand(options, item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain;

    /// Otherwise mutants test nothing: the functions that they are made from must pass.
    #[test]
    fn the_tests_own_functions_are_in_order() {
        let seeds = seeds::all();
        assert!(seeds.len() > 100, "only {} functions", seeds.len());
        for Input { options, item } in seeds {
            let output = macros::expand(options, item);
            assert_eq!(judge::judge(item, &output), Ok(()), "{item}");
            assert!(!judge::is_refused(item, &output), "{item}\n{output}");
        }
    }

    #[test]
    fn mutants_from_a_fixed_seed() {
        let run_one = |seed| {
            let mut bytes = plain::bytes(seed, 120);
            bytes[0] |= 0x80;
            run(&bytes);
        };
        plain::from_fixed_seeds("macro_input", run_one);
    }

    #[test]
    fn the_corpus() {
        plain::from_corpus("macro_input", run);
    }
}
