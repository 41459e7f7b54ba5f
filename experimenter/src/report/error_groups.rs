//! Errors that are the same but for their numbers and paths, as one.

use std::collections::HashMap;

use experimenter_diesel::Value;

/// What a row's `error` says, in one line, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Headline {
    pub(crate) message: String,
    pub(crate) place: Option<String>,
}

impl Headline {
    /// That of a story: its first line and its place; of a traceback of Python its last ones.
    pub(crate) fn of(story: &str) -> Self {
        let story = story.split("\n\nlast output:\n").next().unwrap_or_default().trim();
        if story.starts_with("Traceback ") {
            let message = story.lines().last().unwrap_or_default().trim();
            let frames = story.lines().filter_map(|line| line.trim().strip_prefix("File \""));
            let place = frames.filter_map(|frame| frame.split_once("\", line ")).next_back();
            let place = place.map(|(file, rest)| format!("{file}:{}", rest.split(',').next().unwrap_or_default()));
            return Self { message: message.to_owned(), place };
        }
        let message = story.lines().next().unwrap_or_default();
        let place = story.lines().find_map(|line| line.strip_prefix("    at ")).map(without_column);
        Self { message: message.to_owned(), place }
    }

    /// Without what differs from row to row.
    fn masked(&self) -> Self {
        Self { message: masked(&self.message), place: self.place.clone() }
    }
}

/// `src/tabu.rs:88:13` → `src/tabu.rs:88`.
fn without_column(place: &str) -> String {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match place.rsplit_once(':') {
        Some((head, column)) if is_number(column) && head.rsplit(':').next().is_some_and(is_number) => head.to_owned(),
        _ => place.to_owned(),
    }
}

/// What stands for a number, and for a path.
const NUMBER: &str = "#";
const PATH: &str = "<path>";

/// A message with its numbers and paths masked.
fn masked(message: &str) -> String {
    message.split(' ').map(masked_word).collect::<Vec<_>>().join(" ")
}

fn masked_word(word: &str) -> String {
    let core = word.trim_matches(|c: char| "\"'`()[]{},;:.!".contains(c) && c != '.').trim_end_matches('.');
    let is_path = core.contains('/') && ["/", "./", "../", "~/"].iter().any(|start| core.starts_with(start));
    if is_path { word.replacen(core, PATH, 1) } else { masked_numbers(word) }
}

