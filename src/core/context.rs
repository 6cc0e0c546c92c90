//! What holds for the cluster that is open: its name, its colour, how careful to be with it. Our user's own words.

use super::guard::{ReadOnly, Rules};
use crate::model::{ClusterId, ClusterView};
use crate::text::{Shown, meant, width};

/// The cluster as the user named it.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Its name in the configuration; `None` when only addresses were given.
    pub name: Option<String>,
    /// The configuration knows the name.
    pub configured: bool,
    /// The file that it stands in, as it is told; `None` when only addresses were given.
    pub from: Option<String>,
    /// Why it cannot be used, when that is known before it is tried.
    pub unusable: Option<String>,
    pub hue: Option<Hue>,
    pub rules: Rules,
    /// How it is reached, as Kafka calls it: the protocol, and the mechanism of SASL; empty where that is not known.
    pub security: String,
    /// What is not checked of a broker's certificate, in the words that stand on every screen.
    pub unchecked: Option<&'static str>,
    /// The id that its cluster must have.
    pub expects: Option<ClusterId>,
}

/// The colour of a context's name; always beside words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hue {
    Red,
    Amber,
    Green,
    Cyan,
    Blue,
    Purple,
}

impl Hue {
    /// As it is configured.
    pub fn word(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Amber => "amber",
            Self::Green => "green",
            Self::Cyan => "cyan",
            Self::Blue => "blue",
            Self::Purple => "purple",
        }
    }
}

/// How much is asked before a change (`guard`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Guard {
    #[default]
    None,
    /// Each change is asked for once more.
    Ask,
    /// The name of what is changed is typed.
    Typed,
}

/// A cluster that can be gone to while kscope runs: a context of the configuration, or what the command line named.
#[derive(Debug, Clone)]
pub struct Target {
    pub context: Context,
    /// Its addresses as they were given, parted by commas.
    pub bootstrap: String,
}

impl Target {
    /// What it is called: its name, else its addresses.
    pub fn name(&self) -> &str {
        self.context.name.as_deref().unwrap_or(&self.bootstrap)
    }
}

/// Where the target of that name stands among them.
///
/// # Errors
/// There is none: a sentence with what was meant, or with what there is.
pub fn find(targets: &[Target], name: &str) -> Result<usize, String> {
    if let Some(at) = targets.iter().position(|target| target.name() == name) {
        return Ok(at);
    }
    let names = targets.iter().map(Target::name);
    let more = match meant(name, names.clone()) {
        Some(near) => format!("Did you mean {near}?"),
        None if !targets.iter().any(|target| target.context.configured) => NONE_CONFIGURED.to_owned(),
        None => format!("There are {}.", names.take(12).collect::<Vec<_>>().join(", ")),
    };
    Err(format!("There is no context \"{}\". {more}", Shown::of(name)))
}

/// How to come by one.
pub const NONE_CONFIGURED: &str = "No context is configured: [contexts.NAME] in config.toml";

impl Context {
    /// That this is not the cluster which the context names; `None` while it is, and before it told its id.
    pub fn stranger<'a>(&'a self, view: Option<&'a ClusterView>) -> Option<Stranger<'a>> {
        let (expected, view) = (self.expects.as_ref()?, view?);
        let found = view.id.as_ref();
        (found != Some(expected)).then(|| Stranger { name: self.name.as_deref().unwrap_or("the context"), expected, found })
    }

    /// Why nothing may be changed now.
    pub fn read_only(&self, view: Option<&ClusterView>) -> Option<ReadOnly> {
        if self.stranger(view).is_some() { Some(ReadOnly::Stranger) } else { self.rules.read_only() }
    }
}

/// A cluster that is not the one which its context names.
#[derive(Debug)]
pub struct Stranger<'a> {
    name: &'a str,
    expected: &'a ClusterId,
    /// `None`: it tells none.
    found: Option<&'a ClusterId>,
}

