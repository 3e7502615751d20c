//! Finds the lifetimes in a signature, and those that another lifetime may
//! replace.

use syn::{
    GenericParam, Generics, Lifetime, LifetimeParam, ParenthesizedGenericArguments, Path,
    PathSegment, PredicateLifetime, TraitBound, Type, TypeFnPtr, TypeImplTrait, TypeParamBound,
    TypeReference,
    visit::{self, Visit},
};

/// Returns whether a path may name this type of the standard library.
///
/// If the path has modules before the name, they must be those of the standard
/// library. A user's type of the same name without a path counts as the
/// standard library's.
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

/// Collects every lifetime, except those inside function types and those of a `for<..>`.
#[derive(Default)]
pub(super) struct All(pub(super) Vec<Lifetime>);

impl Visit<'_> for All {
    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        self.0.push(lifetime.clone());
    }

    fn visit_trait_bound(&mut self, bound: &TraitBound) {
        let before = self.0.len();
        visit::visit_trait_bound(self, bound);
        let own = bound.lifetimes.iter().flat_map(|own| &own.lifetimes);
        let own: Vec<_> = own
            .filter_map(|param| match param {
                GenericParam::Lifetime(param) => Some(&param.lifetime),
                _ => None,
            })
            .collect();
        let inside = self.0.split_off(before).into_iter();
        self.0.extend(inside.filter(|name| !own.contains(&name)));
    }

    fn visit_type_fn_ptr(&mut self, _: &TypeFnPtr) {}

    fn visit_parenthesized_generic_arguments(&mut self, _: &ParenthesizedGenericArguments) {}
}

/// The parts of a type that tie it to one call of the function.
#[derive(Default)]
pub(super) struct Borrows<'a> {
    named: &'a [Lifetime],
    /// Whether the type holds a lifetime of the function.
    pub(super) any: bool,
    /// Whether the type holds a `&mut` that is not `'static`.
    pub(super) exclusive: bool,
    /// Whether the type contains `impl Trait`.
    pub(super) opaque: bool,
}

impl<'a> Borrows<'a> {
    /// Inspects a type. `named` are the lifetimes that the function declares.
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
        let mut named = All(Vec::new());
        visit::visit_type_fn_ptr(&mut named, ty);
        self.any |= named.0.iter().any(|name| self.named.contains(name));
    }

    fn visit_parenthesized_generic_arguments(&mut self, args: &ParenthesizedGenericArguments) {
        let mut named = All(Vec::new());
        visit::visit_parenthesized_generic_arguments(&mut named, args);
        self.any |= named.0.iter().any(|name| self.named.contains(name));
    }
}

/// Returns the lifetimes of the function that any other lifetime may replace
/// when the body is called.
///
/// The bounds `'b: 'a` and `T: 'a` do not prevent that: the body only borrows
/// its arguments, so each borrow can be shortened to a time when all are alive.
/// Three kinds of bounds prevent it: the bound of a trait, the bound `'static`,
/// and a lifetime of the `impl`.
pub(super) fn lendable(generics: &Generics) -> Vec<Lifetime> {
    let mut tied = Tied::default();
    tied.visit_generics(generics);
    let own: Vec<&Lifetime> = generics.lifetimes().map(|param| &param.lifetime).collect();
    let mut stay = tied.by_traits;
    // A lifetime stays too if it outlives `'static`, a lifetime of the `impl`
    // or another lifetime that stays.
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

/// The bounds that mention lifetimes.
#[derive(Default)]
struct Tied {
    by_traits: Vec<Lifetime>,
    /// Pairs in which the first lifetime outlives the second.
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

    // The visitor gets here in the bounds of traits and in the types of a
    // `where` clause.
    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        self.by_traits.push(lifetime.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise a function with such an argument does not compile if its output borrows.
    #[test]
    fn what_a_type_binds_itself_is_no_lifetime_of_the_signature() {
        for (ty, expected) in [
            ("Box<dyn Fn(&'static u8)>", &[][..]),
            ("fn(&'static u8) -> u8", &[]),
            ("Box<dyn for<'b> Fn(&'b u8)>", &[]),
            ("Box<dyn for<'b, 'c> T<'b, Item = &'c u8>>", &[]),
            ("Box<dyn for<'b> T<'b> + 'a>", &["a"]),
            ("&'a dyn for<'b> T<'b, 'c>", &["a", "c"]),
        ] {
            let mut all = All(Vec::new());
            all.visit_type(&syn::parse_str(ty).unwrap());
            let names: Vec<_> = all.0.iter().map(|name| name.ident.to_string()).collect();
            assert_eq!(names, expected, "{ty}");
        }
    }
}
