//! An await needs an owned copy of `self`.
use bridge::smartasync;

struct Connection;

impl Connection {
    #[smartasync]
    fn query(&self, sql: &str) -> usize {
        sql.len()
    }
}

async fn handler(connection: &Connection) -> usize {
    connection.query("select 1").wait();
    connection.query("select 1").await
}

fn main() {
    let _ = handler(&Connection);
}
