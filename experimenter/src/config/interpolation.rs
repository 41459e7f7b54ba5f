//! `${…}` in a file: other values of the file, and the environment, as `OmegaConf` has them.

use std::cell::Cell;

use super::scalar;
use super::yaml::{Content, Key, Node};
use crate::mistake::Mistake;

/// How many interpolations may lead from one to the next: more are a circle.
const LONGEST_CHAIN: usize = 32;

/// How many values a file may have once every interpolation is replaced.
const MOST_NODES: usize = 2_000_000;

/// Resolves what stands in a file; the environment is given as a function.
pub(crate) struct Resolver<'a> {
    file: &'a str,
    root: &'a Node,
    environment: &'a dyn Fn(&str) -> Option<String>,
    nodes: Cell<usize>,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(file: &'a str, root: &'a Node, environment: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { file, root, environment, nodes: Cell::new(0) }
    }

    /// The node with every interpolation in it replaced; `path` are the keys that lead to it.
    ///
    /// # Errors
    /// The first that stands for nothing, with its line.
    pub(crate) fn resolve(&self, node: &Node, path: &[String]) -> Result<Node, Mistake> {
        self.node(node, path, 0)
    }

    fn node(&self, node: &Node, path: &[String], chain: usize) -> Result<Node, Mistake> {
        self.nodes.set(self.nodes.get() + 1);
        if self.nodes.get() > MOST_NODES {
            return Err(self.mistake(node.line, &format!("more than {MOST_NODES} values by `${{…}}`")));
        }
        let content = match &node.content {
            Content::Scalar { text, .. } if text.contains("${") => return self.scalar(node.line, text, path, chain),
            // OmegaConf's mark of a value that is still to be given.
            Content::Scalar { text, .. } if text == "???" => {
                return Err(Mistake::new(
                    format!("{}:{}: `{}` is `???`, a value that is missing", self.file, node.line, path.join(".")),
                    "write the value",
                ));
            }
            Content::Scalar { .. } => node.content.clone(),
            Content::List(items) => {
                let items = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.node(item, &[path, &[index.to_string()]].concat(), chain));
                Content::List(items.collect::<Result<_, _>>()?)
            }
            Content::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| {
                    let value = self.node(value, &[path, std::slice::from_ref(&key.text)].concat(), chain)?;
                    Ok((Key { text: key.text.clone(), line: key.line }, value))
                });
                Content::Map(entries.collect::<Result<_, Mistake>>()?)
            }
        };
        Ok(Node { line: node.line, content })
    }

    /// A text with interpolations. One that stands alone keeps the type of what it stands for.
    fn scalar(&self, line: u32, text: &str, path: &[String], chain: usize) -> Result<Node, Mistake> {
        let parts = self.parts(line, text)?;
        if let [Part::Expression(expression)] = &parts[..] {
            let value = self.expression(line, expression, path, chain)?;
            return Ok(Node { line, ..value });
        }
        let mut whole = String::new();
        for part in parts {
            match part {
                Part::Text(text) => whole.push_str(&text),
                Part::Expression(expression) => {
                    whole.push_str(&self.text_of(line, &expression, path, chain)?);
                }
            }
        }
        Ok(Node { line, content: Content::Scalar { text: whole, plain: false } })
    }

    fn text_of(&self, line: u32, expression: &str, path: &[String], chain: usize) -> Result<String, Mistake> {
        match self.expression(line, expression, path, chain)?.content {
            Content::Scalar { text, .. } => Ok(text),
            Content::List(_) | Content::Map(_) => {
                Err(self
                    .mistake(line, &format!("`${{{expression}}}` is a list or a mapping, and stands within a text")))
            }
        }
    }

    /// Splits a text into what stands for itself and what is between `${` and `}`.
    fn parts(&self, line: u32, text: &str) -> Result<Vec<Part>, Mistake> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let before = &rest[..start];
            let after = &rest[start + 2..];
            if let Some(before) = before.strip_suffix('\\') {
                plain.push_str(before);
                plain.push_str("${");
                rest = after;
                continue;
            }
            let end = closing_brace(after)
                .ok_or_else(|| self.mistake(line, &format!("`{text}` has a `${{` without its `}}`")))?;
            plain.push_str(before);
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Expression(after[..end].to_owned()));
            rest = &after[end + 1..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(parts)
    }

    /// What is between `${` and `}`.
    fn expression(&self, line: u32, expression: &str, path: &[String], chain: usize) -> Result<Node, Mistake> {
        if chain >= LONGEST_CHAIN {
            return Err(self.mistake(line, &format!("`${{{expression}}}` leads back to itself")));
        }
        let expanded = match self.scalar(line, expression, path, chain + 1)?.content {
            Content::Scalar { text, .. } => text,
            Content::List(_) | Content::Map(_) => {
                return Err(self.mistake(line, &format!("`${{{expression}}}` has a list or a mapping within it")));
            }
        };
        match expanded.split_once(':') {
            Some((resolver, arguments)) => self.call(line, resolver.trim(), arguments),
            None => self.reference(line, expanded.trim(), path, chain),
        }
    }

    fn call(&self, line: u32, resolver: &str, arguments: &str) -> Result<Node, Mistake> {
        let scalar = |text: String, plain| Node { line, content: Content::Scalar { text, plain } };
        match resolver {
            "oc.env" => {
                let (name, default) = arguments.split_once(',').map_or((arguments, None), |(n, d)| (n, Some(d)));
                let value = (self.environment)(name.trim()).map(|value| scalar(value, false));
                // Without quotes, `null` is nothing and no text.
                let default = default.map(str::trim).map(|text| scalar(unquote(text), text == "null"));
                value.or(default).ok_or_else(|| {
                    Mistake::new(
                        format!("{}:{line}: the environment variable {} is not set", self.file, name.trim()),
                        format!("set it: export {0}=…, or write a default: ${{oc.env:{0},default}}", name.trim()),
                    )
                })
            }
            "oc.decode" => Ok(scalar(arguments.trim().to_owned(), true)),
            other => {
                Err(self.mistake(line, &format!("there is no resolver `{other}`; there are `oc.env` and `oc.decode`")))
            }
        }
    }

    /// `a.b[0]` from the root of the file, `.b` beside this value, `..b` one level up.
    fn reference(&self, line: u32, reference: &str, path: &[String], chain: usize) -> Result<Node, Mistake> {
        let nothing = || self.mistake(line, &format!("`${{{reference}}}` stands for nothing in this file"));
        let levels = reference.chars().take_while(|c| *c == '.').count();
        let mut target = match levels {
            0 => Vec::new(),
            levels => path.get(..path.len().checked_sub(levels).ok_or_else(nothing)?).unwrap_or_default().to_vec(),
        };
        let names = reference[levels..].replace('[', ".").replace(']', "");
        target.extend(names.split('.').filter(|name| !name.is_empty()).map(ToOwned::to_owned));
        let found = target.iter().try_fold(self.root, |node, step| match &node.content {
            Content::Map(_) => node.get(step),
            Content::List(items) => items.get(step.parse::<usize>().ok()?),
            Content::Scalar { .. } => None,
        });
        let found = found.filter(|_| !names.is_empty()).ok_or_else(nothing)?;
        self.node(found, &target, chain + 1)
    }

    fn mistake(&self, line: u32, what: &str) -> Mistake {
        Mistake::new(
            format!("{}:{line}: {what}", self.file),
            "write `${oc.env:NAME}`, `${oc.env:NAME,default}` or `${Key.of.this.file}`; `\\${` stands for itself",
        )
    }
}

/// A piece of a text.
enum Part {
    Text(String),
    Expression(String),
}

/// Where the `}` stands that closes what has been opened before.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(index),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn unquote(text: &str) -> String {
    for quote in ['\'', '"'] {
        if let Some(inside) = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote)) {
            return inside.to_owned();
        }
    }
    text.to_owned()
}

impl Node {
    /// The value as JSON, once nothing is left to resolve.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.content {
            Content::Scalar { text, plain: true } => scalar::resolve(text),
            Content::Scalar { text, plain: false } => text.as_str().into(),
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Map(entries) => entries.iter().map(|(key, value)| (key.text.clone(), value.to_json())).collect(),
        }
    }
}
