//! The traits of an enum that is a field: ours, and Diesel's ways in and out of a text column.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::check::{Enumeration, Named};

pub(super) fn enumeration(enumeration: &Enumeration) -> TokenStream {
    let field = field(enumeration);
    let output = output(&enumeration.name);
    let input = input(enumeration);
    quote! {
        #[allow(unused_qualifications, clippy::pedantic, clippy::nursery)]
        const _: () = {
            #field
            #output
            #input
        };
    }
}

fn field(Enumeration { name, variants }: &Enumeration) -> TokenStream {
    let pairs = variants.iter().map(|Named { variant, text, .. }| quote!((#text, Self::#variant)));
    let all = variants.iter().map(|Named { variant, .. }| variant);
    quote! {
        #[automatically_derived]
        impl ::experimenter::__private::Enumeration for #name {
            const VARIANTS: &'static [(&'static str, Self)] = &[#(#pairs),*];
        }
        #[automatically_derived]
        impl ::experimenter::__private::TextField for #name {}
        #[automatically_derived]
        impl ::experimenter::Field for #name {
            const KEY_SQL: &'static str = "VARCHAR(255)";
            fn to_value(&self) -> ::experimenter::__private::Value { ::core::convert::From::from(text_of(self)) }
            fn from_value(
                value: &::experimenter::__private::Value,
            ) -> ::core::result::Result<Self, ::experimenter::__private::FieldError> {
                ::experimenter::__private::variant_from_value(value)
            }
            fn parse(text: &str) -> ::core::result::Result<Self, ::experimenter::__private::FieldError> {
                ::experimenter::__private::from_variant_name(text)
            }
            fn every() -> ::core::option::Option<::std::vec::Vec<Self>> {
                ::core::option::Option::Some(::std::vec![#(Self::#all),*])
            }
        }
    }
}

/// Out of the database.
fn output(name: &Ident) -> TokenStream {
    let diesel = quote!(::experimenter::__private::diesel);
    quote! {
        #[automatically_derived]
        impl<__DB> #diesel::deserialize::FromSql<#diesel::sql_types::Text, __DB> for #name
        where
            __DB: #diesel::backend::Backend,
            ::std::string::String: #diesel::deserialize::FromSql<#diesel::sql_types::Text, __DB>,
        {
            fn from_sql(bytes: <__DB as #diesel::backend::Backend>::RawValue<'_>) -> #diesel::deserialize::Result<Self> {
                let text = <::std::string::String as #diesel::deserialize::FromSql<_, __DB>>::from_sql(bytes)?;
                ::core::result::Result::Ok(::experimenter::__private::from_variant_name(&text)?)
            }
        }
        #[automatically_derived]
        impl<__ST, __DB> #diesel::deserialize::Queryable<__ST, __DB> for #name
        where
            __DB: #diesel::backend::Backend,
            __ST: #diesel::sql_types::SingleValue,
            Self: #diesel::deserialize::FromSql<__ST, __DB>,
        {
            type Row = Self;
            fn build(row: Self) -> #diesel::deserialize::Result<Self> { ::core::result::Result::Ok(row) }
        }
    }
}

/// Into a typed query, as text; `ToSql` is what `eq_any` asks for.
fn input(Enumeration { name, variants }: &Enumeration) -> TokenStream {
    let diesel = quote!(::experimenter::__private::diesel);
    let names = variants.iter().map(|Named { variant, text, .. }| quote!(#name::#variant => #text));
    let text = quote!(#diesel::sql_types::Text);
    let nullable = quote!(#diesel::sql_types::Nullable<#text>);
    let expressions =
        [(quote!(#name), &text), (quote!(&#name), &text), (quote!(#name), &nullable), (quote!(&#name), &nullable)];
    let expressions = expressions.map(|(ty, sql_type)| {
        let variant = if ty.to_string().starts_with('&') { quote!(self) } else { quote!(&self) };
        quote! {
            #[automatically_derived]
            impl #diesel::expression::AsExpression<#sql_type> for #ty {
                type Expression = <&'static str as #diesel::expression::AsExpression<#sql_type>>::Expression;
                fn as_expression(self) -> Self::Expression {
                    <&'static str as #diesel::expression::AsExpression<#sql_type>>::as_expression(text_of(#variant))
                }
            }
        }
    });
    // An enum without variants has been refused; it is matched by value, for it has no reference to match.
    let body = if variants.is_empty() { quote!(match *variant {}) } else { quote!(match variant { #(#names),* }) };
    quote! {
        fn text_of(variant: &#name) -> &'static str { #body }
        #[automatically_derived]
        impl<__DB> #diesel::serialize::ToSql<#text, __DB> for #name
        where
            __DB: #diesel::backend::Backend,
            str: #diesel::serialize::ToSql<#text, __DB>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut #diesel::serialize::Output<'b, '_, __DB>,
            ) -> #diesel::serialize::Result {
                <str as #diesel::serialize::ToSql<#text, __DB>>::to_sql(text_of(self), out)
            }
        }
        #[automatically_derived]
        impl<__DB> #diesel::serialize::ToSql<#nullable, __DB> for #name
        where
            __DB: #diesel::backend::Backend,
            Self: #diesel::serialize::ToSql<#text, __DB>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut #diesel::serialize::Output<'b, '_, __DB>,
            ) -> #diesel::serialize::Result {
                <Self as #diesel::serialize::ToSql<#text, __DB>>::to_sql(self, out)
            }
        }
        #(#expressions)*
    }
}
