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
    /// given stays as it is, and so does what only looks like a flag: a part of a word, or of a quoted text.
    pub fn named<'t>(&self, message: &'t str) -> Cow<'t, str> {
        if self.0.is_empty() || !message.contains("--") {
            return Cow::Borrowed(message);
        }
        let mut named = String::with_capacity(message.len());
        let mut rest = message;
        while let Some(at) = rest.find("--") {
            let (before, flag) = rest.split_at(at);
            named.push_str(before);
            let name = flag.get(2..).map_or("", flag_name);
            let after = &flag[2 + name.len()..];
            match self.0.get(name) {
                Some(variable) if !is_inside(&named) && !goes_on(after) => {
                    let value = after.strip_prefix(' ').filter(|value| named.ends_with('`') && value.contains('`'));
                    named.extend([variable.as_str(), if value.is_some() { "=" } else { "" }]);
                    rest = value.unwrap_or(after);
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

/// Whether what follows a text is inside a word or a quoted text.
fn is_inside(text: &str) -> bool {
    let quotes = text.bytes().enumerate().filter(|(at, byte)| *byte == b'"' && !text[..*at].ends_with('\\')).count();
    quotes % 2 == 1 || text.ends_with(|c: char| c.is_alphanumeric() || "-_/.='".contains(c))
}

/// Whether a word goes on with this text.
fn goes_on(text: &str) -> bool {
    let mut next = text.chars();
    match next.next() {
        Some('.' | ':') => next.next().is_some_and(char::is_alphanumeric),
        Some(c) => c.is_alphanumeric() || "=_/".contains(c),
        None => false,
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
            ("use `--mr a:b`, or --mr.", "use `THE_VARIABLE=a:b`, or THE_VARIABLE."),
            ("use `--mr`, not --mr a:b", "use `THE_VARIABLE`, not THE_VARIABLE a:b"),
            ("f:1: \"a --mr \\\" --mr\" --mr", "f:1: \"a --mr \\\" --mr\" THE_VARIABLE"),
            ("--mr=x '--mr' --mr.yaml --mr:x --mr/x", "--mr=x '--mr' --mr.yaml --mr:x --mr/x"),
        ] {
            assert_eq!(sources.named(message), named);
        }
        assert_eq!(Sources::default().named("--mr"), "--mr");
    }
}
