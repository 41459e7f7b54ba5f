//! The attribute's and the function's syntax, as written. After a mistake it goes on with the next entry.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser, Result};
use syn::{Attribute, Expr, LitBool, LitStr, Signature, Token, Type, Visibility, braced, token};

use crate::errors::Errors;
use crate::messages;

/// The attribute's options as written.
#[derive(Default)]
pub(crate) struct RawAttribute {
    pub(crate) keyfields: Option<RawBlock<RawField>>,
    pub(crate) resultfields: Option<RawBlock<RawField>>,
    pub(crate) logtables: Option<RawBlock<RawLogtable>>,
    pub(crate) table: Option<LitStr>,
    pub(crate) result_timestamps: Option<LitBool>,
    pub(crate) only: Option<Expr>,
    pub(crate) rows: Option<Expr>,
    pub(crate) timeout: Option<LitStr>,
    /// Whether an entry could not be read, so that what seems missing may stand there.
    pub(crate) incomplete: bool,
}

/// The entries of an option between `{` and `}`.
pub(crate) struct RawBlock<T> {
    pub(crate) braces: Span,
    pub(crate) entries: Vec<T>,
    /// Whether one more could not be read.
    pub(crate) incomplete: bool,
}

/// `name: Type = domain`; the parts that are missing have been reported.
pub(crate) struct RawField {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) name: Ident,
    /// The column's name, where it is not the field's; it is taken out of the attributes later.
    pub(crate) column: Option<LitStr>,
    pub(crate) ty: Option<Type>,
    pub(crate) domain: Option<RawDomain>,
}

/// `= domain`
pub(crate) struct RawDomain {
    pub(crate) eq: Token![=],
    pub(crate) values: Expr,
}

/// `name: { column: Type, … }`
pub(crate) struct RawLogtable {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) name: Ident,
    pub(crate) columns: Vec<RawField>,
}

/// A function without its body.
pub(crate) struct RawFunction {
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) has_body: bool,
}

/// The function's head; its body is not parsed, so that mistakes in it are the compiler's to report.
pub(crate) fn function(item: TokenStream) -> Result<RawFunction> {
    let not_a_function = |error: syn::Error| syn::Error::new(error.span(), messages::not_a_function());
    let head = |input: ParseStream<'_>| {
        Attribute::parse_outer(input)?;
        let start = input.span();
        let visibility = input.parse()?;
        let signature = input.parse().map_err(|_| syn::Error::new(start, ""))?;
        let has_body = input.peek(token::Brace);
        input.parse::<TokenStream>()?;
        Ok(RawFunction { visibility, signature, has_body })
    };
    head.parse2(item).map_err(not_a_function)
}

/// The attribute's options; what cannot be read is reported and left out.
pub(crate) fn attribute(tokens: TokenStream, errors: &mut Errors) -> RawAttribute {
    let mut raw = RawAttribute::default();
    let options = |input: ParseStream<'_>| {
        raw.incomplete = list(input, errors, |input, errors| option(input, errors, &mut raw));
        Ok(())
    };
    if let Err(error) = options.parse2(tokens) {
        // What is left of an entry that could not be read comes back as one more error, which says nothing new.
        if errors.is_empty() {
            errors.push(error);
        }
    }
    raw
}

fn option(input: ParseStream<'_>, errors: &mut Errors, raw: &mut RawAttribute) -> Result<()> {
    let RawAttribute {
        keyfields,
        resultfields,
        logtables,
        table,
        result_timestamps,
        only,
        rows,
        timeout,
        incomplete: _,
    } = raw;
    let name = Ident::parse_any(input).map_err(|error| syn::Error::new(error.span(), messages::expected_option()))?;
    match name.to_string().as_str() {
        "keyfields" => once(&name, keyfields, block(input, errors, &name, field)?, errors),
        "resultfields" => once(&name, resultfields, block(input, errors, &name, field)?, errors),
        "logtables" => once(&name, logtables, block(input, errors, &name, logtable)?, errors),
        "table" => once(&name, table, literal(input, &name)?, errors),
        "result_timestamps" => once(&name, result_timestamps, literal(input, &name)?, errors),
        "only" => once(&name, only, expression(input, &name)?, errors),
        "rows" => once(&name, rows, expression(input, &name)?, errors),
        "timeout" => once(&name, timeout, literal(input, &name)?, errors),
        unknown => {
            errors.at(&name, messages::unknown_option(unknown));
            skip_to_comma(input)?;
        }
    }
    Ok(())
}

/// The first of two wins.
fn once<T>(name: &Ident, place: &mut Option<T>, value: T, errors: &mut Errors) {
    if place.is_some() {
        errors.at(name, messages::duplicate_option(&name.to_string()));
    } else {
        *place = Some(value);
    }
}

