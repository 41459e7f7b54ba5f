//! An experiment without mistakes: what the expansion is made from.

use std::collections::HashSet;
use std::time::Duration;

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::{Attribute, Expr, LitStr, Type, Visibility};

use crate::names::{KnownType, camel_case, is_rust_keyword};

/// The experiment.
pub(crate) struct Experiment {
    pub(crate) names: Names,
    pub(crate) visibility: Visibility,
    pub(crate) table: String,
    pub(crate) result_timestamps: bool,
    pub(crate) keyfields: Vec<Keyfield>,
    pub(crate) resultfields: Vec<Field>,
    pub(crate) logtables: Vec<Logtable>,
    /// The function that says which combinations are rows.
    pub(crate) only: Option<Expr>,
    /// The function that yields rows.
    pub(crate) rows: Option<Expr>,
    /// How long a row may run.
    pub(crate) timeout: Option<Duration>,
    pub(crate) call: Call,
}

impl Experiment {
    /// What is left if the second of two equal names is left out: structs and fields that Rust takes.
    pub(crate) fn without_clashes(mut self) -> Self {
        let Self { names, keyfields, resultfields, logtables, .. } = &mut self;
        let Names { key, results, partial, row, run, .. } = names;
        keep_first(keyfields, |keyfield| &keyfield.field.name, &[]);
        keep_first(resultfields, |field| &field.name, &[]);
        keep_first(logtables, |logtable| &logtable.row_struct, &[key, results, partial, row, run]);
        for Logtable { columns, .. } in logtables {
            keep_first(columns, |field| &field.name, &[]);
        }
        self
    }
}

fn keep_first<T>(things: &mut Vec<T>, name: fn(&T) -> &Ident, taken: &[&Ident]) {
    let mut seen: HashSet<Ident> = taken.iter().copied().cloned().collect();
    things.retain(|thing| !is_rust_keyword(name(thing)) && seen.insert(name(thing).clone()));
}

/// The names in the user's scope, each at the function's name.
pub(crate) struct Names {
    pub(crate) function: Ident,
    pub(crate) key: Ident,
    pub(crate) results: Ident,
    pub(crate) partial: Ident,
    pub(crate) row: Ident,
    pub(crate) run: Ident,
    pub(crate) schema: Ident,
}

impl Names {
    pub(crate) fn of(function: &Ident) -> Self {
        let text = function.to_string();
        let text = text.trim_start_matches("r#");
        let camel = camel_case(text);
        let named = |ending: &str| format_ident!("{camel}{ending}", span = function.span());
        Self {
            key: named("Key"),
            results: named("Results"),
            partial: named("Partial"),
            row: named("Row"),
            run: named("Run"),
            schema: format_ident!("{text}_schema", span = function.span()),
            function: function.clone(),
        }
    }
}

/// A keyfield and its values.
pub(crate) struct Keyfield {
    pub(crate) field: Field,
    pub(crate) domain: Domain,
    /// The value of the rows that were there before the keyfield.
    pub(crate) default: Option<Expr>,
}

/// What a keyfield ranges over.
pub(crate) enum Domain {
    /// The attribute does not say.
    Elsewhere,
    /// `[a, b]`
    List(Vec<Expr>),
    /// Any expression that can be iterated over.
    Iterator(Box<Expr>),
}

/// A column of the main table or of a logtable.
pub(crate) struct Field {
    pub(crate) docs: Vec<Attribute>,
    pub(crate) name: Ident,
    /// The column's name, where it is not the field's.
    pub(crate) column: Option<LitStr>,
    pub(crate) ty: FieldType,
    pub(crate) sql: Option<LitStr>,
}

impl Field {
    /// The name of the column.
    pub(crate) fn column_name(&self) -> String {
        self.column.as_ref().map_or_else(|| self.name.to_string().trim_start_matches("r#").to_owned(), LitStr::value)
    }
}

/// A field's type: as written, and without its `Option`.
pub(crate) struct FieldType {
    pub(crate) written: Type,
    pub(crate) inner: Type,
    pub(crate) optional: bool,
    pub(crate) kind: Kind,
}

impl FieldType {
    /// Whether nothing can be wrong with the type: `f64` is always what the attribute takes it for.
    pub(crate) fn is_primitive(&self) -> bool {
        let primitive =
            |name: &Ident| name == "String" || name.to_string().starts_with(|c: char| c.is_ascii_lowercase());
        let is_ident = |path: &syn::TypePath| path.path.get_ident().is_some_and(primitive);
        matches!(self.kind, Kind::Known(_)) && matches!(&self.inner, Type::Path(path) if is_ident(path))
    }
}

/// How a type is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A type that the attribute knows by its name.
    Known(KnownType),
    /// Text, by serde: `Json<T>`.
    Json,
    /// Text, by the type's implementation of `TextField`.
    Text,
}

impl Kind {
    /// The type in `diesel::sql_types`.
    pub(crate) fn diesel(self) -> &'static str {
        match self {
            Self::Known(KnownType { diesel, .. }) => diesel,
            Self::Json | Self::Text => "Text",
        }
    }

    /// Whether the column is wider than the type.
    pub(crate) fn is_narrow(self) -> bool {
        matches!(self, Self::Known(KnownType { narrow: true, .. }))
    }

    /// Whether serde itself would lose values, or does not know the type.
    pub(crate) fn needs_serde_help(self) -> bool {
        match self {
            Self::Known(KnownType { lossy, .. }) => lossy,
            Self::Json => false,
            Self::Text => true,
        }
    }
}

/// A logtable: its table's name in the schema, and its struct.
pub(crate) struct Logtable {
    pub(crate) docs: Vec<Attribute>,
    pub(crate) name: Ident,
    pub(crate) row_struct: Ident,
    pub(crate) columns: Vec<Field>,
}

/// How the function is called, and where its return type stands.
pub(crate) struct Call {
    pub(crate) parameters: Parameters,
    /// The first and the last token of the return type.
    pub(crate) output: (Span, Span),
}

/// The function's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parameters {
    Key,
    KeyAndRun,
}
