//! The store of `experimenter`.
mod column;
mod status;
mod value;
pub use column::{Backend, ColumnType, Kind, Misfit, TextUnit};
pub use status::{Status, UnknownStatus};
pub use value::Value;
