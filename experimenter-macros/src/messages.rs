//! Every text that the macros say to a user: what is wrong, where it belongs, and the right form.

/// `note` and `help` stand on lines of their own.
macro_rules! message {
    ($($line:literal),+ $(,)?) => { [$(format!($line)),+].join("\n") };
}

const OPTIONS: &str =
    "`keyfields`, `resultfields`, `logtables`, `table`, `result_timestamps`, `only`, `rows` and `timeout`";

// --- options -------------------------------------------------------------------------------------------------------

pub(crate) fn expected_option() -> String {
    message!("expected an option of `#[experiment]`", "note: the options are {OPTIONS}")
}

pub(crate) fn not_a_time(text: &str) -> String {
    message!(
        "`{text}` is not a time that a row may run",
        "help: write a number with its unit, such as `timeout = \"90s\"`, `\"10min\"`, `\"2h 30min\"` or `\"1day\"`",
    )
}

pub(crate) fn missing_diesel() -> String {
    message!(
        "this crate lacks the dependency `diesel`, which the schema of its tables needs",
        "help: cargo add diesel@~2.3.9 --no-default-features"
    )
}

pub(crate) fn unknown_option(name: &str) -> String {
    message!("unknown option `{name}`", "note: the options are {OPTIONS}")
}

pub(crate) fn duplicate_option(name: &str) -> String {
    message!("option `{name}` is given twice", "help: join the two into one")
}

pub(crate) fn option_form(name: &str) -> String {
    let form = match name {
        "table" => "table = \"name\"",
        "result_timestamps" => "result_timestamps = true",
        "logtables" => "logtables = { name: { column: Type, … }, … }",
        "resultfields" => "resultfields = { name: Type, … }",
        "only" => "only = |key| …",
        "timeout" => "timeout = \"2h\"",
        "rows" => "rows = || [NameKey { … }, …]",
        _ => "keyfields = { name: Type = domain, … }",
    };
    message!("option `{name}` is malformed", "help: write `{form}`")
}

pub(crate) fn missing_comma() -> String {
    message!("expected `,`", "help: a comma stands between two entries; after the last one it is optional")
}

pub(crate) fn missing_keyfields(function: &str) -> String {
    message!(
        "experiment `{function}` has no `keyfields`",
        "note: the keyfields are the parameters of an experiment; without one there is nothing to fill",
        "help: write `#[experiment(keyfields = {{ seed: u32 = 0..5 }}, resultfields = {{ … }})]`",
    )
}

pub(crate) fn empty_keyfields() -> String {
    message!(
        "`keyfields` is empty",
        "note: an experiment needs at least one parameter, if only a number to tell its rows apart",
        "help: write `keyfields = {{ seed: u32 = 0..5 }}`",
    )
}

// --- fields and their names ----------------------------------------------------------------------------------------

pub(crate) fn expected_field() -> String {
    message!("expected a field", "help: write `name: Type`, or `name: Type = domain` for a keyfield")
}

pub(crate) fn missing_type(name: &str) -> String {
    message!("field `{name}` has no type", "help: write `{name}: Type`, such as `{name}: f64`")
}

pub(crate) fn expected_type(name: &str) -> String {
    message!("expected the type of field `{name}`", "help: write `{name}: Type`, such as `{name}: f64`")
}

pub(crate) fn logtable_form(name: &str) -> String {
    message!("logtable `{name}` has no columns of the form `{{ … }}`", "help: write `{name}: {{ column: Type, … }}`",)
}

pub(crate) fn unknown_attribute(name: &str) -> String {
    message!(
        "`{name}` is not an attribute of a field",
        "note: a field can have doc comments, `#[sql = \"…\"]`, the SQL type of its column, and `#[column = \"…\"]`, its \
         name; a keyfield can have `#[default = …]` as well",
    )
}

pub(crate) fn column_form() -> String {
    message!("`column` takes the name of the column as a string", "help: write `#[column = \"type\"]`")
}

pub(crate) fn column_twice() -> String {
    message!("the field's column has two names", "help: leave one `#[column = \"…\"]`")
}

pub(crate) fn column_characters(name: &str) -> String {
    message!(
        "`{name}` cannot name a column",
        "help: use the letters `A` to `Z` and `a` to `z`, digits and `_`, at least one",
    )
}

pub(crate) fn logtable_attribute(name: &str) -> String {
    message!("`{name}` is not an attribute of a logtable", "note: a logtable can have doc comments; its columns more")
}

