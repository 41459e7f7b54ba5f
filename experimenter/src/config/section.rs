//! A part of a file, with the keys that lead to it: what messages name.

use std::rc::Rc;

use experimenter_diesel::ColumnType;

use super::At;
use super::interpolation::Resolver;
use super::yaml::{Content, Key, Node};
use crate::mistake::{Mistake, Place};

/// What stands under the one key of a file that is ours, with nothing left to resolve in it.
pub(super) struct Document {
    file: Rc<str>,
    key: &'static str,
    node: Node,
}

impl Document {
    pub(super) fn parse(
        file: &str,
        text: &str,
        key: &'static str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Mistake> {
        let root = Node::parse(file, text)?;
        let Some((root, section)) = root.as_ref().and_then(|root| Some((root, root.get(key)?))) else {
            return Err(Mistake::new(
                format!("{file} has no key `{key}` at its top"),
                format!("write `{key}:` in the first line, and indent what belongs to it"),
            ));
        };
        // What is never read may stay unresolved: CodeCarbon's part is not ours.
        let mut ours = section.clone();
        if let Content::Map(entries) = &mut ours.content {
            entries.retain(|(key, _)| key.text != "CodeCarbon");
        }
        let node = Resolver::new(file, root, environment).resolve(&ours, &[key.to_owned()])?;
        Ok(Self { file: file.into(), key, node })
    }

    pub(super) fn section(&self) -> Section<'_> {
        Section { file: Rc::clone(&self.file), path: self.key.to_owned(), node: &self.node }
    }
}

/// A value of a document.
#[derive(Debug, Clone)]
pub(super) struct Section<'a> {
    file: Rc<str>,
    /// The keys that lead to it, joined by points.
    path: String,
    node: &'a Node,
}

impl<'a> Section<'a> {
    pub(super) fn place(&self) -> Place {
        Place { file: Rc::clone(&self.file), line: self.node.line }
    }

    pub(super) fn is_null(&self) -> bool {
        self.json().is_null()
    }

    /// Whether this is a mapping, if an empty one.
    pub(super) fn is_mapping(&self) -> bool {
        self.is_null() || matches!(self.node.content, Content::Map(_))
    }

    pub(super) fn json(&self) -> serde_json::Value {
        self.node.to_json()
    }

    /// Checks that this is a mapping, and that no key of it is a slip of one of these. Others are PyExperimenter's to
    /// ignore, and ours.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Mistake> {
        for (key, value) in self.entries()? {
            if known.contains(&key.value.as_str()) {
                continue;
            }
            let near = |known: &&&str| strsim::damerau_levenshtein(known, &key.value) <= 1 + known.len() / 5;
            if let Some(meant) = known.iter().find(near) {
                return Err(Mistake::new(
                    format!("{}: `{}` is not a key of the configuration", key.place, value.path),
                    format!("write `{meant}:`"),
                ));
            }
        }
        Ok(())
    }

    /// The value under a key; this must be a mapping. A key without a value is as good as none.
    pub(super) fn get(&self, key: &str) -> Result<Option<Self>, Mistake> {
        let entries = self.entries()?;
        Ok(entries
            .into_iter()
            .find(|(name, _)| name.value == key)
            .map(|(_, value)| value)
            .filter(|value| !value.is_null()))
    }

    /// The entries of this mapping; nothing has none.
    pub(super) fn entries(&self) -> Result<Vec<(At<String>, Self)>, Mistake> {
        if self.is_null() {
            return Ok(Vec::new());
        }
        let Content::Map(entries) = &self.node.content else {
            return Err(self.expected("a mapping", "key: value"));
        };
        let entry = |(key, node): &'a (Key, Node)| {
            let place = Place { file: Rc::clone(&self.file), line: key.line };
            (At { value: key.text.clone(), place }, self.inner(&key.text, node))
        };
        Ok(entries.iter().map(entry).collect())
    }

    /// The elements, if this is a list.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        let Content::List(items) = &self.node.content else { return None };
        Some(items.iter().enumerate().map(|(index, node)| self.inner(&index.to_string(), node)).collect())
    }

    /// The value's text as it is written, also where it looks like a number.
    pub(super) fn text(&self) -> Result<At<String>, Mistake> {
        match &self.node.content {
            Content::Scalar { text, .. } if !self.is_null() => Ok(At { value: text.clone(), place: self.place() }),
            _ => Err(self.expected("text", "name: my_table")),
        }
    }

    pub(super) fn boolean(&self) -> Result<At<bool>, Mistake> {
        let value = match self.json() {
            serde_json::Value::Bool(value) => value,
            serde_json::Value::String(text) if text == "True" || text == "true" => true,
            serde_json::Value::String(text) if text == "False" || text == "false" => false,
            _ => return Err(self.expected("`True` or `False`", "result_timestamps: True")),
        };
        Ok(At { value, place: self.place() })
    }

    /// A number of jobs; `-1` stands for as many as there are cores.
    pub(super) fn jobs(&self) -> Result<At<i32>, Mistake> {
        let value = self.text()?.value.parse().ok().filter(|n| *n > 0 || *n == -1);
        value
            .map(|value| At { value, place: self.place() })
            .ok_or_else(|| self.expected("a whole number from 1, or -1", "n_jobs: 1"))
    }

    /// A column's SQL type.
    pub(super) fn sql_type(&self) -> Result<At<String>, Mistake> {
        let Content::Scalar { text, .. } = &self.node.content else {
            return Err(self.expected("an SQL type", "test_f1: DOUBLE"));
        };
        match ColumnType::parse(text) {
            Ok(_) => Ok(At { value: text.trim().to_owned(), place: self.place() }),
            Err(reason) => {
                Err(Mistake::new(format!("{}: `{}`: {reason}", self.place(), self.path), "write one of those types"))
            }
        }
    }

    /// This is something else than what was expected.
    pub(super) fn expected(&self, expected: &str, example: &str) -> Mistake {
        let found = match &self.node.content {
            Content::Scalar { .. } if self.is_null() => "nothing".to_owned(),
            Content::Scalar { text, .. } => format!("`{text}`"),
            Content::List(_) => "a list".to_owned(),
            Content::Map(_) => "a mapping".to_owned(),
        };
        Mistake::new(
            format!("{}: `{}`: expected {expected}, found {found}", self.place(), self.path),
            format!("write it as in `{example}`"),
        )
    }

    /// This mapping lacks a key.
    pub(super) fn lacks(&self, key: &str, example: &str) -> Mistake {
        Mistake::new(format!("{}: `{}` lacks the key `{key}`", self.place(), self.path), format!("add `{example}`"))
    }

    /// A mistake of the value here.
    pub(super) fn wrong(&self, what: &str, hint: &str) -> Mistake {
        Mistake::new(format!("{}: `{}`: {what}", self.place(), self.path), hint)
    }

    fn inner(&self, key: &str, node: &'a Node) -> Self {
        Self { file: Rc::clone(&self.file), path: format!("{}.{key}", self.path), node }
    }
}
