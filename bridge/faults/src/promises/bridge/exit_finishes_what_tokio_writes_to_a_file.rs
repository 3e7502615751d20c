//! A `tokio::fs::File` that a wait wrote is complete although the process exits at
//! once.

use std::{env, fs};

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

use tokio::{fs::File, io::AsyncWriteExt};

const BYTES: usize = 4 << 20;

pub(crate) fn run() {
    if let Some(path) = part() {
        async {
            let mut file = File::create(path).await.unwrap();
            for _ in 0..64 {
                file.write_all(&vec![7; BYTES / 64]).await.unwrap();
            }
        }
        .wait();
        return;
    }
    let path = env::temp_dir().join(format!("bridge-faults-{}", std::process::id()));
    for _ in 0..5 {
        let ended = run_part(&path.to_string_lossy());
        let length = fs::metadata(&path).map_or(0, |file| file.len());
        let _done_with = fs::remove_file(&path);
        assert_eq!((ended.code, length), (Some(0), BYTES as u64), "{ended:?}");
    }
}
