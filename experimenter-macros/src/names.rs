//! Names: the Rust types that a field's type is known by, and the words that cannot name a column.

use syn::ext::IdentExt;

/// What is known of a field's type by its Rust name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownType {
    /// Its type in `diesel::sql_types`.
    pub(crate) diesel: &'static str,
    /// Whether the column is wider than the type.
    pub(crate) narrow: bool,
    /// Whether serde's own form of it loses values (NaN in JSON).
    pub(crate) lossy: bool,
}

/// What is known of the Rust type of that name.
pub(crate) fn known_type(name: &str) -> Option<KnownType> {
    let plain = |diesel| KnownType { diesel, narrow: false, lossy: false };
    let narrow = |diesel| KnownType { diesel, narrow: true, lossy: false };
    let float = |diesel| KnownType { diesel, narrow: false, lossy: true };
    Some(match name {
        "i8" | "u8" => narrow("SmallInt"),
        "i16" => plain("SmallInt"),
        "u16" => narrow("Integer"),
        "i32" => plain("Integer"),
        "u32" | "u64" => narrow("BigInt"),
        "i64" => plain("BigInt"),
        "f32" => float("Float"),
        "f64" => float("Double"),
        "bool" => plain("Bool"),
        "String" => plain("Text"),
        "NaiveDate" => plain("Date"),
        "NaiveDateTime" => plain("Timestamp"),
        _ => return None,
    })
}

/// The type to write in place of one that cannot be a field's.
pub(crate) fn cure(name: &str) -> Option<&'static str> {
    Some(match name {
        "usize" | "u128" => "`u64`",
        "isize" | "i128" => "`i64`",
        "f16" => "`f32`",
        "f128" => "`f64`",
        "char" | "str" | "Path" | "PathBuf" | "OsStr" | "OsString" | "Cow" => "`String`",
        "NaiveTime" | "DateTime" | "SystemTime" | "Instant" | "OffsetDateTime" => "`chrono::NaiveDateTime` (in UTC)",
        "Duration" | "TimeDelta" => "`f64` (in seconds)",
        "Vec" | "VecDeque" | "BTreeMap" | "BTreeSet" | "HashMap" | "HashSet" => "`Json<…>` around it",
        "Box" | "Rc" | "Arc" => "the type inside",
        _ => return None,
    })
}

