//! Tries again after a pause, which doubles each time.

use std::time::Duration;

use tokio::time::sleep;

/// The number of attempts and the length of the pauses.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The number of attempts.
    pub attempts: u32,
    /// The pause after the first attempt.
    pub pause: Duration,
}

impl Backoff {
    /// Calls `attempt` until it succeeds. It is told the number of its call, from 1.
    ///
    /// # Errors
    ///
    /// Returns the error of the last attempt.
    ///
    /// # Cancel safety
    ///
    /// A drop of the future drops the attempt that runs.
    pub async fn run<T, E>(
        self,
        mut attempt: impl AsyncFnMut(u32) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut pause = self.pause;
        for number in 1..self.attempts {
            if let Ok(value) = attempt(number).await {
                return Ok(value);
            }
            sleep(pause).await;
            pause *= 2;
        }
        attempt(self.attempts).await
    }
}

#[cfg(test)]
mod tests {
    use bridge::Wait as _;
    use testkit::within;
    use tokio::time::Instant;

    use super::*;

    const HOURS: Backoff = Backoff {
        attempts: 5,
        pause: Duration::from_hours(1),
    };

    /// A plain test. Real time passes in it, so its pauses are short.
    #[test]
    fn the_first_success_ends_it() {
        let quick = Backoff {
            attempts: 5,
            pause: Duration::from_micros(1),
        };
        let attempt = async |number| if number == 3 { Ok(number) } else { Err(number) };
        assert_eq!(within(|| quick.run(attempt).wait()), Ok(3));
    }

    /// Fifteen hours pass here, in no time.
    #[tokio::test(start_paused = true)]
    async fn the_pauses_double() {
        let start = Instant::now();
        let mut times = Vec::new();
        let attempt = async |number| {
            times.push(start.elapsed().as_secs() / 3600);
            Err::<(), _>(number)
        };
        assert_eq!(HOURS.run(attempt).await, Err(5));
        assert_eq!(times, [0, 1, 3, 7, 15]);
    }

    /// The attempts block on the pool. Meanwhile the paused clock stands still, so the pauses
    /// are all that passes.
    #[tokio::test(start_paused = true)]
    async fn blocking_attempts_take_no_time() {
        let start = Instant::now();
        let attempt = async |number| {
            let slow = bridge::offload(|| std::thread::sleep(Duration::from_millis(20)));
            let in_time = tokio::time::timeout(Duration::from_mins(1), slow).await;
            in_time.expect("20 ms are less than a minute");
            Err::<(), _>(number)
        };
        assert_eq!(HOURS.run(attempt).await, Err(5));
        assert_eq!(start.elapsed(), Duration::from_hours(15));
    }
}
