//! `async fn f(…) -> T` becomes `fn f(…) -> AsyncCall<impl Future<Output = T>>`.
//!
//! The body moves into an async block that first binds every argument. The
//! compiler desugars an `async fn` in the same way. So the future has the same
//! size and drops its arguments at the same time. This crate's edition is 2024,
//! so the `impl Future` captures every lifetime in every user's edition.

use proc_macro2::{Group, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ReturnType, parse_quote};

use super::{
    annotation, attributes, behind, end, naming, outer, output,
    param::{self, Param},
    setup,
};
use crate::{args::Options, function::Function};

pub(super) fn expand(function: &Function, options: &Options) -> TokenStream {
    let Function { vis, .. } = function;
    let mut sig = function.sig.clone();
    let attrs = attributes(function, options);
    let (setup_type, setup) = setup(function, options);
    let output = output(&sig.output);

    naming::name_elided_in_impls(&mut sig, &function.names);
    sig.asyncness = None;
    let close = quote_spanned! {end(&function.sig)=> > };
    sig.output = parse_quote! {
        -> ::__smartasync_bridge::AsyncCall<impl ::core::future::Future<Output = #output>, #setup_type #close
    };
    let Some(body) = &function.body else {
        let semi = quote_spanned! {end(&function.sig)=> ; };
        return quote! { #attrs #vis #sig #semi };
    };

    let call = call(
        &setup,
        &param::take(&mut sig, &function.names),
        &function.sig.output,
        body,
    );
    let block = outer(call, body);
    quote! { #attrs #vis #sig #block }
}

/// Returns the call of a body whose arguments were taken out of its signature.
pub(super) fn call(
    setup: &TokenStream,
    params: &[Param],
    output: &ReturnType,
    body: &Group,
) -> TokenStream {
    let arguments: TokenStream = params.iter().map(Param::moved).collect();
    let annotation = annotation(output);
    let body = behind(&quote! { #arguments #annotation }, body);
    quote! { ::__smartasync_bridge::__private::async_call(#setup, async move #body) }
}
