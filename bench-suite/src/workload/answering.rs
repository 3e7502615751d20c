//! A server that answers at once, in a process of its own: for whoever measures what
//! the client's side costs.

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

/// What the server answers to an HTTP request.
pub const TEXT: &str = "hello";

/// How many bytes a message over TCP has. The server sends each back.
pub const MESSAGE: usize = 32;

/// The role of [`run`].
pub const ANSWERING: &str = "answering";

/// Where the server listens.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// This one speaks HTTP.
    pub http: SocketAddr,
    /// Messages that are sent here come back.
    pub tcp: SocketAddr,
}

impl Addresses {
    /// What an HTTP client asks for.
    #[must_use]
    pub fn url(self) -> String {
        format!("http://{}/", self.http)
    }
}

/// Serves in tasks of `runtime`, on any free ports.
///
/// # Errors
///
/// If there are none.
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
            // A connection ends with an error when its client has gone.
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

/// In a helper: the server on one thread, until there are no more orders.
///
/// # Errors
///
/// If the server can't be started, or the bench has ended.
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
/// If it has ended.
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
