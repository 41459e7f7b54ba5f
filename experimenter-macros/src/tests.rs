//! What holds for every expansion, and for this crate's sources.

use proc_macro2::TokenStream;

use crate::manifest::Diesel;

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("the test's source has balanced tokens")
}

fn expand(attribute: &str, item: &str) -> String {
    crate::experiment::expand(tokens(attribute), &tokens(item), Diesel::Present).to_string()
}

/// What the compiler reports, one message each.
fn errors(expansion: &str) -> usize {
    expansion.matches("compile_error !").count()
}

const ATTRIBUTES: &[&str] = &[
    "keyfields = { seed: i64 = 0..5 }, resultfields = { y: f64 }",
    "keyfields = { #[default = 1] seed: i64 = 0..5 }, only = |key| key.seed > 1, rows = read",
    "",
    "nonsense",
    "keyfields = { seed: usize, seed: &str = [], = }, logtables = 5, table = \"a b\"",
    "keyfields = { seed: i64 = 0..5 } } {",
];

const ITEMS: &[&str] = &[
    "/// Mine.\n #[inline] pub(crate) fn svm(key: &SvmKey, run: &mut SvmRun) -> Results { let a = 1; loop {} }",
    "fn svm(key: &SvmKey) -> SvmResults { this body ? is not Rust @ all }",
    "async unsafe extern \"C\" fn svm<'a, T>(self) where T: Copy;",
    "struct Svm { field: u8 }",
    "fn",
    "",
];

#[test]
fn the_item_stands_in_the_output_token_for_token() {
    for attribute in ATTRIBUTES {
        let Ok(attribute) = attribute.parse::<TokenStream>() else { continue };
        for item in ITEMS {
            let expansion = crate::experiment::expand(attribute.clone(), &tokens(item), Diesel::Present).to_string();
            assert!(expansion.starts_with(&tokens(item).to_string()), "{attribute} on {item}: {expansion}");
        }
    }
}

#[test]
fn a_missing_diesel_is_said_once_and_in_words() {
    let (attribute, item) = (tokens(ATTRIBUTES[0]), tokens("fn svm(key: &SvmKey) -> SvmResults {}"));
    let expansion = crate::experiment::expand(attribute, &item, Diesel::Missing).to_string();
    assert_eq!(errors(&expansion), 1);
    assert!(expansion.contains("cargo add diesel") && !expansion.contains("diesel :: table"), "{expansion}");
}

#[test]
fn every_mistake_is_reported() {
    let attribute = "colour = 1, keyfields = { a: usize, A: i64 = [], select: &str, b = [3], 5 }, table = 7, \
                     resultfields = { y: f64 = 1.0 }, result_timestamps = no, logtables = { key: { id: i64 } }, \
                     only = |a, b| a > b, rows = []";
    let expansion = expand(attribute, "async fn svm(key: &SvmKey) -> SvmResults {}");
    let expected = [
        "`colour`",
        "`usize`",
        "differ in case alone",
        "ranges over nothing",
        "`select`",
        "`&str`",
        "`b` has no type",
        "expected a field",
        "option `table`",
        "belongs on a keyfield",
        "option `result_timestamps`",
        "`SvmKey`, which",
        "`id` is a column",
        "one parameter, and this one has 2",
        "`rows` takes a function, and",
        "it is `async`",
    ];
    for text in expected {
        assert!(expansion.contains(text), "{text} is missing in {expansion}");
    }
    assert_eq!(errors(&expansion), expected.len(), "{expansion}");
}

#[test]
fn every_mistake_with_a_default_is_reported() {
    let attribute = "keyfields = { #[default] a: i64, #[default(1)] b: i64, #[default = 1] #[default = 2] c: i64 }, \
                     resultfields = { #[default = 1] y: i64 }, logtables = { #[default] l: { #[default = 1] x: i64 } }";
    let expansion = expand(attribute, "fn svm(key: &SvmKey) -> SvmResults {}");
    let expected = [
        "`a` has no value",
        "`b` has no value",
        "`c` has two defaults",
        "`y` is a resultfield",
        "not an attribute of a logtable",
        "`x` is a logtable's column",
    ];
    for text in expected {
        assert!(expansion.contains(text), "{text} is missing in {expansion}");
    }
    assert_eq!(errors(&expansion), expected.len(), "{expansion}");
}