pub(crate) fn duplicate_field(name: &str, first: &str) -> String {
    if name == first {
        message!(
            "field `{name}` stands here a second time",
            "help: each field of an experiment is one column of its table"
        )
    } else {
        message!(
            "fields `{first}` and `{name}` differ in case alone",
            "note: to SQL they are one column",
            "help: give one of them another name",
        )
    }
}

pub(crate) fn duplicate_logtable(name: &str, first: &str) -> String {
    message!("logtables `{first}` and `{name}` would have the same name", "help: give one of them another name")
}

pub(crate) fn fixed_column(name: &str, columns: &[&str]) -> String {
    let columns = columns.join("`, `");
    message!(
        "`{name}` is a column that the table has anyway",
        "note: these are `{columns}`, in any case",
        "help: give the field another name, such as `{name}_value`",
    )
}

pub(crate) fn diesel_name(name: &str) -> String {
    message!(
        "`{name}` cannot be a column, since `diesel::table!` calls something of its own so",
        "help: give the field another name, such as `{name}_value`; the column keeps its by `#[column = \"{name}\"]`",
    )
}

pub(crate) fn reserved_word(name: &str, instead: &str) -> String {
    message!(
        "`{name}` is a reserved word of SQL",
        "help: give it another name, such as `{instead}`; a column keeps its by `#[column = \"{name}\"]`",
    )
}

pub(crate) fn raw_identifier(name: &str) -> String {
    message!(
        "a raw identifier (`r#{name}`) cannot name a column",
        "help: give it another name, such as `{name}_value`; a column keeps its by `#[column = \"{name}\"]`",
    )
}

pub(crate) fn rust_keyword(name: &str) -> String {
    message!(
        "`{name}` is a keyword of Rust, which cannot name a field",
        "help: give it another name, such as `{name}_value`; a column keeps its by `#[column = \"{name}\"]`",
    )
}

pub(crate) fn not_ascii(name: &str) -> String {
    message!(
        "`{name}` has characters that not every database takes in a name",
        "help: use the letters `A` to `Z` and `a` to `z`, digits and `_`",
    )
}

pub(crate) fn name_too_long(name: &str, longest: usize) -> String {
    let length = name.len();
    message!("`{name}` has {length} characters, and a name in MySQL at most {longest}", "help: use a shorter name")
}

pub(crate) fn named_like_table(name: &str, table: &str) -> String {
    message!(
        "column `{name}` cannot have the name of its table `{table}` in Diesel",
        "help: give it another name, such as `{name}_value`",
    )
}

pub(crate) fn timestamp_column(name: &str, resultfield: &str) -> String {
    message!(
        "`{name}` is the column with the time of `{resultfield}`",
        "note: `result_timestamps = true` adds a column `<resultfield>_timestamp` for each resultfield",
        "help: give the field another name",
    )
}

pub(crate) fn logtable_struct(name: &str, row_struct: &str) -> String {
    message!(
        "logtable `{name}` would have the struct `{row_struct}`, which the experiment has already",
        "help: give it another name, such as `{name}_log`",
    )
}

pub(crate) fn logtable_like_experiment(name: &str) -> String {
    message!("logtable `{name}` has the name of its experiment", "help: give it another name, such as `{name}_log`")
}

pub(crate) fn too_many_columns(table: &str, columns: usize, fixed: usize, limit: usize) -> String {
    let cure = match limit {
        32 => "help: enable the feature `64-column-tables` of `experimenter`, or `128-column-tables`",
        64 => "help: enable the feature `128-column-tables` of `experimenter`",
        _ => "help: put what belongs together into one field of type `Json<T>`",
    };
    message!(
        "table `{table}` has {columns} columns, and {limit} are the limit",
        "note: {fixed} of them are its own; this field is the first one too many",
        "{cure}",
    )
}

// --- the table -----------------------------------------------------------------------------------------------------

pub(crate) fn table_characters(name: &str) -> String {
    message!(
        "`{name}` cannot name a table",
        "help: use the letters `A` to `Z` and `a` to `z`, digits and `_`, at least one",
    )
}

pub(crate) fn table_prefix(name: &str) -> String {
    message!(
        "table `{name}` has the name of a side table",
        "note: names that start with `experimenter__` are those in which it is kept who runs what",
        "help: give the table another name",
    )
}

pub(crate) fn table_ending(name: &str, ending: &str) -> String {
    message!(
        "table `{name}` ends like a side table",
        "note: side tables are called `experimenter__<table>{ending}`",
        "help: give the table another name",
    )
}

