//! The fields that a command line names.

use experimenter_diesel::Column;

use super::failure::Failure;
use crate::definition::Registration;

/// Checks that an experiment has the fields of this kind, `keyfield` or `resultfield`, that are asked for.
pub(super) fn check(
    experiment: &Registration,
    kind: &str,
    columns: &[Column],
    asked: &[String],
) -> Result<(), Failure> {
    let Some(unknown) = asked.iter().find(|name| columns.iter().all(|column| column.name != **name)) else {
        return Ok(());
    };
    let names: Vec<_> = columns.iter().map(|column| format!("`{}`", column.name)).collect();
    Err(Failure::usage(format!("`{}` has no {kind} `{unknown}`", experiment.definition.name))
        .hint(format!("its {kind}s are {}", names.join(", "))))
}
