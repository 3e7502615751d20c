//! The offload of one blocking job.
//!
//! The job is an addition, so the figure is almost only the cost of the offload.

use super::way::Way;

/// The blocking job.
#[must_use]
pub fn job(number: u64) -> u64 {
    number.wrapping_add(1)
}

/// Offloads the job and returns its result.
pub fn one<W: Way>(way: &W, number: u64) -> impl Future<Output = u64> + Send + use<W> {
    way.run(move || job(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{run, way};

    #[test]
    fn every_way_does_the_job() {
        let all = async {
            assert_eq!(one(&way::Ours::global(), 1).await, 2);
            assert_eq!(one(&way::SpawnBlocking, 1).await, 2);
            assert_eq!(one(&way::Unblock, 1).await, 2);
            assert_eq!(one(&way::TokioRayon, 1).await, 2);
            assert_eq!(one(&way::Affinity::of(2), 1).await, 2);
        };
        testkit::within(|| run::multi_thread().block_on(all));
    }
}
