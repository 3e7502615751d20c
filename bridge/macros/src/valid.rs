//! What can't be a smart function, and what to write instead.

use syn::{Attribute, Error, FnArg, Meta, spanned::Spanned};

use crate::{args::Options, function::Function};

/// More arguments than the tuples in `bridge` are implemented for.
pub(crate) const MOST_ARGUMENTS: usize = 16;

/// Attributes that fix what a function returns, each with its remedy.
const UNFIT: [(&[&str], &str); 5] = [
    (
        &["smartasync"],
        "`#[smartasync]` is applied twice; keep one",
    ),
    (
        &["test", "bench"],
        "a test must run, and a smart function only returns a call; make it a plain `fn` that waits",
    ),
    (
        &["main"],
        "`main` must run, and a smart function only returns a call; make it a plain function that waits or awaits",
    ),
    (
        &["no_mangle", "export_name"],
        "an exported symbol can't return a call; export a plain `fn` that waits",
    ),
    (
        &["async_trait"],
        "`#[async_trait]` goes on the trait or the `impl`, above the smart functions in it",
    ),
];

/// Each misuse, once, where it is.
pub(crate) fn check<'a>(
    function: &'a Function,
    options: &'a Options,
) -> impl Iterator<Item = Error> + 'a {
    let sig = &function.sig;
    let qualifiers = [
        sig.constness.as_ref().map(|token| {
            Error::new(token.span(), "a `const fn` can't be smart: it neither blocks nor awaits; remove `const` or `#[smartasync]`")
        }),
        sig.abi.as_ref().map(|abi| {
            Error::new_spanned(abi, "an `extern` function can't be smart: its callers can't take a call; remove the ABI, or wrap a plain `fn`")
        }),
        sig.variadic.as_ref().map(|dots| {
            Error::new(dots.span(), "a variadic function can't be smart: its arguments can't be kept in a call")
        }),
        is_main(function).then(|| {
            Error::new(sig.ident.span(), "`main` can't be smart: it must run, not return a call; move its body into another function, and write `fn main() { run().wait() }`")
        }),
        (sig.asyncness.is_none() && sig.inputs.len() > MOST_ARGUMENTS).then(|| {
            Error::new_spanned(&sig.inputs, format!("a smart `fn` takes at most {MOST_ARGUMENTS} arguments; bundle some in a struct"))
        }),
        options.blocking.as_ref().filter(|twin| twin.name == sig.ident).map(|twin| {
            Error::new(twin.name.span(), format!("`blocking` names the smart function itself; choose another name, such as `{}_blocking`", twin.name))
        }),
    ];
    let attributes = function
        .attrs
        .iter()
        .filter_map(|attr| Some(Error::new_spanned(attr, unfit(attr)?)));
    let conditional = sig.inputs.iter().filter(|_| sig.asyncness.is_none()).filter_map(|input| {
        let (FnArg::Typed(syn::PatType { attrs, .. }) | FnArg::Receiver(syn::Receiver { attrs, .. })) = input;
        let cfg = attrs.iter().find(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr"))?;
        Some(Error::new_spanned(cfg, "an argument of a smart `fn` can't depend on a `cfg`; write the function twice, each under its `#[cfg]`"))
    });
    qualifiers
        .into_iter()
        .flatten()
        .chain(attributes)
        .chain(conditional)
}

/// Why an attribute below ours can't stay, if it can't.
pub(crate) fn unfit(attr: &Attribute) -> Option<&'static str> {
    let path = match &attr.meta {
        Meta::List(list) if list.path.is_ident("unsafe") => {
            list.parse_args::<Meta>().ok()?.path().clone()
        }
        meta => meta.path().clone(),
    };
    let name = &path.segments.last()?.ident;
    UNFIT
        .iter()
        .find(|(names, _)| names.iter().any(|unfit| name == unfit))
        .map(|&(_, why)| why)
}

/// Whether this is a program's entry, as far as its signature tells.
pub(crate) fn is_main(function: &Function) -> bool {
    function.sig.ident == "main" && function.sig.inputs.is_empty()
}
