//! Secrets of every kind in the environment of a run, and where traces of them are; knows no server and no command.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::run::Bump;

/// A part of a secret that is shorter than this may stand somewhere by chance.
const SHORTEST: usize = 6;

/// A secret that a run is given.
#[derive(Clone, Debug)]
pub(crate) struct Canary {
    /// The variable that holds it, or what it is called when the run is not given it.
    variable: String,
    value: Option<String>,
    traces: Vec<String>,
}

/// All secrets of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Canaries(Vec<Canary>);

impl Canary {
    /// A variable; `secrets` are the parts of its value that are secret.
    fn new(variable: &str, value: Option<&str>, secrets: &[&str]) -> Self {
        let mut traces: Vec<String> = secrets.iter().flat_map(|secret| traces(secret)).collect();
        traces.sort_unstable();
        traces.dedup();
        Self { variable: variable.to_owned(), value: value.map(str::to_owned), traces }
    }
}

impl Canaries {
    /// Adds a variable whose whole value is secret, in place of one of this name.
    pub(crate) fn with(self, variable: &str, value: &str) -> Self {
        self.with_parts(variable, value, &[value])
    }

    /// Adds a variable that holds secrets, in place of one of this name.
    pub(crate) fn with_parts(mut self, variable: &str, value: &str, secrets: &[&str]) -> Self {
        self.0.retain(|canary| canary.variable != variable);
        self.0.push(Canary::new(variable, Some(value), secrets));
        self
    }

    /// Adds a secret that the run learns on its way.
    pub(crate) fn with_learnt(mut self, name: &str, secret: &str) -> Self {
        self.0.push(Canary::new(name, None, &[secret]));
        self
    }

    /// Gives them to a run.
    pub(crate) fn given_to(&self, bump: Bump) -> Bump {
        let given = self.0.iter().filter_map(|canary| Some((&canary.variable, canary.value.as_ref()?)));
        given.fold(bump, |bump, (variable, value)| bump.env(variable, value))
    }

    /// The value of a variable.
    pub(crate) fn value(&self, variable: &str) -> &str {
        let canary = self.0.iter().find(|canary| canary.variable == variable);
        canary.and_then(|canary| canary.value.as_deref()).expect("a test asks for what it set")
    }

    /// The variables of which a text holds a trace, but for those that may be there.
    pub(crate) fn seen_in(&self, text: &str, but: &[&str]) -> Vec<String> {
        // The same secret may stand in several variables.
        let excused: Vec<&Canary> = self.0.iter().filter(|canary| but.contains(&canary.variable.as_str())).collect();
        let is_excused = |trace: &str| excused.iter().any(|canary| canary.traces.iter().any(|known| known == trace));
        let seen = |canary: &Canary| {
            let lower = text.to_ascii_lowercase();
            let mut traces = canary.traces.iter().filter(|trace| !is_excused(trace));
            let trace =
                traces.find(|trace| text.contains(trace.as_str()) || lower.contains(&trace.to_ascii_lowercase()));
            trace.map(|trace| format!("{} as {trace:?}", canary.variable))
        };
        self.0.iter().filter_map(seen).collect()
    }
}

/// What shows that a secret is there: each run of letters and digits of it, which no escape changes, as it is, in base64 of
/// both alphabets wherever it begins, in hexadecimal digits and percent-encoded.
fn traces(secret: &str) -> Vec<String> {
    let runs = secret.split(|c: char| !c.is_ascii_alphanumeric()).filter(|run| run.len() >= SHORTEST);
    let mut traces: Vec<String> = runs.flat_map(|run| spellings(run.as_bytes())).collect();
    if traces.is_empty() {
        traces = spellings(secret.as_bytes());
        traces.push(url::form_urlencoded::byte_serialize(secret.as_bytes()).collect());
    }
    traces
}

fn spellings(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let [plain, percent] = ["", "%"].map(|before| hexadecimal(before, bytes));
    let mut spellings = vec![text, plain, percent];
    for (shift, shared) in [(0, 0), (1, 2), (2, 3)] {
        let shifted = [&[0; 2][..shift], bytes].concat();
        // The last character holds bits of what follows.
        let whole = shifted.len() * 8 / 6;
        for encoded in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            spellings.push(encoded[shared..whole].to_owned());
        }
    }
    spellings
}

fn hexadecimal(before: &str, bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{before}{byte:02x}")).collect::<Vec<_>>().concat()
}

#[test]
fn a_planted_leak_is_seen_in_every_spelling() {
    let canaries = Canaries::default().with("A_TOKEN", "glpat-Can4ry/x+Second_9\"part");
    let plain = canaries.value("A_TOKEN").to_owned();
    let shifted = |front: &str| STANDARD_NO_PAD.encode(format!("{front}{plain}:behind"));
    let escaped: String =
        plain.chars().map(|c| if c.is_alphanumeric() { c.to_string() } else { format!("\\{c}") }).collect();
    for leak in [
        plain.clone(),
        plain.to_uppercase(),
        plain[..12].to_owned(),
        plain[14..].to_owned(),
        serde_json::json!(plain).to_string(),
        url::form_urlencoded::byte_serialize(plain.as_bytes()).collect(),
        hexadecimal("%", plain.as_bytes()).to_uppercase(),
        hexadecimal("", plain.as_bytes()),
        shifted(""),
        shifted("x"),
        shifted("xy"),
        shifted("xyz"),
        URL_SAFE_NO_PAD.encode(format!("oauth2:{plain}")),
        format!("{plain:?}"),
        escaped,
    ] {
        let text = format!("words before {leak} and behind");
        assert_eq!(canaries.seen_in(&text, &[]).len(), 1, "{leak} was not seen");
        assert_eq!(canaries.seen_in(&text, &["A_TOKEN"]), Vec::<String>::new());
    }
    assert_eq!(canaries.seen_in("glpat-[hidden] can ary", &[]), Vec::<String>::new());
}
