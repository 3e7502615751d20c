//! The carriers of a bridge, and what they have captured for one closure or task.

use std::{
    fmt, mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
    thread,
};

use super::{
    Carrier,
    span::{self, Live},
};
use offload_pool::Config;

/// The carriers of a bridge. A pool without a bridge has the default.
#[derive(Clone)]
pub(crate) struct Carriers {
    pub(crate) span: bool,
    /// The user's carriers, in the order in which they were given.
    own: Vec<Arc<dyn AnyCarrier>>,
}

impl Carriers {
    pub(crate) fn add(&mut self, carrier: impl Carrier) {
        self.own.push(Arc::new(carrier));
    }

    /// Returns these carriers for a pool. The default needs no value, so that a submission
    /// finds it without a look into memory.
    pub(crate) fn into_config(self) -> Config {
        if self.span && self.own.is_empty() {
            Config::default()
        } else {
            Config::new(self)
        }
    }
}

impl Default for Carriers {
    fn default() -> Self {
        Self {
            span: true,
            own: Vec::new(),
        }
    }
}

impl fmt::Debug for Carriers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carriers")
            .field("span", &self.span)
            .field("own", &self.own.len())
            .finish()
    }
}

/// The context that a closure or a task takes along.
///
/// The span has its place in here, so that it takes no allocation of its own. This has no
/// room for more, because each job has room for this.
pub struct Captured(Kind);

enum Kind {
    Span(Live),
    Contexts(Box<Whole>),
}

/// A context that is more than a span.
struct Whole {
    span: Option<Live>,
    outermost: Box<dyn Layer>,
}

/// The contexts of the user's carriers: the outermost one, which holds the next, and so on.
type Contexts = Option<Box<dyn Layer>>;

impl Captured {
    /// Captures the context of this thread by the carriers that `config` holds. Returns
    /// `None` if there is nothing to carry.
    #[inline]
    pub(crate) fn here(config: &Config) -> Option<Self> {
        if config.is_set() || span::is_logging() {
            Self::capture(config)
        } else {
            None
        }
    }

    #[inline(never)]
    fn capture(config: &Config) -> Option<Self> {
        let carriers = config.get::<Carriers>();
        let carries_span = carriers.is_none_or(|carriers| carriers.span);
        let span = carries_span.then(span::current).flatten();
        let kind = match carriers.and_then(Carriers::capture) {
            None => Kind::Span(span?),
            Some(outermost) => Kind::Contexts(Box::new(Whole { span, outermost })),
        };
        Some(Self(kind))
    }

    fn span(&self) -> Option<&Live> {
        match &self.0 {
            Kind::Span(span) => Some(span),
            Kind::Contexts(whole) => whole.span.as_ref(),
        }
    }

    /// Runs `body` in this context, which takes the place of the thread's own.
    ///
    /// The span comes first, so that the logs of a carrier belong to it.
    #[inline]
    pub(crate) fn enter<R>(captured: Option<&Self>, body: impl FnOnce() -> R) -> R {
        let span = captured.and_then(Self::span);
        span::within(span, || match captured {
            Some(Self(Kind::Contexts(whole))) => enter_layer(&*whole.outermost, body),
            _ => body(),
        })
    }
}

impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captured")
            .field("span", &self.span())
            .finish_non_exhaustive()
    }
}

impl Carriers {
    /// Captures the contexts of the user's carriers, the innermost first.
    #[cold]
    fn capture(&self) -> Contexts {
        let mut contexts = None;
        for carrier in self.own.iter().rev() {
            contexts = Arc::clone(carrier).capture_around(contexts);
        }
        contexts
    }
}

/// A carrier without its type.
trait AnyCarrier: Send + Sync {
    /// Captures the context of this thread, and puts it around the inner ones.
    fn capture_around(self: Arc<Self>, inner: Contexts) -> Contexts;
}

impl<C: Carrier> AnyCarrier for C {
    fn capture_around(self: Arc<Self>, inner: Contexts) -> Contexts {
        match self.capture() {
            None => inner,
            Some(context) => Some(Box::new(Around {
                carrier: self,
                context,
                inner,
            })),
        }
    }
}

/// A captured context without its type.
trait Layer: Send {
    /// Runs `body` in this context and in the inner ones. `body` does not unwind.
    fn enter(&self, body: &mut dyn FnMut());
}

struct Around<C: Carrier> {
    carrier: Arc<C>,
    context: C::Context,
    inner: Contexts,
}

impl<C: Carrier> Layer for Around<C> {
    fn enter(&self, body: &mut dyn FnMut()) {
        self.carrier.enter(&self.context, || match &self.inner {
            None => body(),
            Some(inner) => inner.enter(body),
        });
    }
}

/// Runs `body` inside a layer, and returns its value. A panic of `body` does not pass
/// through the carriers: a carrier that is not written for panics would leave its context
/// on the thread.
fn enter_layer<R>(layer: &dyn Layer, body: impl FnOnce() -> R) -> R {
    let mut state = Run::Ready(body);
    layer.enter(&mut || {
        if let Run::Ready(body) = mem::replace(&mut state, Run::Begun) {
            state = Run::Over(catch_unwind(AssertUnwindSafe(body)));
        }
    });
    match state {
        Run::Over(Ok(value)) => value,
        Run::Over(Err(payload)) => resume_unwind(payload),
        Run::Ready(_) | Run::Begun => {
            unreachable!("`Carrier::enter` returns what only its body can make")
        }
    }
}

enum Run<F, R> {
    Ready(F),
    Begun,
    Over(thread::Result<R>),
}
