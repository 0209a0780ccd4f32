//! Why the places of an environment don't say which versions to write; this module must not read a place.

#![deny(clippy::disallowed_methods)]

/// As many places or images are named.
const SHOWN: usize = 20;

/// Why the places of an environment don't say which versions to write. The lists are of places or images, each with what it
/// holds.
#[derive(Debug, thiserror::Error)]
pub enum VersionsError {
    /// Places of one image that don't hold the same version.
    #[error("{environment} has different versions of {image}: {}", list(places))]
    Different {
        /// The environment.
        environment: String,
        /// The image.
        image: String,
        /// Its places.
        places: Vec<String>,
    },
    /// Places that hold no version.
    #[error("{environment} has places without a version: {}", list(places))]
    NoVersion {
        /// The environment.
        environment: String,
        /// The places.
        places: Vec<String>,
    },
    /// Places that don't say which image they hold.
    #[error("{environment} has places without a repository: {}", list(places))]
    Unnamed {
        /// The environment.
        environment: String,
        /// The places.
        places: Vec<String>,
    },
    /// Images that only one of two environments has.
    #[error("{}", one_sided(from, to, only_from, only_to, neither))]
    OneSided {
        /// The environment that is promoted from.
        from: String,
        /// The other one.
        to: String,
        /// Images that only the first has.
        only_from: Vec<String>,
        /// Images that only the second has.
        only_to: Vec<String>,
        /// Images that were asked for and that none has.
        neither: Vec<String>,
    },
    /// None of the targets' files is there.
    #[error("{environment} has none of the files that the targets name: {}", list(files))]
    NoFile {
        /// The environment.
        environment: String,
        /// The files.
        files: Vec<String>,
    },
    /// The two environments have no image in common, and none was asked for.
    #[error("{from} and {to} have no image in common")]
    Nothing {
        /// The environment that is promoted from.
        from: String,
        /// The other one.
        to: String,
    },
}

impl VersionsError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Different { .. } => {
                "write the same version to these places, or name the image of each target (image: in the config file)"
            }
            Self::NoVersion { .. } => "write a tag or a digest to these places, or select the images with --image",
            Self::Unnamed { .. } => "name the image of these targets (image: in the config file)",
            Self::OneSided { .. } => "select the images with --image, or add the missing places",
            Self::NoFile { .. } => "check the environment's name and the paths of the targets",
            Self::Nothing { .. } => "check the environments' names and the targets",
        }
    }
}

fn list(items: &[String]) -> String {
    let more = items.len().saturating_sub(SHOWN);
    let shown: Vec<&str> = items.iter().take(SHOWN).map(String::as_str).collect();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", shown.join(", "))
}

fn one_sided(from: &str, to: &str, only_from: &[String], only_to: &[String], neither: &[String]) -> String {
    let part = |images: &[String], verb: &str, name: &str| {
        (!images.is_empty()).then(|| format!("{verb} {name}: {}", list(images)))
    };
    let parts = [
        part(only_from, "only", &format!("{from} has, and {to} has not")),
        part(only_to, "only", &format!("{to} has, and {from} has not")),
        (!neither.is_empty()).then(|| format!("neither {from} nor {to} has: {}", list(neither))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
