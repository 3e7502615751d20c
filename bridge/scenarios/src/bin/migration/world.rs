//! The price server and the files that the shop's functions use.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::Arc,
    thread,
    time::Duration,
};

use tempfile::TempDir;

/// The goods. The price and the stock of each follow from its place.
pub const ITEMS: [&str; 3] = ["coffee", "sugar", "tea"];

/// The time that the price server takes for an answer.
const THINKING: Duration = Duration::from_millis(5);

/// Where the shop's functions find prices and stocks. Clones share the files.
#[derive(Clone, Debug)]
pub struct Shop {
    /// A server that answers the name of an item with its price.
    pub prices: SocketAddr,
    /// A directory with a file for each item. The file says how many there are.
    pub files: PathBuf,
    _directory: Arc<TempDir>,
}

impl Shop {
    /// Starts the price server and writes the files.
    pub fn open() -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        for (place, item) in ITEMS.iter().enumerate() {
            fs::write(directory.path().join(item), format!("{}\n", 10 + place))?;
        }
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let prices = listener.local_addr()?;
        thread::spawn(move || {
            for visitor in listener.incoming().map_while(Result::ok) {
                // A visitor that leaves early gets no answer.
                thread::spawn(move || answer(visitor).ok());
            }
        });
        Ok(Self {
            prices,
            files: directory.path().to_owned(),
            _directory: Arc::new(directory),
        })
    }
}

/// Reads the name of an item, and answers with its price.
fn answer(mut visitor: TcpStream) -> io::Result<()> {
    let mut item = String::new();
    BufReader::new(&visitor).read_line(&mut item)?;
    thread::sleep(THINKING);
    match ITEMS.iter().position(|known| *known == item.trim()) {
        Some(place) => writeln!(visitor, "{}", 100 + place),
        None => writeln!(visitor, "no such item"),
    }
}

/// Reads the number in a file or in an answer.
pub fn number(text: &str) -> io::Result<u32> {
    let number = text.trim().parse();
    number.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("no number: {text}")))
}
