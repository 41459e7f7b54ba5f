//! The expansions of nine shapes, as files to read; `UPDATE_SNAPSHOTS=1` writes them anew.

use std::path::Path;

use proc_macro2::TokenStream;

use crate::manifest::Diesel;

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("the test's source has balanced tokens")
}

/// The expansion, formatted, without the parts that Diesel and serde write anew in turn: `table!` and the derives.
fn formatted(expansion: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(expansion).expect("the expansion is Rust"))
}

fn experiment(attribute: &str, function: &str) -> String {
    formatted(crate::experiment::expand(tokens(attribute), &tokens(function), Diesel::Present))
}

fn derive(item: &str) -> String {
    formatted(crate::field::expand(tokens(item)))
}

fn check(name: &str, expansion: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(name).with_extension("rs");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, expansion).expect("the snapshot can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == expansion,
        "the expansion is not that of {}; UPDATE_SNAPSHOTS=1 writes it anew:\n{expansion}",
        path.display()
    );
}

/// The example of the documentation.
const SVM: &str = r#"
    keyfields = {
        dataset: String = ["iris", "wine"],
        kernel: Kernel,
        c: f64 = [0.1, 1.0, 10.0],
        seed: i64 = 0..5,
    },
    resultfields = { train_accuracy: f64, test_accuracy: f64 },
    logtables = { folds: { fold: i32, accuracy: f64 } },
"#;

const SVM_FUNCTION: &str =
    "fn svm(key: &SvmKey, run: &mut SvmRun) -> experimenter::Result<SvmResults> { body!(key, run) }";

#[test]
fn svm() {
    check("svm", &experiment(SVM, SVM_FUNCTION));
}

#[test]
fn only_a_key() {
    check(
        "only_a_key",
        &experiment("keyfields = { seed: i64 }", "fn tiny(key: &TinyKey) -> TinyResults { TinyResults {} }"),
    );
}

#[test]
fn result_timestamps() {
    let attribute = "keyfields = { n: i32 = SIZES }, resultfields = { y: f64, note: Option<String> }, table = \"t\", \
                     result_timestamps = true";
    check("result_timestamps", &experiment(attribute, "pub fn timed(key: &TimedKey) -> Result<TimedResults, E> {}"));
}

#[test]
fn narrow_integers() {
    let attribute = "keyfields = { a: u8 = 0..3, b: Option<u32> = [None, Some(1)], c: u64 = [1] }, \
                     resultfields = { d: i8, e: Option<u16> }";
    check("narrow_integers", &experiment(attribute, "pub(crate) fn ints(key: &IntsKey) -> IntsResults {}"));
}

#[test]
fn documented() {
    let attribute = "keyfields = { /// The path.\n #[sql = \"VARCHAR(40)\"] path: String = files(\"*.cnf\") }, \
                     logtables = { /// One a step.\n steps: { /// Which.\n #[sql = \"DECIMAL(10, 2)\"] i: f64 } }";
    check("documented", &experiment(attribute, "/// Mine.\n fn docs(key: &DocsKey) -> Outcome<DocsResults> {}"));
}

#[test]
fn text_fields() {
    let attribute = "keyfields = { layers: Json<Vec<u32>> = [Json(vec![1])], kernel: Option<a::Kernel> }, \
                     resultfields = { shape: Json<Shape>, day: chrono::NaiveDate }";
    check("text_fields", &experiment(attribute, "fn text(key: &TextKey) -> TextResults {}"));
}

#[test]
fn chosen_rows() {
    let attribute = "keyfields = { #[default = 0.9] momentum: f64 = [0.9, 0.99], #[sql = \"INT\"] #[default = 0] n: u8 \
                     }, only = |key| key.n > 1 || key.momentum == 0.9, rows = read_instances";
    check("chosen_rows", &experiment(attribute, "fn sgd(key: &SgdKey) -> SgdResults {}"));
}

#[test]
fn with_mistakes() {
    let attribute = "keyfields = { seed: usize = 0..5, path: &str }, resultfields = { y: f64 }, colour = 1";
    check("with_mistakes", &experiment(attribute, "fn wrong(key: &WrongKey) -> WrongResults {}"));
}

#[test]
fn derived() {
    check("derived", &derive("enum Kernel { Linear, #[field(name = \"radial basis\")] Rbf }"));
}

/// One more experiment costs a user almost no compile time: what the attribute writes is data and one call. What the
/// derives and `table!` write, and the structs and schema that they write it from, is declarations.
#[test]
fn the_code_of_an_experiment_is_small() {
    let expansion = experiment(SVM, SVM_FUNCTION);
    let lines = code_lines(&expansion);
    assert!(lines <= 80, "{lines} lines");
}

/// Lines outside the user's function, the structs and the schema's module.
fn code_lines(expansion: &str) -> usize {
    let file = syn::parse_file(expansion).expect("it was formatted");
    let items = file
        .items
        .into_iter()
        .filter(|item| !matches!(item, syn::Item::Fn(_) | syn::Item::Struct(_) | syn::Item::Mod(_)))
        .collect();
    prettyplease::unparse(&syn::File { items, ..file }).lines().count()
}
