//! Checks parts of the output that no other test shows: attributes, the wrappers of rare
//! arguments, and what a twin calls.

use proc_macro2::TokenStream;

use crate::attribute;

/// Returns the output for a function, without spaces.
fn output(options: &str, function: &str) -> String {
    let (options, function): (TokenStream, _) = (options.parse().unwrap(), function.parse());
    let output = attribute::replace(&options, &function.unwrap());
    output.to_string().replace(' ', "")
}

/// Checks how often this part is in the output for a function.
#[track_caller]
fn check(options: &str, function: &str, part: &str, count: usize) {
    let output = output(options, function);
    let part = part.replace(' ', "");
    assert_eq!(output.matches(&part).count(), count, "{part} in {output}");
}

/// Otherwise the twin warns of its function, which is deprecated as the twin is.
#[test]
fn a_twin_of_a_deprecated_function_allows_it() {
    for deprecated in ["#[deprecated]", "#[cfg_attr(a, deprecated)]"] {
        let function = format!("{deprecated} fn f(&self) {{}}");
        check("blocking = g", &function, "#[allow(deprecated)]", 1);
    }
    check("blocking = g", "fn f(&self) {}", "deprecated", 0);
}

/// Otherwise the compiler says what it expected, and not what to do.
#[test]
fn what_is_no_function_is_refused_with_an_explanation() {
    for item in [
        "impl S {}",
        "trait T {}",
        "mod m {}",
        "struct S;",
        "enum E {}",
        "union U { x: u8 }",
        "let f = || 1;",
        "|| 1",
        "move || 1",
        "extern crate a;",
        "extern {}",
        "extern \"C\" {}",
        "m!();",
        "static S: u8 = 1;",
        "type T = u8;",
        "use a::b;",
        "const C: u8 = 1;",
        "const _: u8 = 1;",
    ] {
        check("", item, "goes on a function, not on", 1);
    }
}

/// Otherwise the compiler warns of an unused attribute.
#[test]
fn an_attribute_of_the_user_is_not_repeated() {
    check("", "fn f() {}", "inline", 1);
    check("", "#[inline(never)] fn f() {}", "inline", 1);
    check("", "fn f() {}", "track_caller", 1);
    check("", "#[track_caller] fn f() {}", "track_caller", 1);
    // The function has one, and its twin has one.
    check(
        "blocking = g",
        "#[track_caller] fn f() {}",
        "track_caller",
        2,
    );
}

/// Otherwise Clippy objects to the bare one, or the compiler does not say what the user
/// wrote.
#[test]
fn a_must_use_stays_if_it_has_a_text() {
    check("", "#[must_use] fn f() -> u8 { 1 }", "must_use", 0);
    let reason = r#"#[must_use = "why"]"#;
    check("", &format!("{reason} fn f() -> u8 {{ 1 }}"), reason, 1);
}

/// Otherwise a twin says nothing of a result that is dropped, or of what the function does.
#[test]
fn a_twin_has_the_attributes_of_its_function() {
    let must_use = "#[must_use] fn f() -> u8 { 1 }";
    check("blocking = g", must_use, "#[must_use]", 1);
    let doc = r#"#[doc = "Adds."]"#;
    check("blocking = g", &format!("{doc} fn f() {{}}"), doc, 2);
}

/// Otherwise such a method of a trait does not compile, although the plain one does.
#[test]
fn a_declaration_that_takes_itself_by_value_is_sized() {
    for receiver in ["self", "self: Self", "mut self: Self"] {
        let declaration = format!("fn f({receiver}) -> u8;");
        check("", &declaration, "Self: ::core::marker::Sized", 1);
    }
    check(
        "",
        "fn f(self: Box<Self>) -> u8;",
        "Self: ::core::marker::Sized",
        0,
    );
    // The bound of a twin, and that of the smart function if it has one.
    for (declaration, count) in [
        ("fn f(self) -> u8;", 2),
        ("async fn f(self) -> u8;", 1),
        ("fn f() -> Self;", 2),
        ("fn f(&self) -> u8;", 0),
    ] {
        check(
            "blocking = g",
            declaration,
            "Self: ::core::marker::Sized",
            count,
        );
    }
}

