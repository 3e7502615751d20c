//! Publishes the figures of a bridge through the `metrics` facade. The feature `metrics`
//! adds this module.
//!
//! The bridge publishes only when the program asks it to, for example before each scrape. So
//! a job pays nothing for it.

use metrics::{Label, Unit};
use offload_pool::{Figure, Timing, Value};

use crate::Bridge;

impl Bridge {
    /// Publishes the [figures](crate::Metrics) of this bridge's pool through the `metrics`
    /// facade, as they are now.
    ///
    /// Call it before each scrape, or at regular times. Nothing is published in between, so
    /// closures pay nothing. Publishing holds the pool up no longer than
    /// [`metrics`](Self::metrics) does.
    ///
    /// The name of each figure is `bridge_` and the name of its field. If the bridge has a
    /// [name](crate::Builder::name), the figure has it as the label `pool`.
    ///
    /// | fields | published as |
    /// |---|---|
    /// | `completed`, `cancelled`, `panicked`, `rejected` | counters, whose names end in `_total` |
    /// | `queued_for`, `ran_for`, if [timings](crate::Builder::timings) are on | gauges in seconds: `bridge_ran_for_seconds` with the label `quantile` for 0.5, 0.9, 0.99, 0.999 and 1 (the maximum), and `bridge_ran_for_seconds_mean`; the counter `bridge_ran_for_total` |
    /// | the others | gauges |
    ///
    /// # Corner cases
    ///
    /// - A series belongs to a name, not to a bridge. So give each bridge that you publish a
    ///   name of its own. If two bridges have the same name, or none, their gauges show the
    ///   bridge that was published last, and their counters the larger count.
    /// - A counter never falls. A bridge that is built again under its old name counts from
    ///   zero, so the published counters stand still until it has counted as far as the old
    ///   one. If your program rebuilds a bridge, give the new one another name.
    /// - The gauges of a bridge that has ended keep the last published values. Publish once
    ///   more after its [shutdown](Self::shutdown): then they show what is left of it.
    ///
    /// ```
    /// use bridge::Bridge;
    ///
    /// let db = Bridge::builder().name("db").build()?;
    /// // In the handler of `/metrics`, before the exporter renders:
    /// db.publish_metrics();
    /// # Ok::<(), bridge::BuildError>(())
    /// ```
    pub fn publish_metrics(&self) {
        let metrics = self.metrics();
        let name = metrics.name.as_str();
        let labels: Vec<_> = name
            .map(|name| Label::new("pool", name.to_owned()))
            .into_iter()
            .collect();
        for figure in metrics.figures() {
            publish(figure, &labels);
        }
    }
}

fn publish(Figure { name, what, value }: Figure, labels: &[Label]) {
    let name = format!("bridge_{name}");
    match value {
        Value::Gauge(value) => {
            metrics::describe_gauge!(name.clone(), Unit::Count, what);
            metrics::gauge!(name, labels.to_vec()).set(as_float(value));
        }
        Value::Counter(value) => {
            let name = format!("{name}_total");
            metrics::describe_counter!(name.clone(), Unit::Count, what);
            metrics::counter!(name, labels.to_vec()).absolute(value);
        }
        Value::Timing(timing) => publish_timing(&name, what, timing, labels),
    }
}

fn publish_timing(name: &str, what: &'static str, timing: Timing, labels: &[Label]) {
    let (seconds, mean) = (format!("{name}_seconds"), format!("{name}_seconds_mean"));
    metrics::describe_gauge!(seconds.clone(), Unit::Seconds, what);
    metrics::describe_gauge!(mean.clone(), Unit::Seconds, what);
    for (quantile, time) in [
        ("0.5", timing.p50),
        ("0.9", timing.p90),
        ("0.99", timing.p99),
        ("0.999", timing.p999),
        ("1", timing.max),
    ] {
        let labels = labels
            .iter()
            .cloned()
            .chain([Label::new("quantile", quantile)]);
        let labels: Vec<_> = labels.collect();
        metrics::gauge!(seconds.clone(), labels).set(time.as_secs_f64());
    }
    metrics::gauge!(mean, labels.to_vec()).set(timing.mean.as_secs_f64());
    let count = format!("{name}_total");
    metrics::describe_counter!(count.clone(), Unit::Count, "jobs that were measured");
    metrics::counter!(count, labels.to_vec()).absolute(timing.count);
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no pool has so many threads or jobs that a float can't count them"
)]
fn as_float(count: usize) -> f64 {
    count as f64
}
