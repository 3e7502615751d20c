//! Prints a program, so that a failure can be read.

use std::fmt;

use crate::program::{Event, Job, Op, Program, Size};

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.size {
            Size::Unsized => write!(f, "a pool of the default size")?,
            Size::Sized {
                max_threads,
                max_blocked_threads,
                queue_capacity,
            } => write!(
                f,
                "a pool of {max_threads}+{max_blocked_threads} with a queue of {queue_capacity}"
            )?,
        }
        for (resource, count) in self.resources.iter().enumerate() {
            match count {
                1 => write!(f, ", {resource} is a mutex")?,
                _ => write!(f, ", {resource} is {count} connections")?,
            }
        }
        for (event, kind) in self.events.iter().enumerate() {
            if let Event::Barrier(width) = kind {
                write!(f, ", {event} is a barrier of {width}")?;
            }
        }
        for alike in self.roots.chunk_by(|one, next| one == next) {
            if alike.len() > 1 {
                line(f, 1, format_args!("{} jobs like this:", alike.len()))?;
            }
            alike[0].print(f, 1)?;
        }
        Ok(())
    }
}

// Proptest prints a failing program with this.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Job {
    fn print(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        line(f, depth, format_args!("job {}", self.number))?;
        print(&self.block, f, depth + 1)
    }
}

fn print(block: &[Op], f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
    for op in block {
        match op {
            Op::Hold(resource, block) => {
                line(f, depth, format_args!("hold {resource}"))?;
                print(block, f, depth + 1)?;
            }
            Op::Wait { pause, how, jobs } => {
                let pause = if *pause { "pause, then " } else { "" };
                line(f, depth, format_args!("wait: {pause}{how:?}"))?;
                jobs.iter().try_for_each(|job| job.print(f, depth + 1))?;
            }
            Op::Start(job, block) => {
                line(f, depth, format_args!("start"))?;
                job.print(f, depth + 1)?;
                print(block, f, depth)?;
                line(f, depth, format_args!("wait for job {}", job.number))?;
            }
            Op::HandOn(job) => {
                line(f, depth, format_args!("start, and hand on"))?;
                job.print(f, depth + 1)?;
            }
            Op::BlockFor(job) => {
                line(f, depth, format_args!("block for"))?;
                job.print(f, depth + 1)?;
            }
            Op::Arrive(event) => line(f, depth, format_args!("arrive at barrier {event}"))?,
            Op::Send(event) => line(f, depth, format_args!("send message {event}"))?,
            Op::Receive(event) => line(f, depth, format_args!("receive message {event}"))?,
        }
    }
    Ok(())
}

fn line(f: &mut fmt::Formatter<'_>, depth: usize, text: fmt::Arguments<'_>) -> fmt::Result {
    write!(f, "\n{:indent$}{text}", "", indent = 2 * depth)
}