/// Otherwise the twin of an associated function calls another function of that name, or none.
#[test]
fn a_static_lifetime_in_a_body_is_no_static() {
    for (body, calls) in [("let x: &'static str = h();", 0), ("static S: u8 = 1;", 1)] {
        let function = format!("async fn f() {{ {body} }}");
        check("blocking = g", &function, "f().wait()", calls);
    }
}

/// Otherwise such an output has the lifetime `'static`.
#[test]
fn a_function_pointers_lifetime_is_not_that_of_the_output() {
    let function = "fn f(x: &str, y: fn(&'static u8)) -> &str { x }";
    check("", function, "-> &'_x str", 2);
}

/// Otherwise a condition or the documentation of a trait's method has no effect.
#[test]
fn a_declaration_keeps_its_attributes() {
    for declaration in ["async fn f(&self);", "fn f(&self);"] {
        let cfg = "#[cfg(a)]";
        check("", &format!("{cfg} {declaration}"), cfg, 1);
        check("", declaration, "track_caller", 0);
    }
}

/// Otherwise Clippy refuses the output of such a function, by a lint that denies.
#[test]
fn an_output_may_be_a_future() {
    let allow = "#[allow(clippy::async_yields_async)]";
    for output in ["impl Future", "Pin<Box<dyn Future>>", "JoinHandle<u8>"] {
        let function = format!("async fn f() -> {output} {{ g() }}");
        check("", &function, allow, 1);
        check("blocking = h", &function, allow, 2);
    }
    check("", "async fn f() -> u8 { g() }", allow, 0);
    check("", "fn f() -> BoxFuture<u8> { g() }", allow, 0);
}

/// Nothing in the twin may fulfil an expectation, so the compiler would report it.
#[test]
fn a_twin_allows_what_the_function_expects() {
    for (expected, allowed) in [
        ("#[expect(b)]", "#[allow(b)]"),
        ("#[cfg_attr(a, expect(b))]", "#[cfg_attr(a, allow(b))]"),
    ] {
        let function = format!("{expected} fn f() {{}}");
        check("blocking = g", &function, expected, 1);
        check("blocking = g", &function, allowed, 1);
    }
}

/// Otherwise the compiler can't infer what no argument tells.
#[test]
fn a_twin_names_the_generics() {
    let twin = "blocking = Self::g";
    let function = "fn f<'a, T, const N: usize>(x: impl Into<T>) {}";
    check(twin, function, "Self::f::<T, N, _,>(x).wait()", 1);
    let function = format!("async {function}");
    check(twin, &function, "Self::f::<T, N,>(x).wait()", 1);
    check(twin, "fn f<'a>(x: &'a u8) {}", "Self::f(x).wait()", 1);
}

/// Otherwise the compiler warns of the call in the twin, whose caller has promised the same.
#[test]
fn the_twin_of_an_unsafe_function_calls_it_as_such() {
    let call = "unsafe { Self::f() }.wait()";
    check("blocking = Self::g", "unsafe fn f() {}", call, 1);
}

