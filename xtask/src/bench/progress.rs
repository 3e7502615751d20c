//! The progress of a run in the terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Returns a line with a text and the time so far.
pub(super) fn spinner(message: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(message);
    started(bar, "{spinner} {elapsed} {wide_msg}")
}

/// Returns a bar over `groups` groups.
pub(super) fn bar(groups: usize) -> ProgressBar {
    let bar = ProgressBar::new(groups as u64);
    started(bar, "{spinner} [{bar:24}] {pos}/{len} {elapsed} {wide_msg}")
}

fn started(bar: ProgressBar, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the template");
    bar.set_style(style.progress_chars("━╸ "));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Returns a time to the second, for people.
pub(super) fn seconds(time: Duration) -> String {
    match time.as_secs() {
        secs @ 0..60 => format!("{secs} s"),
        secs => format!("{} min {} s", secs / 60, secs % 60),
    }
}