/// The type that stands in a column, if any type does: the text before `(`, in any case.
pub(crate) fn is_sql_type(name: &str) -> bool {
    SQL_TYPES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The SQL types of `#[sql = "…"]`.
pub(crate) const SQL_TYPES: &[&str] = &[
    "BOOL",
    "BOOLEAN",
    "TINYINT",
    "SMALLINT",
    "MEDIUMINT",
    "INT",
    "INTEGER",
    "BIGINT",
    "FLOAT",
    "DOUBLE",
    "REAL",
    "DECIMAL",
    "NUMERIC",
    "DEC",
    "CHAR",
    "VARCHAR",
    "TINYTEXT",
    "TEXT",
    "MEDIUMTEXT",
    "LONGTEXT",
    "JSON",
    "DATE",
    "DATETIME",
    "TIMESTAMP",
];

/// Columns that every experiment's table has.
pub(crate) const FIXED_COLUMNS: &[&str] =
    &["id", "creation_date", "status", "start_date", "name", "machine", "end_date", "error"];

/// Columns that every logtable has.
pub(crate) const LOGTABLE_COLUMNS: &[&str] = &["id", "experiment_id", "timestamp", "attempt"];

/// Names that `diesel::table!` gives to something of its own.
const DIESEL_NAMES: &[&str] = &[
    "all_columns",
    "allcolumns",
    "aliasing",
    "boxedquery",
    "columns",
    "diesel",
    "dsl",
    "query_id",
    "sqltype",
    "star",
    "table",
];

/// The longest name of a table or column, which is MySQL's.
pub(crate) const LONGEST_NAME: usize = 64;

/// What stands around a table's name in the longest name of a side table: `experimenter__<table>__checkpoints`.
pub(crate) const SIDE_TABLE: (&str, &str) = ("experimenter__", "__checkpoints");

/// Endings of side tables.
pub(crate) const SIDE_TABLE_ENDINGS: &[&str] = &["__claims", "__executers", "__attempts", "__checkpoints", "__meta"];

/// Endings of the structs that every experiment has: a logtable of that name would be a second one.
pub(crate) const STRUCT_ENDINGS: &[&str] = &["Key", "Results", "Partial", "Row", "Run"];

/// Whether `diesel::table!` has another use for the name.
pub(crate) fn is_diesel_name(name: &str) -> bool {
    DIESEL_NAMES.contains(&name.to_ascii_lowercase().as_str())
}

/// Whether the word is reserved in `MySQL`, `MariaDB` or `SQLite`.
pub(crate) fn is_reserved_word(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    RESERVED_WORDS.split_ascii_whitespace().any(|word| word == name)
}

/// A name in place of a reserved word.
pub(crate) fn instead_of(word: &str) -> String {
    match word.to_ascii_lowercase().as_str() {
        "order" => "ordering".to_owned(),
        "group" | "groups" => "cohort".to_owned(),
        "index" => "position".to_owned(),
        "limit" => "maximum".to_owned(),
        "rank" => "ranking".to_owned(),
        "range" => "interval_width".to_owned(),
        "values" => "inputs".to_owned(),
        "where" => "place".to_owned(),
        "from" => "origin".to_owned(),
        "to" => "target".to_owned(),
        "condition" => "setting".to_owned(),
        word => format!("{word}_value"),
    }
}

/// Whether the word is a keyword of Rust, which cannot be the name of a struct's field.
pub(crate) fn is_rust_keyword(name: &syn::Ident) -> bool {
    syn::parse::Parser::parse2(syn::Ident::parse_any, quote::quote!(#name)).is_ok()
        && syn::parse2::<syn::Ident>(quote::quote!(#name)).is_err()
}

/// `train_accuracy` as `TrainAccuracy`.
pub(crate) fn camel_case(name: &str) -> String {
    name.split('_').flat_map(capitalized).collect()
}

fn capitalized(word: &str) -> impl Iterator<Item = char> + '_ {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters)
}

/// Words reserved in at least one of `MySQL` 8, `MariaDB` and `SQLite`.
const RESERVED_WORDS: &str = "
    abort accessible add all alter always analyze and as asc asensitive autoincrement
    before between bigint binary blob both by
    call cascade case change char character check collate column commit condition constraint continue convert create
    cross cube cume_dist current_date current_role current_time current_timestamp current_user cursor
    database databases day_hour day_microsecond day_minute day_second dec decimal declare default deferrable delayed
    delete delete_domain_id dense_rank desc describe deterministic distinct distinctrow div do_domain_ids double drop dual
    each else elseif empty enclosed end escape escaped except exists exit explain
    false fetch first_value float float4 float8 for force foreign from fulltext function
    general generated get glob grant group grouping groups
    having high_priority hour_microsecond hour_minute hour_second
    if ignore ignore_domain_ids ignore_server_ids in index indexed infile inner inout insensitive insert instead int
    int1 int2 int3 int4 int8 integer intersect interval into io_after_gtids io_before_gtids is isnull iterate
    join json_table key keys kill
    lag last_value lateral lead leading leave left like limit linear lines load localtime localtimestamp lock long
    longblob longtext loop low_priority
    manual master_bind master_heartbeat_period master_ssl_verify_server_cert match maxvalue mediumblob mediumint
    mediumtext middleint minute_microsecond minute_second mod modifies
    natural not notnull no_write_to_binlog nth_value ntile null numeric
    of offset on optimize optimizer_costs option optionally or order out outer outfile over
    page_checksum parallel parse_vcol_expr partition percent_rank portion pragma precision primary procedure purge
    qualify range rank read reads read_write real recursive ref_system_id references regexp release rename repeat
    replace require resignal restrict return returning revoke right rlike row row_number rows
    schema schemas second_microsecond select sensitive separator set show signal slow smallint spatial specific sql
    sqlexception sqlstate sqlwarning sql_big_result sql_calc_found_rows sql_small_result ssl starting
    stats_auto_recalc stats_persistent stats_sample_pages stored straight_join system
    table tablesample terminated then tinyblob tinyint tinytext to trailing transaction trigger true
    undo union unique unlock unsigned update usage use using utc_date utc_time utc_timestamp
    values varbinary varchar varcharacter varying virtual
    when where while window with write xor year_month zerofill";
