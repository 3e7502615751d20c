//! The sync server: a thread for each request, which waits for an async service.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
    time::Duration,
};

use bridge::WaitError;
use tiny_http::{Request, Response, Server};

use crate::{Failure, remote::Remote};

/// The longest time that a request may take, on a machine with much else to do.
const LIMIT: Duration = Duration::from_mins(1);

/// Serves until somebody calls `server.unblock()`. Returns the number of requests, after the
/// last has its answer.
pub fn serve(server: &Server, remote: &Remote) -> u32 {
    let answered = AtomicU32::new(0);
    thread::scope(|scope| {
        for request in server.incoming_requests() {
            scope.spawn(|| {
                answer(request, remote);
                answered.fetch_add(1, Relaxed);
            });
        }
    });
    // These came too late.
    while let Ok(Some(request)) = server.try_recv() {
        respond(request, 503, "the server stops");
    }
    answered.into_inner()
}

fn answer(request: Request, remote: &Remote) {
    let (status, text) = match order(request.url(), remote) {
        Ok(answer) => answer,
        Err(error) => (502, format!("the back failed: {error}")),
    };
    respond(request, status, &text);
}

fn respond(request: Request, status: u16, text: &str) {
    // The client may have gone, which is no fault of this server.
    let _gone = request.respond(Response::from_string(text).with_status_code(status));
}

/// Answers `/order/ITEM/CURRENCY`. This is plain sync code that waits for an async call.
fn order(path: &str, remote: &Remote) -> Result<(u16, String), Failure> {
    let Some(order) = path.strip_prefix("/order/") else {
        return Ok((404, "try /order/7/chf".to_owned()));
    };
    match remote.ask(&format!("/total/{order}")).wait_timeout(LIMIT) {
        Ok(total) => Ok((200, format!("you pay {}", total?))),
        Err(WaitError::TimedOut { .. }) => Ok((504, "the back is too slow".to_owned())),
        Err(error) => Err(error.into()),
    }
}
