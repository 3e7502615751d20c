//! A server with the mixed load of a service: its handlers wait for an async operation
//! and for a blocking one.

use std::{hint::black_box, io, net::SocketAddr, time::Duration};

use axum::{Router, extract::State, routing::get};
use tokio::{net::TcpListener, runtime::Runtime};

use super::way::Way;

/// The async part of a request: another service takes this long to answer.
const UPSTREAM: Duration = Duration::from_millis(1);

/// The blocking part of a request, in steps of [`work`]: some 100 to 200 µs.
pub const STEPS: u64 = 100_000;

/// Computes `steps` steps that no compiler can leave out.
#[must_use]
pub fn work(steps: u64) -> u64 {
    (0..steps).fold(0x9e37_79b9, |state: u64, step| {
        black_box(
            (state ^ step)
                .wrapping_mul(0x0100_0000_01b3)
                .rotate_left(13),
        )
    })
}

/// Starts to serve on any free port, in tasks of `runtime`.
///
/// # Errors
///
/// Returns an error if there is no free port.
pub fn serve<W: Way>(runtime: &Runtime, way: W, steps: u64) -> io::Result<SocketAddr> {
    let router = Router::new()
        .route("/", get(answer::<W>))
        .with_state((way, steps));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    runtime.spawn(async { axum::serve(listener, router).await });
    Ok(address)
}

async fn answer<W: Way>(State((way, steps)): State<(W, u64)>) -> String {
    tokio::time::sleep(UPSTREAM).await;
    let result = way.run(move || work(steps)).await;
    result.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_depends_on_every_step() {
        assert_eq!(work(3), work(3));
        assert_ne!(work(3), work(4));
    }
}
