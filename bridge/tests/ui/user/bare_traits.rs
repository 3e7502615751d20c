use bridge::smartasync;

#[smartasync]
fn source(x: u8) -> std::io::Read + Send {
    x
}

#[smartasync]
async fn source_async(x: u8) -> std::io::Read + Send {
    x
}

fn main() {}
