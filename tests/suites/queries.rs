//! Typed Diesel queries of a user over executed tables.
