//! What a user may do, read from what `SHOW GRANTS` tells.

/// What all commands need together.
const NEEDED: [&str; 8] = ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "INDEX", "DROP"];

/// What a user lacks in a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Privileges {
    /// The privileges that no grant names.
    pub missing: Vec<&'static str>,
    /// Whether the user has roles, which may have what is missing.
    pub has_roles: bool,
}

impl Privileges {
    /// Reads lines such as `` GRANT SELECT, INSERT ON `my\_thesis`.* TO `me`@`%` ``.
    pub(super) fn of<'a>(grants: impl Iterator<Item = &'a str>, database: &str) -> Self {
        let mut missing = NEEDED.to_vec();
        let mut has_roles = false;
        for grant in grants.filter_map(|line| line.strip_prefix("GRANT ")) {
            let Some((privileges, rest)) = grant.split_once(" ON ") else {
                has_roles = true;
                continue;
            };
            let place = rest.split(" TO ").next().unwrap_or_default();
            let Some((pattern, _table)) = place.rsplit_once('.') else { continue };
            let pattern: Vec<_> = pattern.trim_matches('`').to_lowercase().chars().collect();
            let name: Vec<_> = database.to_lowercase().chars().collect();
            if pattern == ['*'] || matches(&pattern, &name) {
                let has_all = privileges.starts_with("ALL PRIVILEGES");
                missing.retain(|needed| !has_all && !privileges.split(", ").any(|one| one == *needed));
            }
        }
        Self { missing, has_roles }
    }
}

/// Whether a database has the name that a grant tells, in which `%` and `_` are wildcards, unless after a backslash.
fn matches(pattern: &[char], name: &[char]) -> bool {
    match (pattern, name) {
        ([], name) => name.is_empty(),
        (['%', rest @ ..], _) => (0..=name.len()).any(|skipped| matches(rest, &name[skipped..])),
        (['\\', c, rest @ ..], [first, others @ ..]) => c == first && matches(rest, others),
        (['_', rest @ ..], [_, others @ ..]) => matches(rest, others),
        ([c, rest @ ..], [first, others @ ..]) => c == first && matches(rest, others),
        (_, []) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grants_lack_is_told() {
        let missing = |grants: &[&str]| Privileges::of(grants.iter().copied(), "my_thesis").missing;
        let usage = "GRANT USAGE ON *.* TO `me`@`%` IDENTIFIED BY PASSWORD '*1'";
        assert_eq!(missing(&[usage]), NEEDED);
        assert_eq!(missing(&[usage, r"GRANT ALL PRIVILEGES ON `my\_thesis`.* TO `me`@`%`"]), [""; 0]);
        assert_eq!(missing(&["GRANT ALL PRIVILEGES ON `my%`.* TO `me`@`%`"]), [""; 0]);
        assert_eq!(missing(&["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"]), [""; 0]);
        assert_eq!(missing(&[r"GRANT ALL PRIVILEGES ON `my\_theses`.* TO `me`@`%`"]), NEEDED);
        let two =
            ["GRANT SELECT, INSERT, UPDATE, DELETE ON `my_thesis`.* TO `me`@`%`", "GRANT CREATE, DROP ON *.* TO `me`"];
        assert_eq!(missing(&two), ["ALTER", "INDEX"]);
        assert!(Privileges::of(["GRANT `student` TO `me`@`%`"].into_iter(), "db").has_roles);
    }
}
