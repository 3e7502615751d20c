//! The attribute refuses a method that `#[async_trait]` has already rewritten.
use bridge::smartasync;

trait Get {
    #[smartasync]
    #[must_use]
    fn get<'life0, 'async_trait>(
        &'life0 self,
    ) -> std::pin::Pin<Box<dyn Future<Output = u8> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait;
}

struct One;

impl Get for One {
    #[smartasync]
    fn get<'life0, 'async_trait>(
        &'life0 self,
    ) -> std::pin::Pin<Box<dyn Future<Output = u8> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move { 1 })
    }
}

#[smartasync]
#[async_trait]
async fn below() -> u8 {
    1
}

fn main() {
    let _: u8 = One.get().wait() + below().wait();
}
