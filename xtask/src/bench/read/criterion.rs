//! Reads Criterion's estimates: a median and its interval for each function.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::bench::{
    catalogue,
    figures::{Figure, Figures},
};

/// The part of `estimates.json` that this module needs.
#[derive(Deserialize)]
struct Estimates {
    median: Median,
}

#[derive(Deserialize)]
struct Median {
    point_estimate: f64,
    confidence_interval: Interval,
}

#[derive(Deserialize)]
struct Interval {
    lower_bound: f64,
    upper_bound: f64,
}

/// Reads all files that Criterion has written below `home`, which holds only this run's
/// figures.
pub(in crate::bench) fn criterion(home: &Path, figures: &mut Figures) {
    for directory in directories(home) {
        let Some(group) = name(&directory) else {
            continue;
        };
        let per = catalogue::row(&group).map_or(1.0, |row| row.unit.per());
        for function in directories(&directory) {
            let Some(who) = name(&function) else {
                continue;
            };
            if let Some(figure) = estimate(&function, per) {
                figures.set(&group, &who, figure);
            }
            // The files of a function with a parameter are one directory further down.
            for point in directories(&function) {
                let figure = estimate(&point, per);
                let x = name(&point).and_then(|name| name.parse().ok());
                if let (Some(x), Some(figure)) = (x, figure) {
                    figures.add_point(&group, &who, x, figure);
                }
            }
        }
    }
}

fn estimate(function: &Path, per: f64) -> Option<Figure> {
    let text = fs::read_to_string(function.join("new").join("estimates.json")).ok()?;
    median(&text, per)
}

fn median(json: &str, per: f64) -> Option<Figure> {
    let median = serde_json::from_str::<Estimates>(json).ok()?.median;
    let Interval {
        lower_bound,
        upper_bound,
    } = median.confidence_interval;
    Some(Figure {
        value: median.point_estimate / per,
        interval: Some([lower_bound / per, upper_bound / per]),
    })
}

fn name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}

fn directories(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ESTIMATES: &str = r#"{
        "mean": {"point_estimate": 90.0, "confidence_interval": {"lower_bound": 80.0, "upper_bound": 99.0}},
        "median": {"point_estimate": 70.0, "confidence_interval": {"confidence_level": 0.95, "lower_bound": 60.0, "upper_bound": 80.0}}
    }"#;

    #[test]
    fn the_median_is_read_not_the_mean() {
        let figure = median(ESTIMATES, 10.0).expect("a median");
        assert_eq!((figure.value, figure.interval), (7.0, Some([6.0, 8.0])));
        assert_eq!(median("{}", 1.0), None);
    }

    #[test]
    fn functions_and_their_points_are_found() {
        let home = std::env::temp_dir().join(format!("bridge-estimates-{}", std::process::id()));
        for path in ["P10/bridge", "new/bridge/100", "new/bridge/odd"] {
            let directory = home.join(path).join("new");
            fs::create_dir_all(&directory).expect("a directory");
            fs::write(directory.join("estimates.json"), ESTIMATES).expect("a file");
        }
        let mut figures = Figures::default();
        criterion(&home, &mut figures);
        fs::remove_dir_all(&home).expect("the directory made above");
        // The row in the catalogue divides by a burst of ten thousand.
        assert_eq!(figures.ours("P10"), Some(0.007));
        let points = figures.points("new");
        assert_eq!(points.len(), 1);
        assert_eq!((points[0].x, points[0].figure.value), (100.0, 70.0));
    }
}
