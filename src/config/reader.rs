//! From a tree to the config file's types, with line and path of what doesn't fit; this module must not repeat a value
//! in an error, since a variable may have put it there.

#![deny(clippy::disallowed_methods)]

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::forward_to_deserialize_any;

use super::tree::{Form, Node, Scalar, Value};
use crate::text;

/// How much of a key is repeated.
const LONGEST_KEY: usize = 60;

/// Reads a value of this type; the error is `LINE: PATH: reason`.
pub(super) fn read<'n, T: Deserialize<'n>>(root: &'n Node) -> Result<T, Fault> {
    T::deserialize(Reader { node: root, path: Path::Root })
}

/// Why a tree is not of a type, and where.
#[derive(Debug)]
pub(super) struct Fault {
    reason: String,
    place: Option<(usize, String)>,
    /// Whether it is about a mapping as a whole, not about the key that was read last.
    is_of_whole: bool,
}

/// The way from the root to a value.
#[derive(Clone, Copy)]
enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

/// A node that is to be read.
struct Reader<'n, 'p> {
    node: &'n Node,
    path: Path<'p>,
}

struct Items<'n, 'p> {
    items: std::iter::Enumerate<std::slice::Iter<'n, Node>>,
    path: &'p Path<'p>,
}

struct Pairs<'n, 'p> {
    rest: std::slice::Iter<'n, (Node, Node)>,
    path: &'p Path<'p>,
    /// The key whose value comes next.
    current: Option<&'n (Node, Node)>,
}

impl Fault {
    fn new(reason: String) -> Self {
        Self { reason, place: None, is_of_whole: false }
    }

    fn at(mut self, line: usize, path: &Path<'_>) -> Self {
        self.place.get_or_insert_with(|| (line, path.to_string()));
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some((line, path)) if path.is_empty() => write!(f, "{line}: {}", self.reason),
            Some((line, path)) => write!(f, "{line}: {path}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::new(reason.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("invalid type: {}, expected {expected}", kind(&found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("invalid value: {}, expected {expected}", kind(&found)))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown variant, expected {}", list(expected)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown field `{}`, expected {}", shown(field), list(expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self { is_of_whole: true, ..Self::new(format!("missing field `{field}`")) }
    }
}

/// What was found, without its value.
fn kind(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Unit | Unexpected::Option => "nothing",
        Unexpected::Seq => "a sequence",
        Unexpected::Map => "a mapping",
        _ => "a string",
    }
}

fn list(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [name] => format!("`{name}`"),
        names => {
            let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("one of {}", quoted.join(", "))
        }
    }
}

fn shown(key: &str) -> String {
    let short: String = key.chars().take(LONGEST_KEY).collect();
    text::one_line(&short)
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, key) => f.write_str(&shown(key)),
            Self::Key(above, key) => write!(f, "{above}.{}", shown(key)),
            Self::Index(above, index) => write!(f, "{above}[{index}]"),
        }
    }
}

impl<'n> Reader<'n, '_> {
    fn wrong<T>(&self, expected: &dyn Expected) -> Result<T, Fault> {
        let found = match &self.node.value {
            Value::Scalar(scalar) if scalar.is_null() => Unexpected::Unit,
            Value::Scalar(scalar) => Unexpected::Str(&scalar.text),
            Value::Sequence(_) => Unexpected::Seq,
            Value::Mapping(_) => Unexpected::Map,
        };
        Err(self.placed(de::Error::invalid_type(found, expected)))
    }

    fn placed(&self, fault: Fault) -> Fault {
        fault.at(self.node.line, &self.path)
    }

    fn items<V: Visitor<'n>>(&self, items: &'n [Node], visitor: V) -> Result<V::Value, Fault> {
        let access = Items { items: items.iter().enumerate(), path: &self.path };
        visitor.visit_seq(access).map_err(|fault| self.placed(fault))
    }

    fn pairs<V: Visitor<'n>>(&self, pairs: &'n [(Node, Node)], visitor: V) -> Result<V::Value, Fault> {
        let mut access = Pairs { rest: pairs.iter(), path: &self.path, current: None };
        let read = visitor.visit_map(&mut access);
        read.map_err(|fault| match access.current {
            Some((key, _)) if !fault.is_of_whole => fault.at(key.line, &self.path),
            _ => self.placed(fault),
        })
    }
}

impl Scalar {
    fn is_null(&self) -> bool {
        self.form == Form::Plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    fn truth(&self) -> Option<bool> {
        match self.text.as_str() {
            _ if self.form == Form::String => None,
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }
}

impl<'de> Deserializer<'de> for Reader<'de, '_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let scalar = match &self.node.value {
            Value::Sequence(items) => return self.items(items, visitor),
            Value::Mapping(pairs) => return self.pairs(pairs, visitor),
            Value::Scalar(scalar) => scalar,
        };
        let number = Some(&scalar.text).filter(|_| scalar.form == Form::Plain);
        let read = match (scalar.truth(), number.and_then(|text| text.parse::<i64>().ok())) {
            _ if scalar.is_null() => visitor.visit_unit(),
            (Some(truth), _) => visitor.visit_bool(truth),
            (None, Some(number)) => visitor.visit_i64(number),
            (None, None) => visitor.visit_str(&scalar.text),
        };
        read.map_err(|fault| self.placed(fault))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Scalar(scalar) if let Some(truth) = scalar.truth() => visitor.visit_bool(truth),
            _ => self.wrong(&visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            // `tag: 1.10` and `id: 0042` are what is written.
            Value::Scalar(scalar) => visitor.visit_str(&scalar.text).map_err(|fault| self.placed(fault)),
            _ => self.wrong(&visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Scalar(scalar) if scalar.is_null() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Sequence(items) => self.items(items, visitor),
            Value::Scalar(scalar) if scalar.is_null() => self.items(&[], visitor),
            _ => self.wrong(&visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Mapping(pairs) => self.pairs(pairs, visitor),
            Value::Scalar(scalar) if scalar.is_null() => self.pairs(&[], visitor),
            _ => self.wrong(&visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Scalar(scalar) => {
                let variant: StrDeserializer<'_, Fault> = scalar.text.as_str().into_deserializer();
                visitor.visit_enum(variant).map_err(|fault| self.placed(fault))
            }
            _ => self.wrong(&visitor),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct ignored_any
    }
}

impl<'n> SeqAccess<'n> for Items<'n, '_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'n>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some((index, node)) = self.items.next() else { return Ok(None) };
        seed.deserialize(Reader { node, path: Path::Index(self.path, index) }).map(Some)
    }
}

impl<'n> MapAccess<'n> for Pairs<'n, '_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'n>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.current = self.rest.next();
        let Some((key, _)) = self.current else { return Ok(None) };
        seed.deserialize(Reader { node: key, path: *self.path }).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'n>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some((key, node)) = self.current else {
            return Err(de::Error::custom("a value without a key"));
        };
        let name = match &key.value {
            Value::Scalar(scalar) => scalar.text.as_str(),
            _ => "",
        };
        seed.deserialize(Reader { node, path: Path::Key(self.path, name) })
    }
}