/// A number begins a word, or follows what is no letter: the `8` of `utf8` is none.
fn masked_numbers(word: &str) -> String {
    let mut masked = String::new();
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        let follows_letter = masked.chars().last().is_some_and(|last| last.is_alphanumeric() || last == '_');
        let length = if follows_letter { 0 } else { number_length(rest) };
        if length > 0 {
            masked.push_str(NUMBER);
            rest = &rest[length..];
        } else {
            masked.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    masked
}

/// How long the number is that a text begins with: `12`, `0.5`, `1e-7`, `0x7f`.
fn number_length(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    if let Some(hex) = text.strip_prefix("0x") {
        return 2 + hex.bytes().take_while(u8::is_ascii_hexdigit).count();
    }
    let mut length = digits(text);
    if length == 0 {
        return 0;
    }
    if let Some(fraction) = text[length..].strip_prefix('.').map(digits).filter(|digits| *digits > 0) {
        length += 1 + fraction;
    }
    if let Some(exponent) = text[length..].strip_prefix('e') {
        let sign = usize::from(exponent.starts_with(['-', '+']));
        let exponent = digits(&exponent[sign..]);
        length += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    length
}

/// Rows whose errors are the same.
#[derive(Debug, Clone)]
pub(crate) struct ErrorGroup {
    /// What they say; masked where they differ.
    pub(crate) headline: Headline,
    pub(crate) ids: Vec<i64>,
    /// When the first and the last of them ended, where that is known.
    pub(crate) first: Option<String>,
    pub(crate) last: Option<String>,
    /// By keyfield the value that they all share.
    pub(crate) shared: Vec<Option<Value>>,
}

impl ErrorGroup {
    /// The longest piece of the message that they all have.
    pub(crate) fn common_text(&self) -> Option<&str> {
        let pieces = self.headline.message.split(PATH).flat_map(|piece| piece.split(NUMBER));
        pieces.map(str::trim).max_by_key(|piece| piece.len()).filter(|piece| piece.len() > 3)
    }
}

/// Groups as their rows are met.
#[derive(Debug, Default)]
pub(crate) struct ErrorGroups {
    groups: HashMap<(String, Option<String>), ErrorGroup>,
}

impl ErrorGroups {
    pub(crate) fn add(&mut self, id: i64, story: &str, ended: Option<&str>, key: Vec<Value>) {
        let headline = Headline::of(story);
        let masked = headline.masked();
        let name = (masked.message.clone(), masked.place.clone());
        let ended = ended.map(str::to_owned);
        match self.groups.get_mut(&name) {
            None => {
                let shared = key.into_iter().map(Some).collect();
                let group = ErrorGroup { headline, ids: vec![id], first: ended.clone(), last: ended, shared };
                self.groups.insert(name, group);
            }
            Some(group) => {
                if group.headline != headline {
                    group.headline = masked;
                }
                group.ids.push(id);
                group.first = [group.first.take(), ended.clone()].into_iter().flatten().min();
                group.last = [group.last.take(), ended].into_iter().flatten().max();
                for (shared, value) in group.shared.iter_mut().zip(key) {
                    if shared.as_ref() != Some(&value) {
                        *shared = None;
                    }
                }
            }
        }
    }

    /// The groups, the largest first.
    pub(crate) fn sorted(self) -> Vec<ErrorGroup> {
        let mut groups: Vec<_> = self.groups.into_values().collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.ids.len()), group.ids.first().copied()));
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_has_a_headline() {
        let headline = |story| {
            let Headline { message, place } = Headline::of(story);
            (message, place.unwrap_or_default())
        };
        assert_eq!(
            headline("no path\ncaused by: x\n    at src/tabu.rs:88:13\n\nbacktrace:\n    at y.rs:1:1"),
            ("no path".to_owned(), "src/tabu.rs:88".to_owned())
        );
        assert_eq!(
            headline("killed by SIGKILL\n\nlast output:\n    at x"),
            ("killed by SIGKILL".to_owned(), String::new())
        );
        let traceback = "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\n    g()\n  \
                         File \"b.py\", line 9, in g\n    raise\nValueError: no";
        assert_eq!(headline(traceback), ("ValueError: no".to_owned(), "b.py:9".to_owned()));
    }

    #[test]
    fn numbers_and_paths_are_masked() {
        for (message, expected) in [
            ("the len is 3 but the index is 17", "the len is # but the index is #"),
            ("loss=1e-7, at 0x7f, took 0.25s.", "loss=#, at #, took #s."),
            ("utf8 of f64 and x86_64", "utf8 of f64 and x86_64"),
            ("cannot open \"/scratch/a 1/b.txt\": no", "cannot open \"<path> #/b.txt\": no"),
            ("cannot open ./data/7.cnf: no", "cannot open <path>: no"),
            ("1/2 of -3", "#/# of -#"),
        ] {
            assert_eq!(masked(message), expected);
        }
    }

    #[test]
    fn a_group_knows_what_its_rows_share() {
        let mut groups = ErrorGroups::default();
        groups.add(1, "index 3", Some("2026-01-02"), vec!["tabu".into(), Value::Int(1)]);
        groups.add(2, "other", None, vec!["tabu".into(), Value::Int(1)]);
        groups.add(5, "index 4", Some("2026-01-01"), vec!["tabu".into(), Value::Int(2)]);
        let groups = groups.sorted();
        assert_eq!(groups[0].headline.message, "index #");
        assert_eq!((groups[0].ids.clone(), groups[1].ids.clone()), (vec![1, 5], vec![2]));
        assert_eq!(groups[0].shared, [Some("tabu".into()), None]);
        assert_eq!(groups[0].first.as_deref().zip(groups[0].last.as_deref()), Some(("2026-01-01", "2026-01-02")));
        assert_eq!(groups[0].common_text(), Some("index"));
    }
}