/// Otherwise an await is refused for a wrong reason, or does not compile at all.
#[test]
fn the_wrappers_of_rare_arguments() {
    for (signature, wrapper) in [
        ("f(x: &str) -> impl Sized", "Borrowed"),
        ("f(x: &'static mut u8, y: Weird<'_>)", "Borrowing"),
        ("f(x: fn(&mut u8), y: Weird<'_>)", "Borrowing"),
        ("f(x: &mut u8, y: Weird<'_>)", "Exclusive"),
        (
            "f<'a, 'b>(x: &'a u8, y: &'b u8) where 'a: 'b, 'b: 'static",
            "Bounded",
        ),
        ("f<'a: 'static>(x: Cow<'a, str>)", "Bounded"),
        ("f<'a: 'b, 'b: 'static>(x: &'a str)", "Bounded"),
        ("f<'a>(x: &'a str, y: fn(&'a u8))", "Borrowing"),
        ("f(x: &[Option<Cow<'_, str>>])", "Borrowing"),
        ("f(x: &[(Cow<'_, str>, u8)])", "Borrowing"),
        ("f(x: std::borrow::Cow<'_, str>)", "Either"),
        ("f(x: alloc::borrow::Cow<'_, str>)", "Either"),
        ("f(x: alloc::vec::Vec<&str>)", "List"),
        ("f(x: core::option::Option<&str>)", "Ref"),
        ("f(x: my::borrow::Cow<'_, str>)", "Borrowing"),
        ("f(x: my::std::borrow::Cow<'_, str>)", "Borrowing"),
        ("f(x: Cow<u8, u16>)", "Val"),
    ] {
        let held = format!("::bridge::__private::{wrapper}<");
        check("", &format!("fn {signature} {{ 1 }}"), &held, 1);
    }
    // The longest tuple that the traits of the wrappers know.
    let bytes = "u8, ".repeat(15);
    let function = format!("fn f(x: (&str, {bytes})) {{}}");
    check("", &function, "::bridge::__private::Val<u8>", 15);
}

/// Otherwise the argument `Guard` is a second value of its type, which drops too.
#[test]
fn an_argument_with_a_types_name_is_a_pattern() {
    check("", "fn f(Guard: Guard) {}", "let Guard = __arg0;", 1);
    check("", "async fn f(Guard: Guard) {}", "let Guard = __arg0;", 1);
    check("", "fn f(guard: Guard, _Guard: Guard) {}", "__arg", 0);
}

/// Otherwise the documentation of an associated function links to a function of its module.
#[test]
fn a_twin_links_to_its_function_only_if_it_knows_the_path() {
    for (options, function, link) in [
        ("g", "fn f() {}", "of `f`:"),
        ("g", "fn f(&self) {}", "of [`f`](Self::f):"),
        ("Self::g", "fn f() {}", "of [`f`](Self::f):"),
        ("g", "fn r#loop(&self) {}", "of [`loop`](Self::loop):"),
    ] {
        check(&format!("blocking = {options}"), function, link, 1);
    }
}

/// Otherwise the output of a method has the lifetime `'static`, as no rule chooses one.
#[test]
fn the_output_borrows_from_a_reference_that_holds_self() {
    for receiver in ["&Arc<Self>", "Pin<&Self>", "&S", "Pin<&mut Arc<Self>>"] {
        let function = format!("fn f(self: {receiver}, x: &str) -> &u8 {{ 1 }}");
        check("", &function, "-> &'_self u8", 2);
    }
    // No rule chooses one of two.
    check("", "fn f(x: &u8, y: &u8) -> &u8 { x }", "-> &'static u8", 2);
}

/// Otherwise an await of such a call is refused for a wrong reason.
#[test]
fn a_cow_without_its_lifetime_borrows() {
    for output in ["Cow<str>", "Option<std::borrow::Cow<str>>"] {
        let function = format!("fn f(x: &str) -> {output} {{ x }}");
        check("", &function, "Borrowed<(&'_x str,)>", 1);
        check("", &function, "Cow<'_x, str>", 3);
    }
    check("", "fn f() -> Cow<u8> { x }", "Cow<u8>", 3);
}

/// Otherwise the output of such a function has the lifetime `'static`.
#[test]
fn a_lifetime_of_two_arguments_is_that_of_the_output() {
    let function = "fn f<'a>(x: &'a str, y: &'a str) -> &str { x }";
    check("", function, "-> &'a str", 2);
}

/// Otherwise a wrong value is reported at the attribute, and not where it is.
#[test]
fn the_async_block_of_a_function_without_output_has_its_type() {
    check("", "async fn f() { g() }", "if false { return; }", 1);
    let typed = "if false { return ::bridge::__private::returned::<u8>(); }";
    check("", "async fn f() -> u8 { g() }", typed, 1);
}