/// `= literal`
fn literal<T: syn::parse::Parse>(input: ParseStream<'_>, name: &Ident) -> Result<T> {
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        let at = if input.is_empty() { name.span() } else { input.span() };
        input.parse().map_err(|_| syn::Error::new(at, messages::option_form(&name.to_string())))
    } else {
        Err(syn::Error::new(name.span(), messages::option_form(&name.to_string())))
    }
}

/// `= expression`
fn expression(input: ParseStream<'_>, name: &Ident) -> Result<Expr> {
    let malformed = |at| syn::Error::new(at, messages::option_form(&name.to_string()));
    if !input.peek(Token![=]) {
        return Err(malformed(name.span()));
    }
    let eq = input.parse::<Token![=]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(malformed(eq.span));
    }
    input.parse()
}

/// `= { entry, … }`
fn block<T>(
    input: ParseStream<'_>,
    errors: &mut Errors,
    name: &Ident,
    entry: fn(ParseStream<'_>, &mut Errors) -> Result<T>,
) -> Result<RawBlock<T>> {
    if !(input.peek(Token![=]) && input.peek2(token::Brace)) {
        return Err(syn::Error::new(name.span(), messages::option_form(&name.to_string())));
    }
    input.parse::<Token![=]>()?;
    let content;
    let braces = braced!(content in input).span.join();
    let mut entries = Vec::new();
    let incomplete = list(&content, errors, |input, errors| {
        entries.push(entry(input, errors)?);
        Ok(())
    });
    Ok(RawBlock { braces, entries, incomplete })
}

fn logtable(input: ParseStream<'_>, errors: &mut Errors) -> Result<RawLogtable> {
    let attributes = Attribute::parse_outer(input)?;
    let name = field_name(input)?;
    if !(input.peek(Token![:]) && input.peek2(token::Brace)) {
        return Err(syn::Error::new(name.span(), messages::logtable_form(&name.to_string())));
    }
    input.parse::<Token![:]>()?;
    let content;
    braced!(content in input);
    let mut columns = Vec::new();
    list(&content, errors, |input, errors| {
        columns.push(field(input, errors)?);
        Ok(())
    });
    Ok(RawLogtable { attributes, name, columns })
}

fn field(input: ParseStream<'_>, errors: &mut Errors) -> Result<RawField> {
    let attributes = Attribute::parse_outer(input)?;
    let name = field_name(input)?;
    let ty = field_type(input, &name, errors)?;
    let domain = if input.peek(Token![=]) { Some(domain(input, &name)?) } else { None };
    Ok(RawField { attributes, name, column: None, ty, domain })
}

fn field_name(input: ParseStream<'_>) -> Result<Ident> {
    Ident::parse_any(input).map_err(|error| syn::Error::new(error.span(), messages::expected_field()))
}

/// `: Type`; `None` where it is missing, which is reported.
fn field_type(input: ParseStream<'_>, name: &Ident, errors: &mut Errors) -> Result<Option<Type>> {
    if input.peek(Token![:]) && !input.peek(Token![::]) {
        input.parse::<Token![:]>()?;
        if !(input.is_empty() || input.peek(Token![,]) || input.peek(Token![=])) {
            let expected =
                |error: syn::Error| syn::Error::new(error.span(), messages::expected_type(&name.to_string()));
            return input.parse().map(Some).map_err(expected);
        }
    }
    errors.at(name, messages::missing_type(&name.to_string()));
    Ok(None)
}

fn domain(input: ParseStream<'_>, name: &Ident) -> Result<RawDomain> {
    let eq = input.parse()?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(syn::Error::new_spanned(eq, messages::missing_domain(&name.to_string())));
    }
    Ok(RawDomain { eq, values: input.parse()? })
}

/// Entries with commas between them; true if one could not be read.
fn list(
    input: ParseStream<'_>,
    errors: &mut Errors,
    mut entry: impl FnMut(ParseStream<'_>, &mut Errors) -> Result<()>,
) -> bool {
    let mut incomplete = false;
    while !input.is_empty() {
        if let Err(error) = entry(input, errors).and_then(|()| end_of_entry(input, errors)) {
            incomplete = true;
            errors.push(error);
            // There is nothing to report of tokens that are skipped.
            let _ = skip_to_comma(input).and_then(|()| end_of_entry(input, errors));
        }
    }
    incomplete
}

/// The comma; where it is forgotten before what looks like an entry, that is all that is wrong.
fn end_of_entry(input: ParseStream<'_>, errors: &mut Errors) -> Result<()> {
    if input.is_empty() {
        Ok(())
    } else if input.peek(Token![,]) {
        input.parse::<Token![,]>().map(drop)
    } else if input.peek(Ident::peek_any) || input.peek(Token![#]) {
        errors.span(input.span(), messages::missing_comma());
        Ok(())
    } else {
        Err(input.error(messages::missing_comma()))
    }
}

fn skip_to_comma(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
