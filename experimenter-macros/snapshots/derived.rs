#[allow(unused_qualifications, clippy::pedantic, clippy::nursery)]
const _: () = {
    #[automatically_derived]
    impl ::experimenter::__private::Enumeration for Kernel {
        const VARIANTS: &'static [(&'static str, Self)] = &[
            ("Linear", Self::Linear),
            ("radial basis", Self::Rbf),
        ];
    }
    #[automatically_derived]
    impl ::experimenter::__private::TextField for Kernel {}
    #[automatically_derived]
    impl ::experimenter::Field for Kernel {
        const KEY_SQL: &'static str = "VARCHAR(255)";
        fn to_value(&self) -> ::experimenter::__private::Value {
            ::core::convert::From::from(text_of(self))
        }
        fn from_value(
            value: &::experimenter::__private::Value,
        ) -> ::core::result::Result<Self, ::experimenter::__private::FieldError> {
            ::experimenter::__private::variant_from_value(value)
        }
        fn parse(
            text: &str,
        ) -> ::core::result::Result<Self, ::experimenter::__private::FieldError> {
            ::experimenter::__private::from_variant_name(text)
        }
        fn every() -> ::core::option::Option<::std::vec::Vec<Self>> {
            ::core::option::Option::Some(::std::vec![Self::Linear, Self::Rbf])
        }
    }
    #[automatically_derived]
    impl<
        __DB,
    > ::experimenter::__private::diesel::deserialize::FromSql<
        ::experimenter::__private::diesel::sql_types::Text,
        __DB,
    > for Kernel
    where
        __DB: ::experimenter::__private::diesel::backend::Backend,
        ::std::string::String: ::experimenter::__private::diesel::deserialize::FromSql<
            ::experimenter::__private::diesel::sql_types::Text,
            __DB,
        >,
    {
        fn from_sql(
            bytes: <__DB as ::experimenter::__private::diesel::backend::Backend>::RawValue<
                '_,
            >,
        ) -> ::experimenter::__private::diesel::deserialize::Result<Self> {
            let text = <::std::string::String as ::experimenter::__private::diesel::deserialize::FromSql<
                _,
                __DB,
            >>::from_sql(bytes)?;
            ::core::result::Result::Ok(
                ::experimenter::__private::from_variant_name(&text)?,
            )
        }
    }
    #[automatically_derived]
    impl<
        __ST,
        __DB,
    > ::experimenter::__private::diesel::deserialize::Queryable<__ST, __DB> for Kernel
    where
        __DB: ::experimenter::__private::diesel::backend::Backend,
        __ST: ::experimenter::__private::diesel::sql_types::SingleValue,
        Self: ::experimenter::__private::diesel::deserialize::FromSql<__ST, __DB>,
    {
        type Row = Self;
        fn build(
            row: Self,
        ) -> ::experimenter::__private::diesel::deserialize::Result<Self> {
            ::core::result::Result::Ok(row)
        }
    }
    fn text_of(variant: &Kernel) -> &'static str {
        match variant {
            Kernel::Linear => "Linear",
            Kernel::Rbf => "radial basis",
        }
    }
    #[automatically_derived]
    impl<
        __DB,
    > ::experimenter::__private::diesel::serialize::ToSql<
        ::experimenter::__private::diesel::sql_types::Text,
        __DB,
    > for Kernel
    where
        __DB: ::experimenter::__private::diesel::backend::Backend,
        str: ::experimenter::__private::diesel::serialize::ToSql<
            ::experimenter::__private::diesel::sql_types::Text,
            __DB,
        >,
    {
        fn to_sql<'b>(
            &'b self,
            out: &mut ::experimenter::__private::diesel::serialize::Output<'b, '_, __DB>,
        ) -> ::experimenter::__private::diesel::serialize::Result {
            <str as ::experimenter::__private::diesel::serialize::ToSql<
                ::experimenter::__private::diesel::sql_types::Text,
                __DB,
            >>::to_sql(text_of(self), out)
        }
    }
    #[automatically_derived]
    impl<
        __DB,
    > ::experimenter::__private::diesel::serialize::ToSql<
        ::experimenter::__private::diesel::sql_types::Nullable<
            ::experimenter::__private::diesel::sql_types::Text,
        >,
        __DB,
    > for Kernel
    where
        __DB: ::experimenter::__private::diesel::backend::Backend,
        Self: ::experimenter::__private::diesel::serialize::ToSql<
            ::experimenter::__private::diesel::sql_types::Text,
            __DB,
        >,
    {
        fn to_sql<'b>(
            &'b self,
            out: &mut ::experimenter::__private::diesel::serialize::Output<'b, '_, __DB>,
        ) -> ::experimenter::__private::diesel::serialize::Result {
            <Self as ::experimenter::__private::diesel::serialize::ToSql<
                ::experimenter::__private::diesel::sql_types::Text,
                __DB,
            >>::to_sql(self, out)
        }
    }
    #[automatically_derived]
    impl ::experimenter::__private::diesel::expression::AsExpression<
        ::experimenter::__private::diesel::sql_types::Text,
    > for Kernel {
        type Expression = <&'static str as ::experimenter::__private::diesel::expression::AsExpression<
            ::experimenter::__private::diesel::sql_types::Text,
        >>::Expression;
        fn as_expression(self) -> Self::Expression {
            <&'static str as ::experimenter::__private::diesel::expression::AsExpression<
                ::experimenter::__private::diesel::sql_types::Text,
            >>::as_expression(text_of(&self))
        }
    }
    #[automatically_derived]
    impl ::experimenter::__private::diesel::expression::AsExpression<
        ::experimenter::__private::diesel::sql_types::Text,
    > for &Kernel {
        type Expression = <&'static str as ::experimenter::__private::diesel::expression::AsExpression<
            ::experimenter::__private::diesel::sql_types::Text,
        >>::Expression;
        fn as_expression(self) -> Self::Expression {
            <&'static str as ::experimenter::__private::diesel::expression::AsExpression<
                ::experimenter::__private::diesel::sql_types::Text,
            >>::as_expression(text_of(self))
        }
    }
    #[automatically_derived]
    impl ::experimenter::__private::diesel::expression::AsExpression<
        ::experimenter::__private::diesel::sql_types::Nullable<
            ::experimenter::__private::diesel::sql_types::Text,
        >,
    > for Kernel {
        type Expression = <&'static str as ::experimenter::__private::diesel::expression::AsExpression<
            ::experimenter::__private::diesel::sql_types::Nullable<
                ::experimenter::__private::diesel::sql_types::Text,
            >,
        >>::Expression;
        fn as_expression(self) -> Self::Expression {
            <&'static str as ::experimenter::__private::diesel::expression::AsExpression<
                ::experimenter::__private::diesel::sql_types::Nullable<
                    ::experimenter::__private::diesel::sql_types::Text,
                >,
            >>::as_expression(text_of(&self))
        }
    }
    #[automatically_derived]
    impl ::experimenter::__private::diesel::expression::AsExpression<
        ::experimenter::__private::diesel::sql_types::Nullable<
            ::experimenter::__private::diesel::sql_types::Text,
        >,
    > for &Kernel {
        type Expression = <&'static str as ::experimenter::__private::diesel::expression::AsExpression<
            ::experimenter::__private::diesel::sql_types::Nullable<
                ::experimenter::__private::diesel::sql_types::Text,
            >,
        >>::Expression;
        fn as_expression(self) -> Self::Expression {
            <&'static str as ::experimenter::__private::diesel::expression::AsExpression<
                ::experimenter::__private::diesel::sql_types::Nullable<
                    ::experimenter::__private::diesel::sql_types::Text,
                >,
            >>::as_expression(text_of(self))
        }
    }
};
