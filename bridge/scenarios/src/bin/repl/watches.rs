//! The background tasks: they run between the prompts and beside the calls.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{task::JoinHandle, time::interval};

use crate::service::Service;

/// The background tasks of the session, in order of their start.
#[derive(Default)]
pub struct Watches(Vec<Watch>);

struct Watch {
    item: u32,
    ticks: Arc<AtomicU32>,
    task: JoinHandle<()>,
}

impl Watches {
    /// Starts a task that fetches an item again and again. Returns its number.
    pub fn start(&mut self, service: &Service, item: u32, every: Duration) -> usize {
        let ticks = Arc::new(AtomicU32::new(0));
        let (service, count) = (service.clone(), Arc::clone(&ticks));
        let task = bridge::spawn(async move {
            let mut clock = interval(every.max(Duration::from_millis(1)));
            loop {
                clock.tick().await;
                if service.get(item).await.is_ok() {
                    count.fetch_add(1, Relaxed);
                }
            }
        });
        self.0.push(Watch { item, ticks, task });
        self.0.len()
    }

    /// Returns a line for each task.
    pub fn list(&self) -> String {
        if self.0.is_empty() {
            return "no watches".to_owned();
        }
        let lines: Vec<_> = (1..)
            .zip(&self.0)
            .map(|(number, w)| w.line(number))
            .collect();
        lines.join("\n")
    }

    /// Stops a task. The text says whether there was such a task.
    pub fn stop(&self, number: usize) -> String {
        match number.checked_sub(1).and_then(|index| self.0.get(index)) {
            Some(watch) => {
                watch.task.abort();
                format!("watch {number} is told to stop")
            }
            None => format!("error: there is no watch {number}"),
        }
    }

    /// Stops all tasks. Returns how often they ticked.
    pub fn stop_all(&self) -> u32 {
        for watch in &self.0 {
            watch.task.abort();
        }
        self.0.iter().map(|watch| watch.ticks.load(Relaxed)).sum()
    }
}

impl Watch {
    fn line(&self, number: usize) -> String {
        let state = if self.task.is_finished() {
            "stopped"
        } else {
            "running"
        };
        let ticks = self.ticks.load(Relaxed);
        format!(
            "watch {number} of item {}: {ticks} ticks, {state}",
            self.item
        )
    }
}