pub(crate) fn side_table_too_long(table: &str, longest: usize) -> String {
    let length = table.len();
    message!(
        "table name `{table}` has {length} characters, and {longest} are the most",
        "note: its side tables, such as `experimenter__<table>__checkpoints`, must fit into the 64 characters of MySQL",
        "help: give it a shorter name by `table = \"…\"`",
    )
}

pub(crate) fn logtable_too_long(table: &str, logtable: &str, longest: usize) -> String {
    message!(
        "the table `{table}__{logtable}` of this logtable has more than {longest} characters, the most in MySQL",
        "help: use a shorter name",
    )
}

// --- types ---------------------------------------------------------------------------------------------------------

pub(crate) fn unsupported_type(found: &str, cure: Option<&str>) -> String {
    match cure {
        Some(cure) => message!("`{found}` cannot be the type of a field", "help: write {cure}"),
        None => message!(
            "`{found}` cannot be the type of a field",
            "note: field types are the integers up to 64 bit, `f32`, `f64`, `bool`, `String`, `NaiveDate`, \
             `NaiveDateTime`, fieldless enums with `#[derive(Field)]`, `Json<T>` for any serde type, and `Option` of these",
        ),
    }
}

pub(crate) fn option_of_option() -> String {
    message!(
        "a field cannot be an `Option` of an `Option`",
        "note: a column has one `NULL`",
        "help: write one `Option`"
    )
}

pub(crate) fn sql_form() -> String {
    message!("`sql` takes the SQL type of the column as a string", "help: write `#[sql = \"VARCHAR(40)\"]`")
}

pub(crate) fn sql_twice() -> String {
    message!("the field has two SQL types", "help: leave one `#[sql = \"…\"]`")
}

pub(crate) fn sql_type(found: &str) -> String {
    let known = crate::names::SQL_TYPES.join("`, `");
    message!(
        "`{found}` is not an SQL type",
        "note: the types are `{known}`, with `(n)` or `(p, s)` and `UNSIGNED` where they take it",
    )
}

// --- domains -------------------------------------------------------------------------------------------------------

pub(crate) fn domain_elsewhere(name: &str, kind: &str) -> String {
    message!(
        "`= …` belongs on a keyfield, and `{name}` is a {kind}",
        "note: the values of a {kind} come from the function",
        "help: write `{name}: Type` alone",
    )
}

pub(crate) fn empty_domain(name: &str) -> String {
    message!(
        "keyfield `{name}` ranges over nothing, so there would be no rows",
        "help: list its values, or leave `= []` out to give them by `--set {name}=…`",
    )
}

pub(crate) fn missing_domain(name: &str) -> String {
    message!("keyfield `{name}` has no domain after `=`", "help: write `{name}: Type = [first, second]`")
}

pub(crate) fn single_value(literal: &str) -> String {
    message!("a domain is a list, a range or an iterator, not one value", "help: write `[{literal}]`")
}

// --- defaults ------------------------------------------------------------------------------------------------------

pub(crate) fn default_form(name: &str) -> String {
    message!(
        "the default of keyfield `{name}` has no value",
        "help: write `#[default = value]`, such as `#[default = 0.9]` for an `f64`",
    )
}

pub(crate) fn default_twice(name: &str) -> String {
    message!("keyfield `{name}` has two defaults", "help: leave one `#[default = …]`")
}

pub(crate) fn default_elsewhere(name: &str, kind: &str) -> String {
    message!(
        "`#[default = …]` belongs on a keyfield, and `{name}` is a {kind}",
        "note: the values of a {kind} come from the function",
        "help: leave it out",
    )
}

// --- which rows there are ------------------------------------------------------------------------------------------

pub(crate) fn only_parameters(found: usize, key: &str) -> String {
    let found = if found == 0 { "none".to_owned() } else { found.to_string() };
    let help = only_help(key);
    message!("`only` takes a function of one parameter, and this one has {found}", "{help}")
}

pub(crate) fn only_value(key: &str) -> String {
    let help = only_help(key);
    message!("`only` takes a function, and this is a value", "{help}")
}

fn only_help(key: &str) -> String {
    format!("help: write `only = |key| …`, which says of a `&{key}` whether it is a row")
}

pub(crate) fn rows_parameters(found: usize, key: &str) -> String {
    let help = rows_help(key);
    message!("`rows` takes a function without parameters, and this one has {found}", "{help}")
}