#[test]
fn what_is_no_function_is_seen_and_the_rest_is_left_to_the_compiler() {
    let said = |option: &str| {
        let attribute = format!("keyfields = {{ seed: i64 = 0..5 }}, {option}");
        errors(&expand(&attribute, "fn svm(key: &SvmKey) -> SvmResults {}"))
    };
    for right in ["|k| true", "(move |k| true)", "|&SvmKey { seed }| seed > 1", "path::to", "make()", "*F", "m!(k)"] {
        assert_eq!(said(&format!("only = {right}")), 0, "{right}");
    }
    for wrong in ["|| true", "|a, b| true", "(true)", "key.seed > 1", "!key.flag", "-1", "matches!(key.seed, 1)"] {
        assert_eq!(said(&format!("only = {wrong}")), 1, "{wrong}");
    }
    for right in ["|| []", "move || -> [SvmKey; 0] { [] }", "path::to", "make()", "{ f }"] {
        assert_eq!(said(&format!("rows = {right}")), 0, "{right}");
    }
    for wrong in ["|x| []", "[]", "[KEY; 2]", "vec![]", "SvmKey { seed: 1 }", "0..3", "()", "\"rows.csv\""] {
        assert_eq!(said(&format!("rows = {wrong}")), 1, "{wrong}");
    }
}

#[test]
fn a_mistake_does_not_take_the_types_away() {
    let expansion = expand("keyfields = { seed: usize }, logtables = { folds: { i: i32 } }", "fn svm() {}");
    for name in ["SvmKey", "SvmResults", "SvmPartial", "SvmRow", "SvmFolds"] {
        assert!(expansion.contains(&format!("struct {name}")), "{name} is missing in {expansion}");
    }
    assert!(expansion.contains("type SvmRun"), "{expansion}");
    assert!(!expansion.contains("inventory"), "{expansion}");
}

#[test]
fn nothing_else_is_named_in_the_users_scope() {
    let expansion = expand(ATTRIBUTES[0], "fn svm(key: &SvmKey) -> SvmResults {}");
    let file: syn::File = syn::parse_str(&expansion).expect("the expansion is Rust");
    let names: Vec<_> = file.items.iter().filter_map(name_of).collect();
    let expected = ["svm", "SvmKey", "SvmResults", "SvmPartial", "SvmRow", "SvmRun", "svm_schema"];
    assert_eq!(names, expected);
}

/// The name that an item brings into scope.
fn name_of(item: &syn::Item) -> Option<String> {
    match item {
        syn::Item::Fn(item) => Some(item.sig.ident.to_string()),
        syn::Item::Struct(item) => Some(item.ident.to_string()),
        syn::Item::Type(item) => Some(item.ident.to_string()),
        syn::Item::Mod(item) => Some(item.ident.to_string()),
        syn::Item::Const(item) if item.ident == "_" => None,
        _ => panic!("an item of an unexpected kind"),
    }
}

/// SQL exists only in `experimenter-diesel`; here stand only words that are refused, and types that can be given.
#[test]
fn there_is_no_sql_in_this_crate() {
    // Assembled here, so that this file does not contain them.
    let statements = ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "FROM", "WHERE"];
    for (path, source) in sources() {
        for word in statements {
            let statement = format!("{word} ");
            assert!(!source.contains(&statement), "{path} contains {statement}");
        }
    }
}

#[test]
fn this_crate_depends_on_none_of_ours() {
    let manifest = include_str!("../Cargo.toml");
    let (_, dependencies) = manifest.split_once("[dependencies]").expect("there are dependencies");
    assert!(!dependencies.contains("experimenter"), "{dependencies}");
}

fn sources() -> Vec<(String, String)> {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the sources are here") {
            let path = entry.expect("they can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let source = std::fs::read_to_string(&path).expect("they are text");
                sources.push((path.display().to_string(), source));
            }
        }
    }
    assert!(sources.len() > 10, "the sources were found");
    sources
}
