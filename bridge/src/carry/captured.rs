//! The carriers of a bridge, and the context that they have captured for one closure or
//! task.

use std::{
    fmt, mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
    thread,
};

use offload_pool::Config;

use super::{captured_span::CapturedSpan, carrier::Carrier, span};

/// The carriers of a bridge. A pool without a bridge has the default: it carries the span.
#[derive(Clone)]
pub(crate) struct Carriers {
    /// Whether the current `tracing` span is carried.
    pub(crate) span: bool,
    /// The user's carriers, in the order in which they were given.
    own: Vec<Arc<dyn AnyCarrier>>,
}

impl Default for Carriers {
    fn default() -> Self {
        Self {
            span: true,
            own: Vec::new(),
        }
    }
}

impl Carriers {
    pub(crate) fn add(&mut self, carrier: impl Carrier) {
        self.own.push(Arc::new(carrier));
    }

    /// Returns these carriers as the value that the pool hands to [`Captured::here`].
    ///
    /// The default carriers are an empty [`Config`], so that a submission need not follow a
    /// pointer to find them.
    pub(crate) fn into_config(self) -> Config {
        if self.span && self.own.is_empty() {
            Config::default()
        } else {
            Config::new(self)
        }
    }

    /// Captures the contexts of the user's carriers, the innermost first.
    #[cold]
    fn capture_layers(&self) -> Layers {
        let mut layers = None;
        for carrier in self.own.iter().rev() {
            layers = Arc::clone(carrier).capture_around(layers);
        }
        layers
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
/// Every job has room for one, so this takes two words. A span of the process's subscriber
/// alone needs no allocation.
pub struct Captured(Contents);

enum Contents {
    Span(CapturedSpan),
    Layers(Box<SpanAndLayers>),
}

/// A context to which the user's carriers have added something.
struct SpanAndLayers {
    span: Option<CapturedSpan>,
    outermost: Box<dyn Layer>,
}

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
        let span = (carries_span && span::is_logging())
            .then(CapturedSpan::current)
            .flatten();
        let contents = match carriers.and_then(Carriers::capture_layers) {
            None => Contents::Span(span?),
            Some(outermost) => Contents::Layers(Box::new(SpanAndLayers { span, outermost })),
        };
        Some(Self(contents))
    }

    fn span(&self) -> Option<&CapturedSpan> {
        match &self.0 {
            Contents::Span(span) => Some(span),
            Contents::Layers(both) => both.span.as_ref(),
        }
    }

    /// Runs `body` in this context, which takes the place of the thread's own.
    ///
    /// The span is entered first, so that the log lines of a carrier belong to it.
    #[inline]
    pub(crate) fn enter<R>(captured: Option<&Self>, body: impl FnOnce() -> R) -> R {
        let span = captured.and_then(Self::span);
        span::within(span, || match captured {
            Some(Self(Contents::Layers(both))) => enter_layers(&*both.outermost, body),
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

/// The captured contexts of the user's carriers, as the outermost layer. `None` if no
/// carrier has captured anything.
type Layers = Option<Box<dyn Layer>>;

/// A captured context without its type, around the context of the next carrier.
trait Layer: Send {
    /// Runs `body` in this context and in the inner ones. `body` does not unwind.
    fn enter(&self, body: &mut dyn FnMut());
}

/// The layer of a carrier.
struct TypedLayer<C: Carrier> {
    carrier: Arc<C>,
    context: C::Context,
    inner: Layers,
}

impl<C: Carrier> Layer for TypedLayer<C> {
    fn enter(&self, body: &mut dyn FnMut()) {
        self.carrier.enter(&self.context, || match &self.inner {
            None => body(),
            Some(inner) => inner.enter(body),
        });
    }
}

/// A carrier without its type.
trait AnyCarrier: Send + Sync {
    /// Captures the context of this thread, and puts it around the inner ones.
    fn capture_around(self: Arc<Self>, inner: Layers) -> Layers;
}

impl<C: Carrier> AnyCarrier for C {
    fn capture_around(self: Arc<Self>, inner: Layers) -> Layers {
        match self.capture() {
            None => inner,
            Some(context) => Some(Box::new(TypedLayer {
                carrier: self,
                context,
                inner,
            })),
        }
    }
}

/// Runs `body` inside the layers, and returns its value.
///
/// A panic of `body` does not pass through the carriers: a carrier that is not written for
/// panics would leave its context on the thread.
fn enter_layers<R>(outermost: &dyn Layer, body: impl FnOnce() -> R) -> R {
    let mut state = Body::Ready(body);
    outermost.enter(&mut || {
        if let Body::Ready(body) = mem::replace(&mut state, Body::Running) {
            state = Body::Ended(catch_unwind(AssertUnwindSafe(body)));
        }
    });
    match state {
        Body::Ended(Ok(value)) => value,
        Body::Ended(Err(payload)) => resume_unwind(payload),
        Body::Ready(_) | Body::Running => {
            unreachable!("`Carrier::enter` returns what only its body can make")
        }
    }
}

/// The progress of the closure that [`enter_layers`] runs.
enum Body<F, R> {
    Ready(F),
    Running,
    Ended(thread::Result<R>),
}
