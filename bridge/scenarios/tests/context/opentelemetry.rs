//! A user's own carrier: the context of OpenTelemetry, without `tracing`.

use ::opentelemetry::{
    Context,
    trace::{TraceContextExt as _, Tracer as _},
};
use bridge::Carrier;
use testkit::within;

use super::*;

/// Carries what is attached to the thread. There always is a context, so a job whose
/// submitter had none of its own sees none.
struct OpenTelemetry;

impl Carrier for OpenTelemetry {
    type Context = Context;

    fn capture(&self) -> Option<Context> {
        Some(Context::current())
    }

    fn enter<R>(&self, context: &Context, body: impl FnOnce() -> R) -> R {
        let _attached = context.clone().attach();
        body()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Tenant(u32);

fn tenant() -> Option<Tenant> {
    Context::map_current(|context| context.get::<Tenant>().copied())
}

fn carries_context() -> Builder {
    one_thread().carry_span(false).carry(OpenTelemetry)
}

#[test]
fn spans_and_values_reach_jobs_and_tasks() {
    within(|| {
        let telemetry = Telemetry::new();
        let tracer = telemetry.provider.tracer("user");
        let bridge = carries_context().build().unwrap();
        tracer.in_span("user request", |context| {
            let _attached = context.with_value(Tenant(7)).attach();
            let inner = tracer.clone();
            let job = move || inner.in_span("user job", |_| tenant());
            assert_eq!(bridge.wait(bridge.offload(job)), Some(Tenant(7)));
            let inner = tracer.clone();
            let task = async move {
                tokio::task::yield_now().await;
                inner.in_span("user task", |_| tenant())
            };
            assert_eq!(bridge.wait(bridge.spawn(task)).unwrap(), Some(Tenant(7)));
        });
        telemetry.check_chain(&["user request", "user job"]);
        telemetry.check_chain(&["user request", "user task"]);
        let after = bridge.offload(|| {
            (
                tenant(),
                Context::current().span().span_context().is_valid(),
            )
        });
        assert_eq!(bridge.wait(after), (None, false), "the thread is clean");
    });
}

/// The context that a user attaches inside a span counts, and not the span's own.
#[test]
fn it_composes_with_the_span() {
    within(|| {
        let bridge = one_thread().carry(OpenTelemetry).build().unwrap();
        let _entered = tracing::info_span!("composed").entered();
        let _attached = Context::current_with_value(Tenant(8)).attach();
        let seen = bridge.wait(bridge.offload(|| (path(), tenant())));
        assert_eq!(seen, ("composed".to_owned(), Some(Tenant(8))));
    });
}

/// Otherwise a carrier switches the span on again.
#[test]
fn a_carrier_does_not_bring_the_span_back() {
    within(|| {
        let bridge = carries_context().build().unwrap();
        let _entered = tracing::info_span!("left behind").entered();
        let _attached = Context::current_with_value(Tenant(9)).attach();
        let seen = bridge.wait(bridge.offload(|| (path(), tenant())));
        assert_eq!(seen, (String::new(), Some(Tenant(9))));
    });
}

/// Otherwise what a carrier logs belongs to no span, or to that of a lender.
#[test]
fn a_carrier_is_entered_inside_the_span() {
    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    struct Looks;
    impl Carrier for Looks {
        type Context = ();

        fn capture(&self) -> Option<()> {
            Some(())
        }

        fn enter<R>(&self, (): &(), body: impl FnOnce() -> R) -> R {
            SEEN.lock().unwrap().push(path());
            body()
        }
    }
    within(|| {
        let bridge = one_thread().carry(Looks).build().unwrap();
        let _entered = tracing::info_span!("around the carrier").entered();
        bridge.wait(bridge.offload(|| ()));
        assert_eq!(*SEEN.lock().unwrap(), ["around the carrier"]);
    });
}
