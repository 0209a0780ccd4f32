//! The words by which people choose, for clap; this module must not know what follows from a choice.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::choices::{Format, MirrorWhen};
use crate::edit::Pin;
use crate::links::Forge;

impl ValueEnum for Pin {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Tag, Self::Digest]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Tag => PossibleValue::new("tag").help("Write the tag"),
            Self::Digest => {
                PossibleValue::new("digest").help("Write the tag and the digest, so that the deployment cannot change")
            }
        })
    }
}

impl ValueEnum for MirrorWhen {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Changed, Self::Always]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Changed => PossibleValue::new("changed").help("When something was pushed"),
            Self::Always => PossibleValue::new("always").help("Also when nothing had to change"),
        })
    }
}

impl ValueEnum for Forge {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Gitlab, Self::Github, Self::Gitea]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Gitlab => PossibleValue::new("gitlab").help("GitLab"),
            Self::Github => PossibleValue::new("github").help("GitHub: github.com or GitHub Enterprise"),
            Self::Gitea => PossibleValue::new("gitea").help("Gitea or Forgejo"),
        })
    }
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Table, Self::Json, Self::Markdown, Self::Html]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Table => PossibleValue::new("table").help("Columns, for a terminal"),
            Self::Json => PossibleValue::new("json").help("One JSON object"),
            Self::Markdown => PossibleValue::new("markdown").help("A table for a wiki or the summary of a job"),
            Self::Html => PossibleValue::new("html").help("One page that needs no other file, for GitLab Pages"),
        })
    }
}
