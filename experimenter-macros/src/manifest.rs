//! Whether the crate that is compiled can name Diesel: the schema does, and rustc's own words for it are no help.

use std::path::Path;

/// Whether the crate that is compiled depends on `diesel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Diesel {
    /// As far as can be told.
    Present,
    /// Its manifest does not mention it.
    Missing,
}

/// Looks into the manifest of the crate that is compiled; one that cannot be read says nothing.
pub(crate) fn diesel() -> Diesel {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .and_then(|folder| std::fs::read_to_string(Path::new(&folder).join("Cargo.toml")).ok());
    match manifest {
        Some(manifest) if !mentions_diesel(&manifest) => Diesel::Missing,
        _ => Diesel::Present,
    }
}

/// Rather too often than not often enough: a dependency can be written in many ways.
fn mentions_diesel(manifest: &str) -> bool {
    manifest.lines().map(str::trim).filter(|line| !line.starts_with('#')).any(|line| {
        let after = line.strip_prefix("diesel").or_else(|| line.strip_prefix("\"diesel\""));
        after.is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
            || line.contains("dependencies.diesel]")
            || line.contains("package = \"diesel\"")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_depend_on_diesel_is_seen() {
        for line in
            ["diesel = \"2\"", "diesel.workspace = true", "[dependencies.diesel]", "orm = { package = \"diesel\" }"]
        {
            assert!(mentions_diesel(&format!("[dependencies]\nexperimenter = \"0\"\n{line}\n")), "{line}");
        }
        for line in ["diesel-async = \"0.9\"", "experimenter-diesel = \"0\"", "# diesel = \"2\""] {
            assert!(!mentions_diesel(&format!("[dependencies]\n{line}\n")), "{line}");
        }
    }
}
