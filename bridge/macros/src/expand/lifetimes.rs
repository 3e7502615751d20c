//! The lifetimes in a signature: where they are, and which can be another.

use syn::{
    Generics, Lifetime, LifetimeParam, ParenthesizedGenericArguments, Path, PathSegment,
    PredicateLifetime, Type, TypeFnPtr, TypeImplTrait, TypeParamBound, TypeReference,
    visit::{self, Visit},
};

/// Whether this is how that type of the standard library is named. One of the
/// user's by the same name is told apart by the path before it, if there is one.
pub(super) fn is_std(path: &Path, module: &str, name: &str) -> bool {
    let is = |segment: &PathSegment, name: &str| segment.ident == name;
    let mut up = path.segments.iter().rev();
    up.next().is_some_and(|last| is(last, name))
        && up.next().is_none_or(|above| is(above, module))
        && up
            .next()
            .is_none_or(|root| ["std", "core", "alloc"].iter().any(|std| is(root, std)))
        && up.next().is_none()
}

/// Every lifetime, but for those of function types.
#[derive(Default)]
pub(super) struct All(pub(super) Vec<Lifetime>);

impl Visit<'_> for All {
    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        self.0.push(lifetime.clone());
    }
    fn visit_type_fn_ptr(&mut self, _: &TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments(&mut self, _: &ParenthesizedGenericArguments) {}
}

/// What a type holds that ties it to one call of the function.
#[derive(Default)]
pub(super) struct Borrows<'a> {
    named: &'a [Lifetime],
    /// A lifetime of the function's.
    pub(super) any: bool,
    /// One of a `&mut`.
    pub(super) exclusive: bool,
    /// `impl Trait`.
    pub(super) opaque: bool,
}

impl<'a> Borrows<'a> {
    /// Looks at a type, given the lifetimes that the function declares.
    pub(super) fn of(ty: &Type, named: &'a [Lifetime]) -> Self {
        let mut this = Self {
            named,
            ..Self::default()
        };
        this.visit_type(ty);
        this
    }
}

impl Visit<'_> for Borrows<'_> {
    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        self.any |= lifetime.ident == "_" || self.named.contains(lifetime);
    }

    fn visit_type_reference(&mut self, ty: &TypeReference) {
        let is_static = ty
            .lifetime
            .as_ref()
            .is_some_and(|lifetime| lifetime.ident == "static");
        self.any |= ty.lifetime.is_none();
        self.exclusive |= ty.mutability.is_some() && !is_static;
        visit::visit_type_reference(self, ty);
    }

    fn visit_type_impl_trait(&mut self, ty: &TypeImplTrait) {
        self.opaque = true;
        visit::visit_type_impl_trait(self, ty);
    }

    fn visit_type_fn_ptr(&mut self, ty: &TypeFnPtr) {
        let before = self.exclusive;
        let mut named = All(Vec::new());
        visit::visit_type_fn_ptr(&mut named, ty);
        self.any |= named.0.iter().any(|name| self.named.contains(name));
        self.exclusive = before;
    }

    fn visit_parenthesized_generic_arguments(&mut self, args: &ParenthesizedGenericArguments) {
        let mut named = All(Vec::new());
        visit::visit_parenthesized_generic_arguments(&mut named, args);
        self.any |= named.0.iter().any(|name| self.named.contains(name));
    }
}

/// Whether a type says `impl Trait` somewhere.
pub(super) fn has_impl(ty: &Type) -> bool {
    Borrows::of(ty, &[]).opaque
}

/// The function's lifetimes for which the body can be called with any other.
///
/// That one outlives another (`'b: 'a`), or a type one of them (`T: 'a`), is
/// nothing that a body needs of arguments that it only borrows: it may shorten
/// each borrow to where all are alive. A trait's bound, `'static` and a lifetime
/// of the `impl` are more.
pub(super) fn lendable(generics: &Generics) -> Vec<Lifetime> {
    let mut tied = Tied::default();
    tied.visit_generics(generics);
    let own: Vec<&Lifetime> = generics.lifetimes().map(|param| &param.lifetime).collect();
    let mut stay = tied.by_traits;
    // What outlives `'static`, or a lifetime of the `impl`, or one that stays.
    while let Some(i) = tied
        .outlives
        .iter()
        .position(|(_, short)| stay.contains(short) || !own.contains(&short))
    {
        stay.push(tied.outlives.swap_remove(i).0);
    }
    own.into_iter()
        .filter(|lifetime| !stay.contains(lifetime))
        .cloned()
        .collect()
}

/// What the bounds say of lifetimes.
#[derive(Default)]
struct Tied {
    by_traits: Vec<Lifetime>,
    /// The first outlives the second.
    outlives: Vec<(Lifetime, Lifetime)>,
}

impl Visit<'_> for Tied {
    fn visit_lifetime_param(&mut self, param: &LifetimeParam) {
        let bounds = param.bounds.iter();
        self.outlives
            .extend(bounds.map(|bound| (param.lifetime.clone(), bound.clone())));
    }

    fn visit_predicate_lifetime(&mut self, predicate: &PredicateLifetime) {
        let bounds = predicate.bounds.iter();
        self.outlives
            .extend(bounds.map(|bound| (predicate.lifetime.clone(), bound.clone())));
    }

    fn visit_type_param_bound(&mut self, bound: &TypeParamBound) {
        if !matches!(bound, TypeParamBound::Lifetime(_)) {
            visit::visit_type_param_bound(self, bound);
        }
    }

    // Reached in traits' bounds and in the types of a `where` clause.
    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        self.by_traits.push(lifetime.clone());
    }
}
