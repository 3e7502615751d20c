//! A job, a task of home or a wait may call `exit`, which waits for the other jobs but
//! not for that job or for those that wait for it.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

fn exits(part: &str) {
    let builder = Bridge::builder().exit_grace(Duration::from_mins(10));
    builder.install_global().unwrap();
    bridge::offload(|| {
        thread::sleep(Duration::from_millis(60));
        println!("other");
    })
    .detach();
    match part {
        "a job" => bridge::offload(|| exit(0)).wait(),
        "an inner job" => bridge::offload(|| bridge::offload(|| exit(0)).wait()).wait(),
        "a task" => {
            let _task = bridge::spawn(async { exit(0) });
            thread::sleep(Duration::from_mins(10));
        }
        "a blocking task" => async { spawn_blocking(|| exit(0)).await.unwrap() }.wait(),
        _ => async {
            yield_now().await;
            exit(0)
        }
        .wait(),
    }
}

pub(crate) fn run() {
    if let Some(part) = part() {
        return exits(&part);
    }
    for part in [
        "a job",
        "an inner job",
        "a task",
        "a blocking task",
        "a wait",
    ] {
        let ended = run_part(part);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(0), "other\n"),
            "{part}: {ended:?}"
        );
    }
}
