//! What holds for the cluster that is open: its name, its colour, how careful to be with it. Our user's own words.

use super::guard::{ReadOnly, Rules};
use crate::model::{ClusterId, ClusterView};

/// The cluster as the user named it.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Its name in the configuration; `None` when only addresses were given.
    pub name: Option<String>,
    /// The configuration knows the name.
    pub configured: bool,
    pub hue: Option<Hue>,
    pub rules: Rules,
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

impl Context {
    /// Why this is not the cluster that the context names, as a sentence; `None` while it is, and before it told its id.
    pub fn stranger(&self, view: Option<&ClusterView>) -> Option<String> {
        let (expected, view) = (self.expects.as_ref()?, view?);
        let name = self.name.as_deref().unwrap_or("the context");
        match &view.id {
            Some(id) if id == expected => None,
            Some(id) => {
                Some(format!("another cluster: {name} expects {}, this is {}; nothing can be changed here", expected.raw(), id.raw()))
            }
            None => Some(format!("a cluster that tells no id: {name} expects {}; nothing can be changed here", expected.raw())),
        }
    }

    /// Why nothing may be changed now.
    pub fn read_only(&self, view: Option<&ClusterView>) -> Option<ReadOnly> {
        if self.stranger(view).is_some() { Some(ReadOnly::Stranger) } else { self.rules.read_only() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::cluster;

    #[test]
    fn another_cluster_is_a_stranger_and_locks_changes() {
        let view = cluster(Vec::new()); // q2kZ
        let mut context = Context { name: Some("prod".to_owned()), expects: Some(ClusterId::new("q2kZ")), ..Context::default() };
        assert_eq!(context.stranger(Some(&view)), None);
        context.expects = Some(ClusterId::new("other"));
        let sentence = context.stranger(Some(&view)).unwrap();
        assert!(sentence.contains("prod expects other, this is q2kZ"), "{sentence}");
        assert_eq!(context.read_only(Some(&view)), Some(ReadOnly::Stranger));
        // Before an answer nothing is known, and nothing is claimed.
        assert_eq!(context.stranger(None), None);
        let silent = ClusterView { id: None, ..view };
        assert!(context.stranger(Some(&silent)).is_some());
    }
}
