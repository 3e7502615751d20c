//! Checks that Prometheus gets each figure of a bridge, with the bridge's name.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use bridge::{Bridge, Wait};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::PrometheusBuilder;
use testkit::within;

/// Publishes the figures of these bridges, and returns them as Prometheus reads them.
///
/// It publishes twice, as before two scrapes. So a count that is added to the one before
/// shows.
fn published(bridges: &[&Bridge]) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, || {
        for bridge in bridges.iter().chain(bridges) {
            bridge.publish_metrics();
        }
    });
    recorder.handle().render()
}

/// Returns the value of the series with this name and these labels.
fn value(text: &str, series: &str) -> f64 {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(series));
    let value = lines
        .next()
        .unwrap_or_else(|| panic!("no {series} in {text}"));
    value.trim().parse().unwrap()
}

fn bridge(name: &str, timings: bool) -> Bridge {
    let builder = Bridge::builder().name(name).max_threads(2);
    builder.timings(timings).build().unwrap()
}

#[test]
fn each_figure_is_published_with_the_name_of_its_bridge() {
    within(|| {
        let (db, mail) = (bridge("db", true), bridge("mail", false));
        for _ in 0..3 {
            db.offload(|| ()).wait();
        }
        assert!(
            db.offload(|| panic!("on purpose"))
                .outcome()
                .wait()
                .is_err()
        );
        mail.offload(|| ()).wait();
        let text = published(&[&db, &mail]);
        for (series, expected) in [
            ("bridge_completed_total{pool=\"db\"}", 3.0),
            ("bridge_panicked_total{pool=\"db\"}", 1.0),
            ("bridge_cancelled_total{pool=\"db\"}", 0.0),
            ("bridge_rejected_total{pool=\"db\"}", 0.0),
            ("bridge_completed_total{pool=\"mail\"}", 1.0),
            ("bridge_peak_threads{pool=\"mail\"}", 1.0),
            ("bridge_ran_for_total{pool=\"db\"}", 4.0),
            ("bridge_queued_for_total{pool=\"db\"}", 4.0),
        ] {
            assert!(
                (value(&text, series) - expected).abs() < 0.1,
                "{series} in {text}"
            );
        }
        for field in ["threads", "idle", "running", "blocked", "queued", "backlog"] {
            let _value = value(&text, &format!("bridge_{field}{{pool=\"mail\"}}"));
        }
        for field in ["peak_queued", "peak_blocked", "ran_for_seconds_mean"] {
            let _value = value(&text, &format!("bridge_{field}{{pool=\"db\"}}"));
        }
        for help in [
            "idle workers without a job",
            "completed_total ",
            "ran_for_seconds ",
            "ran_for_seconds_mean ",
            "ran_for_total jobs that were measured",
        ] {
            let line = format!("# HELP bridge_{help}");
            assert!(text.contains(&line), "{line:?} in {text}");
        }
    });
}

/// Otherwise a dashboard explains a figure by the text of another one.
#[test]
fn each_figure_is_described() {
    within(|| {
        let db = bridge("db", true);
        db.offload(|| ()).wait();
        let text = published(&[&db]);
        let helps = text.lines().filter_map(|line| line.strip_prefix("# HELP "));
        let helps: BTreeSet<_> = helps.collect();
        let (queued, ran) = (
            "the time from the admission to the start of a job",
            "the time from the start to the end of a job",
        );
        let cancelled = "jobs that never started, apart from those that `rejected` counts";
        let expected = [
            ("threads", "workers"),
            ("idle", "workers without a job"),
            ("running", "jobs that run"),
            ("blocked", "workers parked in a wait"),
            ("queued", "jobs in the queue"),
            ("backlog", "jobs that wait for room in the queue"),
            ("peak_threads", "the most workers at a time"),
            ("peak_queued", "the most jobs in the queue at a time"),
            (
                "peak_blocked",
                "the most workers parked in a wait at a time",
            ),
            ("completed_total", "jobs that returned"),
            ("cancelled_total", cancelled),
            ("panicked_total", "jobs that panicked"),
            ("rejected_total", "jobs that were not admitted"),
            ("queued_for_seconds", queued),
            ("queued_for_seconds_mean", queued),
            ("queued_for_total", "jobs that were measured"),
            ("ran_for_seconds", ran),
            ("ran_for_seconds_mean", ran),
            ("ran_for_total", "jobs that were measured"),
        ];
        let expected = expected.map(|(name, help)| format!("bridge_{name} {help}"));
        assert_eq!(helps, expected.iter().map(String::as_str).collect());
    });
}

