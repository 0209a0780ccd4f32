//! The YAML of a config file as a tree whose nodes know their lines; this module must not know the file's shape.
//!
//! The text is parsed once. Whatever is put into a scalar afterwards stays inside it, since nothing parses it again.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span, Tag};

use super::ConfigError;

/// How deeply values may be nested, aliases included.
const DEEPEST: usize = 64;

/// How much the tree may come to, aliases and variables included: the bytes of its scalars, and this much a node.
const MOST_BYTES: usize = 16 << 20;
const NODE: usize = 64;

/// A value and the line where it begins, from 1.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
}

/// A scalar's text after YAML's own escapes.
#[derive(Clone, Debug)]
pub(super) struct Scalar {
    pub(super) text: String,
    pub(super) form: Form,
    /// The line of each dollar sign of the text.
    pub(super) dollars: Vec<usize>,
}

/// What a scalar may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A string, a number, a truth value or nothing, as its text says.
    Plain,
    /// A string, whatever its text is.
    String,
}

/// How much a tree may still grow.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MOST_BYTES)
    }
}

impl Budget {
    pub(super) fn take(&mut self, bytes: usize, line: usize) -> Result<(), ConfigError> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(|| {
            ConfigError::Shape(format!(
                "{line}: the file is larger than 16 MiB after its aliases and variables are expanded"
            ))
        })?;
        Ok(())
    }
}

/// Parses the only document of a text; none when there is nothing in it.
pub(super) fn parse(text: &str, budget: &mut Budget) -> Result<Option<Node>, ConfigError> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.block_scalar_eof_without_line_feed = true;
    let mut builder = Builder { text, budget, open: Vec::new(), anchors: HashMap::new(), root: None };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| {
            let reason = crate::text::one_line(&error.info());
            ConfigError::Shape(format!("{}: invalid YAML: {reason}", error.marker().line()))
        })?;
        builder.take(event, span)?;
    }
    Ok(builder.root)
}

struct Builder<'t> {
    text: &'t str,
    budget: &'t mut Budget,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
}

/// A sequence or mapping whose end is still to come.
struct Open {
    line: usize,
    anchor: usize,
    is_mapping: bool,
    /// A mapping's keys and values take turns.
    children: Vec<Node>,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), ConfigError> {
        let line = span.start.line();
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_string = style != ScalarStyle::Plain
                    || tag.is_some_and(|tag: std::borrow::Cow<'_, Tag>| tag.is_yaml_core_schema_tag("str"));
                let form = if is_string { Form::String } else { Form::Plain };
                let dollars = if text.contains('$') { self.dollars(span, style) } else { Vec::new() };
                // Where nothing is written the parser reads a tilde.
                let is_written = is_string || span.byte_range().is_none_or(|range| !range.is_empty());
                let text = if is_written { text.into_owned() } else { String::new() };
                let scalar = Scalar { text, form, dollars };
                self.add(Node { line, value: Value::Scalar(scalar) }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.start(Open::new(line, anchor, false)),
            Event::MappingStart(_, anchor, _) => self.start(Open::new(line, anchor, true)),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => {
                    let anchor = open.anchor;
                    self.add(open.close(), anchor)
                }
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let loops = || ConfigError::Shape(format!("{line}: an alias is inside the value of its own anchor"));
                let node = self.anchors.get(&anchor).cloned().ok_or_else(loops)?;
                self.fits(&node, line)?;
                self.add(Node { line, ..node }, 0)
            }
            Event::DocumentStart(..) if self.root.is_some() => Err(ConfigError::Shape(format!(
                "{line}: a second YAML document begins: this file must be a single document"
            ))),
            _ => Ok(()),
        }
    }

    fn start(&mut self, open: Open) -> Result<(), ConfigError> {
        self.budget.take(NODE, open.line)?;
        self.deep_enough(1, open.line)?;
        self.open.push(open);
        Ok(())
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), ConfigError> {
        if anchor != 0 {
            self.budget.take(node.size(), node.line)?;
            self.anchors.insert(anchor, node.clone());
        }
        if let Value::Scalar(scalar) = &node.value {
            self.budget.take(NODE + scalar.text.len(), node.line)?;
        }
        match self.open.last_mut() {
            Some(open) => open.children.push(node),
            None => self.root = Some(node),
        }
        Ok(())
    }

    /// Whether what an alias stands for may stand here, too.
    fn fits(&mut self, node: &Node, line: usize) -> Result<(), ConfigError> {
        self.budget.take(node.size(), line)?;
        self.deep_enough(node.depth(), line)
    }

    fn deep_enough(&self, more: usize, line: usize) -> Result<(), ConfigError> {
        if self.open.len() + more > DEEPEST {
            return Err(ConfigError::Shape(format!("{line}: values are nested more than {DEEPEST} deep")));
        }
        Ok(())
    }

    /// The lines of a scalar's dollar signs, as the source has them. An escape in a quoted scalar can make one that the
    /// source doesn't show; whoever asks for its line gets none.
    fn dollars(&self, span: Span, style: ScalarStyle) -> Vec<usize> {
        let source = span.byte_range().and_then(|range| self.text.get(range)).unwrap_or_default();
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        // The line of the indicator may have a comment.
        let header = source.find('\n').filter(|_| is_block && source.starts_with(['|', '>']));
        let header = header.map_or(0, |end| end + 1);
        let places = source.match_indices('$').map(|(at, _)| at).filter(|at| *at >= header);
        places.map(|at| span.start.line() + source.get(..at).unwrap_or_default().matches('\n').count()).collect()
    }
}

impl Open {
    fn new(line: usize, anchor: usize, is_mapping: bool) -> Self {
        Self { line, anchor, is_mapping, children: Vec::new() }
    }

    fn close(self) -> Node {
        let Self { line, is_mapping, children, .. } = self;
        if !is_mapping {
            return Node { line, value: Value::Sequence(children) };
        }
        let mut pairs = Vec::with_capacity(children.len() / 2);
        let mut children = children.into_iter();
        while let (Some(key), Some(mut value)) = (children.next(), children.next()) {
            if matches!(&value.value, Value::Scalar(scalar) if scalar.text.is_empty()) {
                // The parser has the line of what comes after it.
                value.line = key.line;
            }
            pairs.push((key, value));
        }
        Node { line, value: Value::Mapping(pairs) }
    }
}

impl Node {
    /// The values of a mapping.
    pub(super) fn values(&self) -> impl Iterator<Item = &Self> {
        let pairs = if let Value::Mapping(pairs) = &self.value { pairs.as_slice() } else { &[] };
        pairs.iter().map(|(_, value)| value)
    }

    /// The items of a sequence.
    pub(super) fn items(&self) -> &[Self] {
        if let Value::Sequence(items) = &self.value { items } else { &[] }
    }

    fn size(&self) -> usize {
        NODE + match &self.value {
            Value::Scalar(scalar) => scalar.text.len(),
            Value::Sequence(items) => items.iter().map(Self::size).sum(),
            Value::Mapping(pairs) => pairs.iter().map(|(key, value)| key.size() + value.size()).sum(),
        }
    }

    fn depth(&self) -> usize {
        match &self.value {
            Value::Scalar(_) => 0,
            Value::Sequence(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            Value::Mapping(pairs) => {
                1 + pairs.iter().map(|(key, value)| key.depth().max(value.depth())).max().unwrap_or(0)
            }
        }
    }
}
