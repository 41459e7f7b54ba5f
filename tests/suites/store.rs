//! The store on both databases: tables, fill, claim, write-back, reset.
