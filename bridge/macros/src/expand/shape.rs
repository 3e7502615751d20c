//! Decides from an argument's type which wrapper holds the argument in the
//! call.
//!
//! The wrappers are in `bridge`'s `call/args.rs`. The macro can copy a borrow
//! if it sees the borrowed type: at a reference, in a `Cow`, and in an `Option`
//! or a tuple of these. Any other borrow cannot be copied, so its call can only
//! be waited for.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Expr, GenericArgument, Lifetime, PathArguments, Type, TypeReference, parse_quote};

use super::{
    bare,
    lifetimes::{Borrows, is_std},
};

/// The longest tuple for which `bridge` has implementations.
pub(super) const LONGEST_TUPLE: usize = 16;

/// The way to hold an argument.
pub(super) enum Shape {
    /// A value.
    Val(Type),
    /// A reference `&'a T`.
    Ref(TypeReference),
    /// A `Cow<'a, T>`: the path before its arguments, and the arguments.
    Either(syn::Path, Lifetime, Type),
    /// An `Option` of a shape that borrows.
    Maybe(syn::Path, Box<Shape>),
    /// A tuple with borrows.
    Tuple(Vec<Shape>),
    /// A container of elements that borrow, such as `&'a [&'b T]`.
    Nested(Nested, Type, Box<Shape>),
}

/// The containers of elements that borrow.
pub(super) enum Nested {
    /// The slice `&'a [X]`.
    Slice(Lifetime),
    /// The reference `&'a X`.
    Single(Lifetime),
    /// The `Vec<X>`: the path before its argument.
    List(syn::Path),
    /// The array `[X; N]`.
    Array(Expr),
}

impl Shape {
    /// Returns the shape of a type whose elided lifetimes have been named.
    /// Returns `None` if the type holds a lifetime of the function where it
    /// cannot be copied.
    ///
    /// `named` are the function's lifetimes. `lendable` are those of them that
    /// any other lifetime may replace when the body is called.
    pub(super) fn of(ty: &Type, named: &[Lifetime], lendable: &[Lifetime]) -> Option<Self> {
        let free = |ty: &Type| !Borrows::of(ty, named).any;
        match bare(ty) {
            Type::Paren(paren) => Self::of(&paren.elem, named, lendable),
            ty if free(ty) => Some(Self::Val(ty.clone())),
            Type::Reference(r) => {
                let lent = r
                    .lifetime
                    .as_ref()
                    .is_some_and(|lifetime| lendable.contains(lifetime));
                if r.mutability.is_some() || !lent {
                    return None;
                }
                // A trait object without a lifetime takes that of its
                // reference.
                let object = matches!(bare(&r.elem), Type::TraitObject(_) | Type::Paren(_));
                if free(&r.elem) {
                    return (!object).then(|| Self::Ref(r.clone()));
                }
                let lifetime = r.lifetime.clone()?;
                let (holder, element) = match bare(&r.elem) {
                    Type::Slice(slice) => (Nested::Slice(lifetime), &*slice.elem),
                    element => (Nested::Single(lifetime), element),
                };
                Self::nested(holder, element, named, lendable)
            }
            Type::Array(array) => {
                let holder = Nested::Array(array.len.clone());
                Self::nested(holder, &array.elem, named, lendable)
            }
            Type::Tuple(tuple) if tuple.elems.len() <= LONGEST_TUPLE => {
                let shapes = tuple.elems.iter().map(|ty| Self::of(ty, named, lendable));
                shapes.collect::<Option<_>>().map(Self::Tuple)
            }
            Type::Path(path) if path.qself.is_none() => Self::of_path(&path.path, named, lendable),
            _ => None,
        }
    }

    fn of_path(path: &syn::Path, named: &[Lifetime], lendable: &[Lifetime]) -> Option<Self> {
        let mut bare = path.clone();
        let last = bare.segments.last_mut()?;
        let PathArguments::AngleBracketed(args) = std::mem::take(&mut last.arguments) else {
            return None;
        };
        match &*args.args.iter().collect::<Vec<_>>() {
            [GenericArgument::Type(ty)] if is_std(path, "option", "Option") => {
                Some(Self::Maybe(bare, Box::new(Self::of(ty, named, lendable)?)))
            }
            [GenericArgument::Type(element)] if is_std(path, "vec", "Vec") => {
                Self::nested(Nested::List(bare), element, named, lendable)
            }
            [
                GenericArgument::Lifetime(lifetime),
                GenericArgument::Type(ty),
            ] if is_std(path, "borrow", "Cow") => {
                let fit = lendable.contains(lifetime) && !Borrows::of(ty, named).any;
                fit.then(|| Self::Either(bare, lifetime.clone(), ty.clone()))
            }
            _ => None,
        }
    }

    fn nested(
        holder: Nested,
        element: &Type,
        named: &[Lifetime],
        lendable: &[Lifetime],
    ) -> Option<Self> {
        let shape = Self::of(element, named, lendable)?;
        shape.element()?;
        Some(Self::Nested(holder, element.clone(), Box::new(shape)))
    }