#[test]
fn the_percentiles_are_published_if_the_bridge_measures() {
    within(|| {
        let (db, mail) = (bridge("db", true), bridge("mail", false));
        db.offload(|| std::thread::sleep(std::time::Duration::from_millis(20)))
            .wait();
        let text = published(&[&db, &mail]);
        for quantile in ["0.5", "0.9", "0.99", "0.999", "1"] {
            let series = format!("bridge_ran_for_seconds{{pool=\"db\",quantile=\"{quantile}\"}}");
            assert!(
                value(&text, &series) >= 0.02 * 31.0 / 32.0,
                "{series} in {text}"
            );
        }
        assert!(!text.contains("for_seconds{pool=\"mail\""), "{text}");
    });
}

/// A job in ten, in a hundred and in a thousand takes longer than the others.
#[test]
fn each_percentile_and_the_mean_are_what_the_bridge_has_measured() {
    within(|| {
        let db = bridge("db", true);
        for (count, millis) in [(1700, 0), (200, 1), (96, 3), (3, 9), (1, 27)] {
            for _ in 0..count {
                db.offload(move || std::thread::sleep(std::time::Duration::from_millis(millis)))
                    .wait();
            }
        }
        let text = published(&[&db]);
        let ran = db.metrics().ran_for.unwrap();
        for (label, time) in [
            ("_seconds{pool=\"db\",quantile=\"0.5\"}", ran.p50),
            ("_seconds{pool=\"db\",quantile=\"0.9\"}", ran.p90),
            ("_seconds{pool=\"db\",quantile=\"0.99\"}", ran.p99),
            ("_seconds{pool=\"db\",quantile=\"0.999\"}", ran.p999),
            ("_seconds{pool=\"db\",quantile=\"1\"}", ran.max),
            ("_seconds_mean{pool=\"db\"}", ran.mean),
        ] {
            let published = value(&text, &format!("bridge_ran_for{label}"));
            assert!(
                (published - time.as_secs_f64()).abs() < 1e-9,
                "{label} {time:?} in {text}"
            );
        }
    });
}

/// The next scrape replaces the figures of the one before.
#[test]
fn a_figure_that_goes_down_is_published_as_it_is() {
    within(|| {
        let db = bridge("db", false);
        let recorder = PrometheusBuilder::new().build_recorder();
        let publish = || {
            metrics::with_local_recorder(&recorder, || db.publish_metrics());
            value(&recorder.handle().render(), "bridge_running{pool=\"db\"}")
        };
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let (here, there) = std::sync::mpsc::channel();
        let blocked = db.offload(move || {
            here.send(()).unwrap();
            gate.recv().is_err()
        });
        let blocked = blocked.start();
        there.recv().unwrap();
        assert!((publish() - 1.0).abs() < 0.1);
        drop(open);
        assert!(blocked.wait());
        assert!(publish().abs() < 0.1);
    });
}

/// Otherwise each query needs a label that says nothing.
#[test]
fn a_bridge_without_a_name_has_no_label() {
    within(|| {
        let bridge = Bridge::builder().timings(true).build().unwrap();
        bridge.wait(bridge.offload(|| ()));
        let text = published(&[&bridge]);
        let completed = value(&text, "bridge_completed_total ");
        assert!((completed - 1.0).abs() < 0.1, "{text}");
        assert!(!text.contains("pool="), "{text}");
    });
}

/// Keeps the unit of each figure.
#[derive(Default)]
struct Units(Mutex<BTreeMap<String, Option<Unit>>>);

impl Units {
    fn note(&self, name: &KeyName, unit: Option<Unit>) {
        let name = name.as_str().to_owned();
        self.0.lock().unwrap().insert(name, unit);
    }
}

impl Recorder for Units {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.note(&name, unit);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.note(&name, unit);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.note(&name, unit);
    }

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Otherwise an exporter that shows units shows times that are a thousand times too short.
#[test]
fn each_figure_has_its_unit() {
    within(|| {
        let db = bridge("db", true);
        db.offload(|| ()).wait();
        let recorder = Units::default();
        metrics::with_local_recorder(&recorder, || db.publish_metrics());
        let units = recorder.0.lock().unwrap();
        // 13 counts, and three series of each of the two timings.
        assert_eq!(units.len(), 13 + 2 * 3, "{units:?}");
        for (name, unit) in &*units {
            let is_time = name.ends_with("_seconds") || name.ends_with("_seconds_mean");
            let expected = if is_time { Unit::Seconds } else { Unit::Count };
            assert_eq!(*unit, Some(expected), "{name}");
        }
    });
}