/// Otherwise nothing in the output coerces, because one part of it has no name.
#[test]
fn an_async_block_has_its_type_except_for_an_impl() {
    for (output, typed) in [
        ("Result<impl A, Box<dyn B>>", "Result<_, Box<dyn B>>"),
        (
            "(fn(u8) -> u8, &'static (impl A + 'static))",
            "(fn(u8) -> u8, &'static (_))",
        ),
        ("Box<dyn A<B = impl C<D = impl E>>>", "Box<dyn A<B = _>>"),
    ] {
        let function = format!("async fn f() -> {output} {{ g() }}");
        check("", &function, &format!("returned::<{typed}>();"), 1);
    }
    check("", "async fn f() -> impl A { g() }", "returned", 0);
    check("", "async fn f() -> ! { g() }", "returned", 0);
}

/// In an older edition this is a name, and in this crate's edition a keyword.
#[test]
fn an_argument_may_be_called_gen() {
    check("", "fn f(gen: u8) {}", "Val(r#gen)", 1);
}

/// An `impl Trait` captures by the edition of its last token, which must be the user's.
#[test]
fn lifetimes_come_first_in_the_output() {
    let function = "fn f<'a>(x: &'a str) -> impl Sized + 'a { x }";
    check("", function, "impl 'a + Sized", 1);
}

/// Otherwise errors and logs name two functions alike.
#[test]
fn a_call_has_the_path_of_its_function() {
    let path = r#"::core::concat!(::core::module_path!(), "::", "f")"#;
    check("", "fn f() {}", path, 1);
    check("debug", "async fn f() {}", path, 1);
}

/// Otherwise the function looks fine, and never runs.
#[test]
fn each_attribute_that_does_not_fit_is_refused() {
    for attribute in [
        "smartasync",
        "test",
        "tokio::test",
        "bench",
        "tokio::main",
        "no_mangle",
        "unsafe(no_mangle)",
        "export_name = \"f\"",
        "unsafe(export_name = \"f\")",
        "async_recursion",
        "async_trait",
        "cfg_attr(a, no_mangle)",
        "cfg_attr(a, inline, cfg_attr(b, test))",
    ] {
        let attribute = format!("#[{attribute}]");
        let function = format!("{attribute} fn f() {{}}");
        check("", &function, "compile_error!", 1);
        // Otherwise the compiler reports the mended function too.
        check("", &function, &format!("{attribute} #[inline]"), 0);
    }
    check("", "fn main() {}", "compile_error!", 1);
    check("", "fn main(x: u8) {}", "compile_error!", 0);
    check("", "pub fn main() {}", "compile_error!", 0);
    check(
        "",
        "#[cfg_attr(test, inline)] fn f() {}",
        "compile_error!",
        0,
    );
}

/// Otherwise one mistake has a second message, about the mended function.
#[test]
fn what_is_refused_is_not_in_the_mended_function() {
    check("", r#"unsafe extern "C" fn f(x: u8, ...) {}"#, "...", 0);
    check("", "#[instrument] const fn f() {}", "#[instrument]", 0);
}

/// Otherwise the twin of a free function calls an associated one.
#[test]
fn a_modules_self_makes_no_associated_function() {
    check(
        "blocking = g",
        "async fn f(x: self::S) -> u8 { 1 }",
        "Self::f",
        0,
    );
    check(
        "blocking = g",
        "async fn f(self: Box<Self>) -> u8 { 1 }",
        "Self::f(self)",
        1,
    );
}

/// Otherwise the argument may be gone where the body uses it.
#[test]
fn a_hidden_condition_of_an_argument_is_refused() {
    for (attr, count) in [
        ("cfg_attr(a, cfg(b))", 1),
        ("cfg_attr(a, cfg_attr(b, cfg(c)))", 1),
        ("cfg_attr(a, allow(b))", 0),
    ] {
        let function = format!("fn f(#[{attr}] x: u8) {{}}");
        check("", &function, "compile_error!", count);
    }
}
