//! Checks the counts of threads and file descriptors.
//!
//! This program runs nothing else, so no other test changes the counts.

use std::{fs::File, sync::Barrier, thread, time::Duration};

use bench_suite::process::{Watch, descriptors, threads};
use testkit::within;

#[test]
fn threads_that_have_ended_and_open_files_are_counted() {
    within(|| {
        let here = threads();
        let watch = Watch::start();
        let (up, down) = (Barrier::new(9), Barrier::new(9));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (up.wait(), down.wait()));
            }
            up.wait();
            let looks = watch.looks();
            while watch.looks() < looks + 2 {
                thread::sleep(Duration::from_millis(1));
            }
            down.wait();
        });
        assert_eq!(watch.most(), here.map(|here| here + 8));

        let before = descriptors();
        let files: Vec<_> = (0..50)
            .map(|_| File::open(env!("CARGO_MANIFEST_PATH")).expect("this manifest"))
            .collect();
        assert_eq!(descriptors(), before.map(|before| before + files.len()));
        drop(files);
        assert_eq!(descriptors(), before);
    });
}
