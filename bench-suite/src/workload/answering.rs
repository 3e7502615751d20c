//! A server that answers at once, in a process of its own.
//!
//! It serves the benches that measure what a request costs the client.

use std::{
    io,
    net::{AddrParseError, SocketAddr},
};

use axum::{Router, routing::get};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
};

use crate::helper::{Helper, obey};

/// The server's answer to an HTTP request.
pub const TEXT: &str = "hello";

/// The length of a message over TCP, in bytes. The server sends each message back.
pub const MESSAGE: usize = 32;

/// The role of a helper that calls [`run`].
pub const ANSWERING: &str = "answering";

/// The addresses on which the server listens.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// The address that speaks HTTP.
    pub http: SocketAddr,
    /// The address that sends each message back.
    pub tcp: SocketAddr,
}

impl Addresses {
    /// Returns the URL that an HTTP client requests.
    #[must_use]
    pub fn url(self) -> String {
        format!("http://{}/", self.http)
    }
}

/// Starts to serve on any free ports, in tasks of `runtime`.
///
/// # Errors
///
/// Returns an error if there are no free ports.
pub fn serve(runtime: &Runtime) -> io::Result<Addresses> {
    let bind = || runtime.block_on(TcpListener::bind("127.0.0.1:0"));
    let (http, tcp) = (bind()?, bind()?);
    let addresses = Addresses {
        http: http.local_addr()?,
        tcp: tcp.local_addr()?,
    };
    let hello = Router::new().route("/", get(async || TEXT));
    runtime.spawn(async { axum::serve(http, hello).await });
    runtime.spawn(async move {
        while let Ok((stream, _)) = tcp.accept().await {
            // The connection ends with an error when its client closes it.
            tokio::spawn(echo(stream));
        }
    });
    Ok(addresses)
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut message = [0; MESSAGE];
    loop {
        stream.read_exact(&mut message).await?;
        stream.write_all(&message).await?;
    }
}

/// Runs the server on one thread, until there are no more orders. Only a helper calls
/// this.
///
/// # Errors
///
/// Returns an error if the server can't be started, or if the bench has ended.
pub fn run() -> io::Result<()> {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).enable_all().build()?;
    let Addresses { http, tcp } = serve(&runtime)?;
    obey(|_| format!("{http} {tcp}"))
}

/// Asks a helper in the role [`ANSWERING`] where it listens.
///
/// # Errors
///
/// Returns an error if the helper has ended.
pub fn addresses(helper: &mut Helper) -> io::Result<Addresses> {
    let answer = helper.ask("addresses")?;
    let parse = |text: &str| {
        text.parse()
            .map_err(|why: AddrParseError| io::Error::other(why))
    };
    let (http, tcp) = answer.split_once(' ').unwrap_or_default();
    Ok(Addresses {
        http: parse(http)?,
        tcp: parse(tcp)?,
    })
}