    /// Returns how to copy an element of this shape, if `bridge` knows how.
    fn element(&self) -> Option<TokenStream> {
        match self {
            Self::Ref(_) => Some(quote! { ::__smartasync_bridge::__private::ByRef }),
            Self::Either(..) => Some(quote! { ::__smartasync_bridge::__private::ByCow }),
            Self::Maybe(_, inner) => matches!(**inner, Self::Ref(_))
                .then(|| quote! { ::__smartasync_bridge::__private::ByOption }),
            Self::Tuple(pair) => {
                let half = |shape: &Self| match shape {
                    Self::Val(_) => Some(quote! { ::__smartasync_bridge::__private::ByVal }),
                    Self::Ref(_) => shape.element(),
                    _ => None,
                };
                let [a, b] = &**pair else { return None };
                let (a, b) = (half(a)?, half(b)?);
                Some(quote! { (#a, #b) })
            }
            Self::Val(_) | Self::Nested(..) => None,
        }
    }

    /// Returns whether the shape borrows anything.
    pub(super) fn borrows(&self) -> bool {
        !matches!(self, Self::Val(_))
    }

    /// Returns the type of the wrapper.
    pub(super) fn held(&self) -> Type {
        match self {
            Self::Val(ty) => parse_quote! { ::__smartasync_bridge::__private::Val<#ty> },
            Self::Ref(r) => {
                let (lifetime, ty) = (&r.lifetime, &r.elem);
                parse_quote! { ::__smartasync_bridge::__private::Ref<#lifetime, #ty> }
            }
            Self::Either(_, lifetime, ty) => {
                parse_quote! { ::__smartasync_bridge::__private::Either<#lifetime, #ty> }
            }
            Self::Maybe(_, shape) => {
                let held = shape.held();
                parse_quote! { ::core::option::Option<#held> }
            }
            Self::Tuple(shapes) => {
                let held = shapes.iter().map(Self::held);
                parse_quote! { (#(#held,)*) }
            }
            Self::Nested(holder, element, shape) => {
                let by = shape.element();
                match holder {
                    Nested::Slice(lifetime) => {
                        parse_quote! { ::__smartasync_bridge::__private::Slice<#lifetime, #element, #by> }
                    }
                    Nested::Single(lifetime) => {
                        parse_quote! { ::__smartasync_bridge::__private::Single<#lifetime, #element, #by> }
                    }
                    Nested::List(_) => {
                        parse_quote! { ::__smartasync_bridge::__private::List<#element, #by> }
                    }
                    Nested::Array(len) => {
                        parse_quote! { ::__smartasync_bridge::__private::Array<#element, #by, { #len }> }
                    }
                }
            }
        }
    }

    /// Returns the type of the body's parameter, with elided lifetimes.
    pub(super) fn lent(&self) -> Type {
        match self {
            Self::Val(ty) => ty.clone(),
            Self::Ref(r) => Type::Reference(TypeReference {
                lifetime: None,
                ..r.clone()
            }),
            Self::Either(path, _, ty) => parse_quote! { #path<'_, #ty> },
            Self::Maybe(path, shape) => {
                let lent = shape.lent();
                parse_quote! { #path<#lent> }
            }
            Self::Tuple(shapes) => {
                let lent = shapes.iter().map(Self::lent);
                parse_quote! { (#(#lent,)*) }
            }
            Self::Nested(holder, _, shape) => {
                let lent = shape.lent();
                match holder {
                    Nested::Slice(_) => parse_quote! { &[#lent] },
                    Nested::Single(_) => parse_quote! { &#lent },
                    Nested::List(path) => parse_quote! { #path<#lent> },
                    Nested::Array(len) => parse_quote! { [#lent; #len] },
                }
            }
        }
    }

    /// Returns the expression that wraps the argument `name`.
    pub(super) fn wrap(&self, name: &Ident) -> TokenStream {
        match self {
            Self::Val(_) => quote! { ::__smartasync_bridge::__private::Val(#name) },
            Self::Ref(_) => quote! { ::__smartasync_bridge::__private::Ref(#name) },
            Self::Either(..) => quote! { ::__smartasync_bridge::__private::Either(#name) },
            Self::Maybe(_, shape) => {
                let inner = inner_name(0);
                let wrapped = shape.wrap(&inner);
                quote! { ::core::option::Option::map(#name, |#inner| #wrapped) }
            }
            Self::Tuple(shapes) => {
                let names: Vec<Ident> = (0..shapes.len()).map(inner_name).collect();
                let wrapped = shapes
                    .iter()
                    .zip(&names)
                    .map(|(shape, name)| shape.wrap(name));
                quote! {{ let (#(#names,)*) = #name; (#(#wrapped,)*) }}
            }
            Self::Nested(holder, ..) => {
                let holder = match holder {
                    Nested::Slice(_) => quote! { Slice },
                    Nested::Single(_) => quote! { Single },
                    Nested::List(_) => quote! { List },
                    Nested::Array(_) => quote! { Array },
                };
                quote! { ::__smartasync_bridge::__private::#holder(#name, ::core::marker::PhantomData) }
            }
        }
    }
}

fn inner_name(index: usize) -> Ident {
    format_ident!("__inner{index}", span = Span::mixed_site())
}
