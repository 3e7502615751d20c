//! P20: an offload that carries the current span, beside one that carries none.
//!
//! Both bridges are alike but for `carry_span(false)`, and take turns. The first row is
//! measured before the process has a subscriber, the second after.

use bench_suite::{
    lines,
    rounds::{Candidate, medians, ns_each},
    settings,
    wanted::Wanted,
    workload::{
        live, offload, run,
        way::{Ours, Way},
    },
};
use bridge::Bridge;
use tokio::runtime::Runtime;
use tracing::{Instrument as _, Span};

/// The offloads of one measurement.
const COUNT: u64 = 20_000;

fn main() -> Result<(), regex::Error> {
    let wanted = Wanted::from_args()?;
    let runtime = run::multi_thread();
    if wanted.group("P20-none") {
        measure("P20-none", &runtime, &Span::none());
    }
    if wanted.group("P20-span") {
        live::subscribe();
        measure("P20-span", &runtime, &live::span());
    }
    Ok(())
}

fn measure(group: &str, runtime: &Runtime, span: &Span) {
    let without = Bridge::builder().carry_span(false).build();
    let without = Ours(without.expect("a bridge"));
    let figures = medians(
        settings::budget(),
        &mut [
            candidate(Ours::NAME, Ours::global(), runtime, span),
            candidate("offload_without_context", without, runtime, span),
        ],
    );
    for (who, figure) in figures {
        lines::count(group, who, figure);
    }
}

/// Measures nanoseconds per offload, one after the other, in a task that is in the span.
fn candidate<'a>(
    name: &'static str,
    way: Ours,
    runtime: &'a Runtime,
    span: &'a Span,
) -> Candidate<'a> {
    Candidate::new(name, move || {
        let way = way.clone();
        let operation = move |number| offload::one(&way, number);
        let all = run::repeat_async(COUNT, operation).instrument(span.clone());
        let task = runtime.spawn(all);
        ns_each(runtime.block_on(task).expect("a job does not panic"), COUNT)
    })
}
