//! What another program works out before a file is used: a text that has it is not the value that will be there. This
//! module must not know a key.

#![deny(clippy::disallowed_methods)]

use super::super::error::{Reason, named};

/// An expression, by the program that replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::edit) enum Expression {
    /// `{{ … }}`: Helm, helmfile, an `ApplicationSet`.
    Template,
    /// `${NAME}`, `$(NAME)` or `$NAME`: Flux' post-build substitution, envsubst. What is kept is `${NAME}`.
    Substitution(String),
    /// `<< … >>`: a Flux `ResourceSet`.
    Inputs,
}

impl Expression {
    /// The first expression of a text, and where it begins.
    pub(in crate::edit) fn find(text: &str) -> Option<(usize, Self)> {
        let closed =
            |open: &str, close: &str| text.find(open).filter(|at| text.get(*at..).is_some_and(|it| it.contains(close)));
        let template = text.find("{{").map(|at| (at, Self::Template));
        let inputs = closed("<<", ">>").map(|at| (at, Self::Inputs));
        let dollar =
            text.match_indices('$').find_map(|(at, _)| Some((at, Self::Substitution(variable(text.get(at + 1..)?)?))));
        [template, inputs, dollar].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// The expression that makes a whole value another one. A variable between blanks, as in a command's arguments, is none:
    /// what is beside it stays as it is.
    pub(in crate::edit) fn of_value(text: &str) -> Option<Self> {
        let is_whole = |expression: &Self| !(matches!(expression, Self::Substitution(_)) && text.contains(' '));
        Self::find(text).map(|(_, expression)| expression).filter(is_whole)
    }

    /// Why a value with it can't be written.
    pub(in crate::edit) fn reason(self) -> Reason {
        match self {
            Self::Template => Reason::Template,
            Self::Substitution(variable) => Reason::Substitution(variable),
            Self::Inputs => Reason::Inputs,
        }
    }
}

/// The variable that stands behind a dollar sign, as `${NAME}`.
fn variable(rest: &str) -> Option<String> {
    let name = rest.strip_prefix(['{', '(']).unwrap_or(rest);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
    let name = name.get(..end).filter(|name| !name.is_empty())?;
    Some(format!("${{{}}}", named(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_replaced_first() {
        let variable = |name: &str| Some(Expression::Substitution(name.to_owned()));
        for (text, expected) in [
            ("r.io/a:{{ .tag }}", Some(Expression::Template)),
            ("r.io/a:${TAG:=1.4.1}", variable("${TAG}")),
            ("r.io/a:$(TAG)", variable("${TAG}")),
            ("r.io/a:v$TAG-x", variable("${TAG}")),
            ("r.io/a:<< inputs.tag >>", Some(Expression::Inputs)),
            ("${A}-{{ b }}", variable("${A}")),
            ("r.io/a:1.4.1", None),
            ("costs 5$ or $ 5, a << b", None),
        ] {
            assert_eq!(Expression::find(text).map(|(_, found)| found), expected, "{text}");
        }
    }
}
