//! `stock_async` has an async body too.

use std::io;

use bridge::smartasync;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::world::{Shop, number};

/// Asks the price server.
#[smartasync(blocking = price)]
pub async fn price_async(shop: &Shop, item: &str) -> io::Result<u32> {
    let mut server = tokio::net::TcpStream::connect(shop.prices).await?;
    server.write_all(format!("{item}\n").as_bytes()).await?;
    let mut answer = String::new();
    server.read_to_string(&mut answer).await?;
    number(&answer)
}

/// Reads the file of the item.
#[smartasync(blocking = stock)]
pub async fn stock_async(shop: &Shop, item: &str) -> io::Result<u32> {
    let text = tokio::fs::read_to_string(shop.files.join(item)).await?;
    number(&text)
}

/// Returns what a customer wants to know about an item.
#[smartasync(blocking = quote)]
pub fn quote_async(shop: &Shop, item: &str) -> io::Result<String> {
    let (price, stock) = (price(shop, item)?, stock(shop, item)?);
    Ok(format!("{item}: {price} cents, {stock} in stock"))
}