pub(crate) fn rows_value(key: &str) -> String {
    let help = rows_help(key);
    message!("`rows` takes a function, and this is a value", "{help}")
}

fn rows_help(key: &str) -> String {
    format!("help: write `rows = || [{key} {{ … }}, …]`")
}

// --- the function --------------------------------------------------------------------------------------------------

pub(crate) fn not_a_function() -> String {
    message!(
        "`#[experiment]` belongs on a function",
        "help: write `fn name(key: &NameKey, run: &mut NameRun) -> experimenter::Result<NameResults> {{ … }}`",
    )
}

pub(crate) fn wrong_signature(function: &str, camel: &str, problems: &[String]) -> String {
    let problems = problems.join(", and ");
    message!(
        "`{function}` is not an experiment's function: {problems}",
        "help: write `fn {function}(key: &{camel}Key, run: &mut {camel}Run) -> experimenter::Result<{camel}Results>`",
        "note: `run` can be left out; besides `experimenter::Result<{camel}Results>` it can return `{camel}Results`, a \
         `Result` with an error of its own, or an `Outcome<{camel}Results>` in place of the results",
    )
}

pub(crate) fn problem_keyword(keyword: &str) -> String {
    format!("it is `{keyword}`")
}

pub(crate) fn problem_generic(parameter: &str) -> String {
    format!("it has the generic parameter `{parameter}`")
}

pub(crate) fn problem_where() -> String {
    "it has a `where` clause".to_owned()
}

pub(crate) fn problem_method() -> String {
    "it is a method".to_owned()
}

pub(crate) fn problem_variadic() -> String {
    "it takes any number of arguments".to_owned()
}

pub(crate) fn problem_count(found: usize) -> String {
    match found {
        0 => "it takes no parameter".to_owned(),
        found => format!("it takes {found} parameters"),
    }
}

pub(crate) fn problem_parameter(place: &str, expected: &str) -> String {
    format!("its {place} parameter is not `{expected}`")
}

pub(crate) fn problem_no_output() -> String {
    "it returns nothing".to_owned()
}

pub(crate) fn problem_impl_output() -> String {
    "it returns an `impl Trait`".to_owned()
}

pub(crate) fn problem_no_body() -> String {
    "it has no body".to_owned()
}

pub(crate) fn problem_raw_name(name: &str) -> String {
    format!("`r#{name}` cannot name a table")
}

// --- the derive ----------------------------------------------------------------------------------------------------

pub(crate) fn not_an_enum(kind: &str) -> String {
    message!(
        "`#[derive(Field)]` belongs on a fieldless enum, and this is a {kind}",
        "help: wrap a serde type in `Json<T>` to make it a field",
    )
}

pub(crate) fn variant_with_fields(name: &str) -> String {
    message!(
        "variant `{name}` has fields, and a column holds a variant's name alone",
        "help: leave them out, or wrap the enum in `Json<T>` in place of `#[derive(Field)]`",
    )
}

pub(crate) fn generic_enum() -> String {
    message!("an enum that is a field cannot be generic", "help: leave its parameters out")
}

pub(crate) fn no_variants(name: &str) -> String {
    message!("enum `{name}` has no variants, so a column of it could hold nothing", "help: add a variant")
}

pub(crate) fn duplicate_variant(name: &str, first: &str) -> String {
    if name == first {
        message!("two variants are stored as `{name}`", "help: give one of them another `#[field(name = \"…\")]`")
    } else {
        message!(
            "two variants are stored as `{first}` and `{name}`, which differ in case alone",
            "note: to a database these can be equal",
            "help: give one of them another `#[field(name = \"…\")]`",
        )
    }
}

pub(crate) fn variant_name_length(longest: usize) -> String {
    message!("a variant's name has 1 to {longest} characters", "help: use another name")
}

pub(crate) fn unknown_field_option(name: &str) -> String {
    message!(
        "unknown option `{name}` of `#[field]`",
        "help: write `#[field(name = \"…\")]`, the text by which the variant is stored",
    )
}

pub(crate) fn field_form() -> String {
    message!("`#[field]` is malformed", "help: write `#[field(name = \"…\")]`, the text by which the variant is stored",)
}

pub(crate) fn field_on_enum() -> String {
    message!("`#[field(…)]` belongs on a variant", "help: write `#[field(name = \"…\")]` above the variant")
}

pub(crate) fn field_name_twice() -> String {
    message!("the variant has two names", "help: leave one `#[field(name = \"…\")]`")
}
