//! One blocking job and back, through the bridge and through each peer.
//!
//! The job is an addition: what is left is the cost of the way there and back.

/// The job.
#[must_use]
pub fn job(number: u64) -> u64 {
    number.wrapping_add(1)
}

/// Through the bridge.
pub async fn bridge(number: u64) -> u64 {
    bridge::offload(move || job(number)).await
}

/// Through Tokio's own blocking pool.
///
/// # Panics
///
/// If the runtime is shut down meanwhile.
pub async fn spawn_blocking(number: u64) -> u64 {
    tokio::task::spawn_blocking(move || job(number))
        .await
        .expect("the job does not panic")
}

/// Through the `blocking` crate.
pub async fn unblock(number: u64) -> u64 {
    blocking::unblock(move || job(number)).await
}

/// Through `tokio-rayon`, a pool for computation.
pub async fn tokio_rayon(number: u64) -> u64 {
    tokio_rayon::spawn(move || job(number)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_way_does_the_job() {
        assert_eq!(bridge(1).await, 2);
        assert_eq!(spawn_blocking(1).await, 2);
        assert_eq!(unblock(1).await, 2);
        assert_eq!(tokio_rayon(1).await, 2);
    }
}
