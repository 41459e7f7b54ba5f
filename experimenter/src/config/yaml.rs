//! YAML as a tree that knows its lines.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use crate::mistake::Mistake;
use crate::panics;

/// How deep lists and mappings may stand in each other.
const DEEPEST: usize = 64;

/// How many nodes a file may have once its aliases are replaced by what they stand for.
const MOST_NODES: usize = 2_000_000;

/// A value, with the line that it starts in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: u32,
    pub(crate) content: Content,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// Text as it is written; what is plain, that is without quotes, may mean a number.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) line: u32,
}

impl Node {
    /// Reads the one document of a file; `None` if there is nothing in it.
    ///
    /// # Errors
    /// The first thing that is no YAML, with its line.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Option<Self>, Mistake> {
        let hint =
            "see https://yaml.org for the syntax; indent by spaces, and put text with special characters in quotes";
        // A parser that panics has met text that is no YAML either.
        let parsed = panics::catch(|| Builder::new(file).read(text));
        parsed.unwrap_or_else(|panic| Err(Mistake::new(format!("{file} is not valid YAML: {}", panic.message), hint)))
    }

    /// The number of nodes in it.
    fn size(&self) -> usize {
        1 + match &self.content {
            Content::Scalar { .. } => 0,
            Content::List(items) => items.iter().map(Self::size).sum(),
            Content::Map(entries) => entries.iter().map(|(_, node)| 1 + node.size()).sum(),
        }
    }

    /// The value under a key of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Content::Map(entries) = &self.content else { return None };
        entries.iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
    }
}

/// Builds the tree from the parser's events.
struct Builder<'a> {
    file: &'a str,
    /// The lists and mappings that are not complete.
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    document: Option<Node>,
}

/// A list or mapping that is not complete.
struct Open {
    anchor: usize,
    node: Node,
    /// The key whose value comes next.
    key: Option<Key>,
    /// The line of each key.
    keys: HashMap<String, u32>,
    /// What `<<` merges in: entries that hold where the mapping itself has no such key.
    merged: Vec<(Key, Node)>,
}

impl<'a> Builder<'a> {
    fn new(file: &'a str) -> Self {
        Self { file, open: Vec::new(), anchors: HashMap::new(), nodes: 0, document: None }
    }

    fn read(mut self, text: &str) -> Result<Option<Node>, Mistake> {
        for event in Parser::new_from_str(text) {
            match event {
                Ok((event, span)) => self.event(event, span)?,
                Err(error) => {
                    let marker = error.marker();
                    return Err(self.mistake(line_of(marker.line()), &format!("not valid YAML: {}", error.info())));
                }
            }
        }
        Ok(self.document)
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Mistake> {
        let line = line_of(span.start.line());
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !tag.is_some_and(|tag| is_text(&tag));
                self.add(anchor, Node { line, content: Content::Scalar { text: text.into_owned(), plain } })
            }
            Event::SequenceStart(anchor, _) => self.open(anchor, Node { line, content: Content::List(Vec::new()) }),
            Event::MappingStart(anchor, _) => self.open(anchor, Node { line, content: Content::Map(Vec::new()) }),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => self.add(open.anchor, open.complete()),
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    return Err(self.mistake(line, "an alias (`*name`) of something that contains it"));
                };
                let (size, node) = (node.size(), node.clone());
                self.count(size, line)?;
                self.add(0, Node { line, ..node })
            }
            Event::DocumentStart(_) if self.document.is_some() => {
                Err(self.mistake(line, "a second document (`---`), and one is read"))
            }
            Event::DocumentStart(_) | Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => {
                Ok(())
            }
        }
    }

    fn open(&mut self, anchor: usize, node: Node) -> Result<(), Mistake> {
        if self.open.len() >= DEEPEST {
            return Err(self.mistake(node.line, &format!("more than {DEEPEST} levels of lists and mappings")));
        }
        self.open.push(Open { anchor, node, key: None, keys: HashMap::new(), merged: Vec::new() });
        Ok(())
    }

    fn count(&mut self, nodes: usize, line: u32) -> Result<(), Mistake> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MOST_NODES {
            return Err(self.mistake(line, &format!("more than {MOST_NODES} values")));
        }
        Ok(())
    }

    /// Adds a complete node to where it belongs.
    fn add(&mut self, anchor: usize, node: Node) -> Result<(), Mistake> {
        self.count(1, node.line)?;
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.document = Some(node);
            return Ok(());
        };
        match (&mut open.node.content, open.key.take()) {
            (Content::List(items), _) => items.push(node),
            (Content::Map(entries), Some(key)) if key.text == "<<" => {
                merge(&mut open.merged, node).map_err(|line| self.mistake(line, "`<<` takes mappings"))?;
            }
            (Content::Map(entries), Some(key)) => {
                if let Some(first) = open.keys.insert(key.text.clone(), key.line) {
                    let message = format!("the key `{}` stands here again, and in line {first}", key.text);
                    return Err(self.mistake(key.line, &message));
                }
                entries.push((key, node));
            }
            (Content::Map(_), None) => match node.content {
                Content::Scalar { text, .. } => open.key = Some(Key { text, line: node.line }),
                _ => return Err(self.mistake(node.line, "a key that is a list or a mapping")),
            },
            (Content::Scalar { .. }, _) => {}
        }
        Ok(())
    }

    fn mistake(&self, line: u32, what: &str) -> Mistake {
        Mistake::new(
            format!("{}:{line}: {what}", self.file),
            "a mapping is written `key: value`, indented by spaces; text with special characters stands in quotes",
        )
    }
}

impl Open {
    fn complete(mut self) -> Node {
        if let Content::Map(entries) = &mut self.node.content {
            // Of several that are merged in, the first to have a key wins.
            entries.extend(
                self.merged.into_iter().filter(|(key, _)| self.keys.insert(key.text.clone(), key.line).is_none()),
            );
        }
        self.node
    }
}

/// Adds what `<<` stands for. The line of what is no mapping as an error.
fn merge(merged: &mut Vec<(Key, Node)>, node: Node) -> Result<(), u32> {
    match node.content {
        Content::Map(entries) => {
            merged.extend(entries);
            Ok(())
        }
        Content::List(nodes) => nodes.into_iter().try_for_each(|node| merge(merged, node)),
        Content::Scalar { .. } => Err(node.line),
    }
}

fn is_text(tag: &Tag) -> bool {
    tag.is_yaml_core_schema() && tag.suffix == "str"
}

fn line_of(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}
