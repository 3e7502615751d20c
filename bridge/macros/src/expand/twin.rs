//! `blocking = name`: a plain function beside the smart one, which waits.
//!
//! The twin calls the smart function if the macro knows its path. A `self` or
//! `Self` in the signature tells the path, and so does `Self::` in the option.
//! Otherwise nothing distinguishes a free function from an associated one, and
//! a bare name may even mean another function. In that case the twin repeats
//! the body. A body with a `static` must not be repeated, because there would
//! be two statics. So the twin calls that function by its bare name.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Attribute, GenericParam, Ident, Meta, Safety, Signature, TypeImplTrait, Visibility,
    ext::IdentExt,
    visit::{self, Visit},
};

use super::{
    allowing, asynchronous, behind, naming,
    param::{self, Param},
    setup,
    synchronous::sized_self,
    yields,
};
use crate::{
    args::{Options, Twin},
    function::Function,
    rewrite::mentions,
};

pub(super) fn expand(function: &Function, options: &Options, twin: &Twin) -> TokenStream {
    let Function {
        vis, sig: smart, ..
    } = function;
    let associated = twin.associated.is_some() || mentions_self(smart) || function.body.is_none();
    let mut sig = smart.clone();
    naming::name_elided_in_impls(&mut sig, &function.names);
    sig.asyncness = None;
    sized_self(&mut sig, function.body.is_none());
    sig.ident = twin.name.clone();
    let mut vis = quote! { #vis };
    let work = match &function.body {
        Some(body) if !associated && !has_static(body.stream()) => {
            // In a trait, a repeated body would bypass the implementations. A
            // trait refuses `pub(self)`, which has no effect elsewhere, so the
            // compiler reports the mistake.
            if matches!(function.vis, Visibility::Inherited) {
                vis = quote_spanned! {twin.name.span()=> pub(self) };
            }
            repeated(function, options, &mut sig, body)
        }
        _ => called(function, twin, associated, &mut sig),
    };
    let attrs = function.attrs.iter().filter(|attr| stays(attr));
    let attrs: Vec<Attribute> = attrs.map(allowing).collect();
    // The twin of a deprecated function calls that function without a warning.
    let deprecated = attrs
        .iter()
        .any(|attr| mentions(&attr.meta.to_token_stream(), "deprecated"));
    let allow = deprecated.then(|| quote_spanned! {Span::mixed_site()=> #[allow(deprecated)] });
    let yields = yields(smart);
    let name = smart.ident.unraw();
    // Without `Self`, the name may mean another function or none.
    let link = associated.then(|| format!("[`{name}`](Self::{name})"));
    let link = link.unwrap_or_else(|| format!("`{name}`"));
    let doc = format!("\n\nThe blocking twin of {link}: it returns when the work is done.");
    quote! {
        #(#attrs)*
        #[doc = #doc]
        #allow
        #yields
        #[track_caller]
        #vis #sig #work
    }
}

/// Returns the call of the smart function by its path.
fn called(function: &Function, twin: &Twin, associated: bool, sig: &mut Signature) -> TokenStream {
    let smart = &function.sig;
    let params = param::take(sig, &function.names);
    param::without_mut(sig);
    let values = params.iter().map(|param| &param.name);
    // If the function cannot be found, the compiler reports that at the option.
    let mut name = smart.ident.clone();
    name.set_span(twin.name.span());
    let ty = twin.associated.unwrap_or_default();
    let of = associated.then(|| quote! { #ty:: });
    let generics = generics(smart);
    let call = quote! { #of #name #generics(#(#values),*) };
    // The caller of the twin has promised what the smart function requires.
    if matches!(smart.safety, Safety::Unsafe(_)) {
        quote! {{ unsafe { #call }.wait() }}
    } else {
        quote! {{ #call.wait() }}
    }
}

/// Returns a copy of the smart function's body.
fn repeated(
    function: &Function,
    options: &Options,
    sig: &mut Signature,
    body: &Group,
) -> TokenStream {
    let (_, setup) = setup(function, options);
    let params = param::take(sig, &function.names);
    if function.sig.asyncness.is_some() {
        let call = asynchronous::call(&setup, &params, &sig.output, body);
        return quote! {{ #call.wait() }};
    }
    let log = options.debug.then(|| {
        let log = Ident::new(&function.names.free("__log"), Span::mixed_site());
        quote! { let #log = ::__smartasync_bridge::__private::direct(#setup); }
    });
    // The arguments move as they do in the call, so that no lint adds a report.
    let arguments = params.iter().map(Param::moved);
    behind(&quote! { #log #(#arguments)* }, body)
}

/// Returns whether a body declares a `static`, directly or in a macro's
/// arguments.
fn has_static(body: TokenStream) -> bool {
    let mut lifetime = false;
    body.into_iter().any(|token| {
        let name = std::mem::take(&mut lifetime);
        match token {
            TokenTree::Ident(word) => word == "static" && !name,
            TokenTree::Group(group) => has_static(group.stream()),
            TokenTree::Punct(punct) => {
                lifetime = punct.as_char() == '\'';
                false
            }
            TokenTree::Literal(_) => false,
        }
    })
}

/// Returns whether an attribute of the function also suits its twin.
fn stays(attr: &Attribute) -> bool {
    match &attr.meta {
        Meta::Path(path) => !path.is_ident("track_caller"),
        _ => true,
    }
}

/// Returns the type and const arguments of the call, because the twin's own
/// arguments may not determine them.
fn generics(sig: &Signature) -> Option<TokenStream> {
    struct Impls(usize);
    impl Visit<'_> for Impls {
        fn visit_type_impl_trait(&mut self, bounds: &TypeImplTrait) {
            self.0 += 1;
            visit::visit_type_impl_trait(self, bounds);
        }
    }
    let names: Vec<&Ident> = sig
        .generics
        .params
        .iter()
        .filter_map(|param| match param {
            GenericParam::Type(param) => Some(&param.ident),
            GenericParam::Const(param) => Some(&param.ident),
            GenericParam::Lifetime(_) => None,
        })
        .collect();
    // A smart `fn` has one more parameter for each `impl Trait` argument.
    let mut impls = Impls(0);
    if sig.asyncness.is_none() {
        sig.inputs
            .iter()
            .for_each(|input| impls.visit_fn_arg(input));
    }
    let inferred = (0..impls.0).map(|_| quote! { _ });
    (!names.is_empty()).then(|| quote! { ::<#(#names,)* #(#inferred,)*> })
}

fn mentions_self(sig: &Signature) -> bool {
    struct Mentions(bool);
    impl Visit<'_> for Mentions {
        fn visit_ident(&mut self, ident: &Ident) {
            self.0 |= ident == "Self";
        }
        fn visit_receiver(&mut self, _: &syn::Receiver) {
            self.0 = true;
        }
    }
    let mut mentions = Mentions(false);
    mentions.visit_signature(sig);
    mentions.0
}
