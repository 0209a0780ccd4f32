//! Which flags have their values from variables, so that messages name the variable; this module must not know what a message is
//! about.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// The variables that gave flags their values.
#[derive(Clone, Debug, Default)]
pub struct Sources(BTreeMap<String, String>);

impl Sources {
    pub(super) fn add(&mut self, flag: &str, variable: &str) {
        self.0.insert(flag.to_owned(), variable.to_owned());
    }

    /// A message in which every `--flag` whose value a variable gave is replaced by the name of that variable. A flag that was
    /// given stays as it is.
    pub fn named<'t>(&self, message: &'t str) -> Cow<'t, str> {
        if self.0.is_empty() || !message.contains("--") {
            return Cow::Borrowed(message);
        }
        let mut named = String::with_capacity(message.len());
        let mut rest = message;
        while let Some(at) = rest.find("--") {
            let (before, flag) = rest.split_at(at);
            named.push_str(before);
            let is_inside = named.ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_' || c == '/');
            let name = flag.get(2..).map_or("", flag_name);
            match self.0.get(name) {
                Some(variable) if !is_inside => {
                    named.push_str(variable);
                    rest = &flag[2 + name.len()..];
                }
                _ => {
                    named.push_str("--");
                    rest = &flag[2..];
                }
            }
        }
        named.push_str(rest);
        Cow::Owned(named)
    }
}

/// The name of a flag at the beginning of a text.
fn flag_name(text: &str) -> &str {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    text[..end].trim_end_matches('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_named_by_its_variable_where_that_gave_the_value() {
        let mut sources = Sources::default();
        sources.add("mr-wait", "THE_INPUT");
        sources.add("mr", "THE_VARIABLE");
        for (message, named) in [
            ("--mr-wait: x", "THE_INPUT: x"),
            ("a (--mr-wait) b", "a (THE_INPUT) b"),
            ("--mr-wait needs --merge-request", "THE_INPUT needs --merge-request"),
            ("--mr-wait-long, x--mr-wait, /--mr, ---mr", "--mr-wait-long, x--mr-wait, /--mr, ---mr"),
            ("--mr--mr-wait", "--mr--mr-wait"),
            ("é--mr, \u{201c}--mr\u{201d} --", "é--mr, \u{201c}THE_VARIABLE\u{201d} --"),
            ("--", "--"),
        ] {
            assert_eq!(sources.named(message), named);
        }
        assert_eq!(Sources::default().named("--mr"), "--mr");
    }
}
