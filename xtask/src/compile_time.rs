//! Measures what `#[smartasync]` costs the compiler.
//!
//! The chore compiles a crate of plain functions and a crate of the same functions made
//! smart, in turn.
//!
//! Both crates depend on `bridge`, and both call each function once. Only the crate
//! itself is timed: its dependencies have been built before.

use std::{fmt::Write as _, fs, path::Path, time::Duration};

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};

use crate::{
    Chore,
    run::{self, Output, Verdict},
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The number of functions in each crate
    #[arg(long, default_value_t = 100)]
    functions: u32,
    /// The number of compilations of each crate; the table shows medians
    #[arg(long, default_value_t = 7)]
    runs: usize,
}

const CRATES: [(&str, bool); 2] = [("plain", false), ("smart", true)];
const COMMANDS: [&str; 2] = ["check", "build"];

/// The limit of one compilation, including the first one, which builds the
/// dependencies.
const LIMIT: Duration = Duration::from_mins(10);

/// Common forms of functions: signature and body, and the arguments of the call.
const FORMS: [(&str, &str); 6] = [
    (
        "async fn f{i}(x: u32, name: &str) -> usize { tokio::task::yield_now().await; x as usize + name.len() }",
        "(1, \"name\")",
    ),
    (
        "fn f{i}(path: &std::path::Path, more: &str) -> std::io::Result<u64> { Ok(std::fs::metadata(path)?.len() + more.len() as u64) }",
        "(std::path::Path::new(\"/\"), \"more\")",
    ),
    (
        "async fn f{i}(items: Vec<String>) -> Result<u32, std::num::ParseIntError> { let n: u32 = items[0].parse()?; tokio::task::yield_now().await; Ok(n + 1) }",
        "(vec![String::new()])",
    ),
    (
        "fn f{i}(text: Option<&str>, list: &[u64]) -> String { format!(\"{}{list:?}\", text.unwrap_or_default()) }",
        "(Some(\"text\"), &[1, 2])",
    ),
    (
        "fn f{i}<T: AsRef<str>>(x: T, by: impl Fn(&str) -> usize) -> usize { by(x.as_ref()) }",
        "(String::new(), |text: &str| text.len())",
    ),
    (
        "fn f{i}(list: &mut Vec<u8>, x: u8) -> &mut u8 { list.push(x); list.last_mut().unwrap() }",
        "(&mut vec![], 1)",
    ),
];

pub(crate) fn run(args: &Args) -> Chore {
    let home = crate::root().join("target/compile-time");
    for (name, smart) in CRATES {
        write(&home.join(name), name, smart, args.functions)
            .map_err(|error| format!("{}: {error}", home.display()))?;
        for command in COMMANDS {
            compile(&home, name, command)?;
        }
    }
    // The crates are compiled in turn, so that a slower minute of the machine affects
    // both.
    let mut times = [[vec![], vec![]], [vec![], vec![]]];
    for run in 0..args.runs {
        for (of_crate, (name, smart)) in times.iter_mut().zip(CRATES) {
            for (of_command, command) in of_crate.iter_mut().zip(COMMANDS) {
                let source = source(smart, args.functions) + &format!("// run {run} {command}\n");
                let path = home.join(name).join("src/lib.rs");
                fs::write(&path, source).map_err(|error| format!("{}: {error}", path.display()))?;
                of_command.push(compile(&home, name, command)?);
            }
        }
    }
    println!("{}", table(&mut times, args));
    Ok(())
}

fn table(times: &mut [[Vec<Duration>; 2]; 2], args: &Args) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header([
        "command".to_owned(),
        format!("{} plain functions, ms", args.functions),
        format!("{} smart functions, ms", args.functions),
        "more for each, ms".to_owned(),
    ]);
    let [plain, smart] = times;
    for ((command, plain), smart) in COMMANDS.iter().zip(plain).zip(smart) {
        let (plain, smart) = (median(plain), median(smart));
        table.add_row([
            format!("cargo {command}"),
            format!("{plain:.0}"),
            format!("{smart:.0}"),
            format!("{:.2}", (smart - plain) / f64::from(args.functions)),
        ]);
    }
    table
}

/// Returns the median in milliseconds.
fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    times
        .get(times.len() / 2)
        .map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}

fn compile(home: &Path, name: &str, command: &str) -> Result<Duration, String> {
    let mut cargo = run::cargo(&[command, "--quiet", "--offline"]);
    cargo.current_dir(home.join(name));
    cargo.env("CARGO_TARGET_DIR", home.join("target"));
    let ended = run::run(&mut cargo, LIMIT, Output::Keep);
    match ended.verdict {
        Verdict::Passed => Ok(ended.time),
        Verdict::Killed => Err(format!("cargo {command} of {name} did not end")),
        Verdict::Failed | Verdict::Absent => {
            Err(format!("cargo {command} of {name} failed\n{}", ended.text))
        }
    }
}

fn write(dir: &Path, name: &str, smart: bool, functions: u32) -> std::io::Result<()> {
    fs::create_dir_all(dir.join("src"))?;
    let root = crate::root();
    let bridge = root.join("bridge");
    let manifest = format!(
        "[package]\nname = \"compile-time-{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nbridge = {{ path = '{}' }}\ntokio = {{ version = \"1\", features = [\"rt\"] }}\n\n\
         [workspace]\n",
        bridge.display()
    );
    fs::write(dir.join("Cargo.toml"), manifest)?;
    fs::copy(root.join("Cargo.lock"), dir.join("Cargo.lock"))?;
    fs::write(dir.join("src/lib.rs"), source(smart, functions))
}

/// Returns the source of a crate: the functions, and a function that calls each of them.
fn source(smart: bool, functions: u32) -> String {
    let mut text = String::from("#![allow(clippy::all, unused_must_use)]\n");
    let mut calls = String::new();
    for (i, (form, arguments)) in (0..functions).zip(FORMS.into_iter().cycle()) {
        if smart {
            text += "#[bridge::smartasync]\n";
        }
        let _ = writeln!(text, "pub {}", form.replace("{i}", &i.to_string()));
        let how = match (smart, form.starts_with("async")) {
            (_, true) => ".await",
            (true, false) => ".wait()",
            (false, false) => "",
        };
        let _ = writeln!(calls, "    f{i}{arguments}{how};");
    }
    text + "pub async fn calls() {\n" + &calls + "}\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crates_differ_in_the_attribute_and_the_waits() {
        let (plain, smart) = (source(false, 12), source(true, 12));
        assert_eq!(
            plain.matches("pub fn f").count() + plain.matches("pub async fn f").count(),
            12
        );
        assert_eq!(smart.matches("#[bridge::smartasync]\n").count(), 12);
        assert_eq!(smart.matches(".wait()").count(), 8);
        let undone = smart
            .replace("#[bridge::smartasync]\n", "")
            .replace(".wait()", "");
        assert_eq!(undone, plain);
    }

    #[test]
    fn medians() {
        let ms = Duration::from_millis;
        assert_eq!(format!("{:.0}", median(&mut [ms(9), ms(1), ms(5)])), "5");
        assert!(median(&mut []).is_nan());
    }
}