impl Stranger<'_> {
    /// So much of an id tells two apart.
    const SHORT: usize = 8;

    /// In words, what matters first. Where there is no room for the ids they are cut, and left out where that does not help.
    pub fn words(&self, columns: usize) -> String {
        let short = |id: &ClusterId| id.raw().chars().take(Self::SHORT).chain(['…']).collect::<String>();
        let whole = |id: &ClusterId| id.raw().to_owned();
        let alike = self.found.is_some_and(|found| short(found) == short(self.expected));
        let cut = Some(self.sentence(&short)).filter(|words| !alike && width(words) <= columns);
        Some(self.sentence(&whole)).filter(|words| width(words) <= columns).or(cut).unwrap_or_else(|| self.lead())
    }

    fn sentence(&self, id: &dyn Fn(&ClusterId) -> String) -> String {
        let found = self.found.map(|found| format!(", is {}", id(found))).unwrap_or_default();
        format!("{}; expects {}{found}", self.lead(), id(self.expected))
    }

    fn lead(&self) -> String {
        match self.found {
            Some(_) => format!("NOT {}: nothing can be changed here", self.name),
            None => format!("NOT {} for sure, it tells no id: nothing can be changed here", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::cluster;

    #[test]
    fn a_name_that_is_not_known_is_answered_with_what_was_meant() {
        let target = |name: &str, configured| Target {
            context: Context { name: Some(name.to_owned()), configured, ..Context::default() },
            bootstrap: "kafka:9092".to_owned(),
        };
        let all = [target("prod-eu", true), target("staging", true)];
        assert_eq!(find(&all, "staging"), Ok(1));
        assert!(find(&all, "stagng").unwrap_err().ends_with("Did you mean staging?"));
        assert!(find(&all, "elsewhere").unwrap_err().ends_with("There are prod-eu, staging."));
        let alone = [Target { context: Context::default(), ..target("", false) }];
        assert_eq!(find(&alone, "kafka:9092"), Ok(0), "what has no name is called by its addresses");
        assert!(find(&alone, "prod").unwrap_err().contains("[contexts.NAME]"));
    }

    #[test]
    fn another_cluster_is_a_stranger_and_locks_changes() {
        let view = cluster(Vec::new()); // q2kZ
        let mut context = Context { name: Some("prod".to_owned()), expects: Some(ClusterId::new("q2kZ")), ..Context::default() };
        assert!(context.stranger(Some(&view)).is_none());
        context.expects = Some(ClusterId::new("other"));
        let words = context.stranger(Some(&view)).unwrap().words(100);
        assert_eq!(words, "NOT prod: nothing can be changed here; expects other, is q2kZ");
        assert_eq!(context.read_only(Some(&view)), Some(ReadOnly::Stranger));
        // Before an answer nothing is known, and nothing is claimed.
        assert!(context.stranger(None).is_none());
        let silent = ClusterView { id: None, ..view };
        let words = context.stranger(Some(&silent)).unwrap().words(100);
        assert_eq!(words, "NOT prod for sure, it tells no id: nothing can be changed here; expects other");
    }

    #[test]
    fn what_matters_of_a_stranger_fits_into_80_columns() {
        let of = |expected: &str, found: &str| {
            let id = Some(ClusterId::new(found));
            let view = ClusterView { id, ..cluster(Vec::new()) };
            let expects = Some(ClusterId::new(expected));
            let context = Context { name: Some("prod-eu".to_owned()), expects, ..Context::default() };
            // A sign and blanks stand before it.
            context.stranger(Some(&view)).unwrap().words(77)
        };
        let cut = "NOT prod-eu: nothing can be changed here; expects q2kZ3mN8…, is 5L6g3nSh…";
        assert_eq!(of("q2kZ3mN8T1uYw5x7A9bCdA", "5L6g3nShT-eMCtK--X86sw"), cut);
        let without = "NOT prod-eu: nothing can be changed here";
        assert_eq!(of("q2kZ3mN8T1uYw5x7A9bCdA", "q2kZ3mN8T1uYw5x7A9bCdB"), without, "ids that would look alike are left out");
    }
}
