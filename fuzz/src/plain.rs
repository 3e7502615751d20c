//! Runs the fuzz targets without libFuzzer, from fixed seeds and from the corpus, with
//! any compiler.

use std::{env, fs, path::Path, sync::mpsc, thread, time::Duration};

/// The number of inputs of a target, unless `FUZZ_INPUTS` sets another.
const INPUTS: u64 = 2_000;

/// Far longer than one input takes. Only a hang takes longer.
const LIMIT: Duration = Duration::from_mins(1);

/// Returns bytes from a small generator. It matters only that they are the same each
/// time.
pub(crate) fn bytes(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(step).take(count).collect()
}

/// Runs `one` with each seed, beginning at `FUZZ_SEED` or zero.
pub(crate) fn from_fixed_seeds(target: &str, one: impl Fn(u64) + Send + 'static) {
    let first = setting("FUZZ_SEED").unwrap_or(0);
    let count = setting("FUZZ_INPUTS").unwrap_or(INPUTS);
    let named = (first..first + count).map(|seed| (format!("FUZZ_SEED={seed}"), seed));
    each(target, named.collect(), one);
}

/// Runs `one` with each file of the target's corpus.
pub(crate) fn from_corpus(target: &str, one: impl Fn(&[u8]) + Send + 'static) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let files = fs::read_dir(&directory).expect("the corpus is in the tree");
    let mut inputs: Vec<_> = files
        .map(|file| {
            let path = file.expect("a file").path();
            let bytes = fs::read(&path).expect("a readable file");
            (path.display().to_string(), bytes)
        })
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "{} is empty", directory.display());
    each(target, inputs, move |bytes: Vec<u8>| one(&bytes));
}

/// Runs every input on another thread, each under the limit, and prints how many there were.
fn each<T: Send + 'static>(
    target: &str,
    inputs: Vec<(String, T)>,
    one: impl Fn(T) + Send + 'static,
) {
    let (names, inputs): (Vec<_>, Vec<_>) = inputs.into_iter().unzip();
    let (done, over) = mpsc::channel();
    thread::spawn(move || {
        for input in inputs {
            one(input);
            if done.send(()).is_err() {
                return;
            }
        }
    });
    for name in &names {
        let ended = over.recv_timeout(LIMIT);
        assert_eq!(
            ended,
            Ok(()),
            "{target}: {name} hung, or broke an invariant"
        );
    }
    // libtest has begun a line before this.
    println!("\n{target}: {} inputs", names.len());
}

fn setting(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
    )
}
