//! What can be typed behind `:`, in the grammar of k9s: a word, what it is about, and a filter behind a slash
//! (`topics /^pay`, `messages orders .status == "FAILED"`, `goto 7@120`). Every command of the key table can be typed by
//! its name too.
//!
//! Pure. To add a word: a row in [`WORDS`] and an arm in [`read`].

use super::action::{Action, COMMANDS, Command};

/// What a word takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    /// A filter over names, behind a slash; and a context, behind an @.
    Filter,
    /// A group.
    Group,
    /// A topic.
    Topic,
    /// A topic, and a query behind it.
    TopicAndQuery,
    /// A context, or nothing: then they are listed.
    Context,
    /// Some text: the words say which.
    Text(&'static str),
}

/// One word.
#[derive(Debug)]
pub struct Word {
    pub name: &'static str,
    pub short: &'static [&'static str],
    pub takes: Takes,
    pub doc: &'static str,
}

const fn word(name: &'static str, short: &'static [&'static str], takes: Takes, doc: &'static str) -> Word {
    Word { name, short, takes, doc }
}

pub const WORDS: &[Word] = &[
    word("topics", &["t"], Takes::Filter, "list the topics"),
    word("messages", &["m", "tail"], Takes::TopicAndQuery, "messages of a topic"),
    word("topic", &["d", "describe"], Takes::Topic, "partitions and settings of a topic"),
    word("produce", &["send"], Takes::Topic, "write records to a topic"),
    word("overview", &["o", "pulses"], Takes::Nothing, "the cluster at a glance, and what is wrong with it"),
    word("incident", &[], Takes::Nothing, "copy what was seen and done, as text for a ticket"),
    word("groups", &["g"], Takes::Filter, "list the groups: lag, state, verdict"),
    word("group", &[], Takes::Group, "partitions and members of a group"),
    word("goto", &["go"], Takes::Text("7@120, -500, 15m"), "go to an offset, a time, the newest n"),
    word("filter", &["f", "grep"], Takes::Text("query"), "filter what is listed"),
    word("save", &[], Takes::Text("a name, \"for all\" behind it for all topics"), "keep the query of the list under a name"),
    word("query", &[], Takes::Text("the name of a saved query"), "put a saved query in force"),
    word("partitions", &["p"], Takes::Text("0,3"), "choose partitions"),
    word("shape", &[], Takes::Topic, "the fields of a topic's records: types, how often, since when"),
    word("bisect", &[], Takes::TopicAndQuery, "the first record of a topic for which a query is true"),
    word("follow", &[], Takes::Text("an id"), "an id through the marked topics, in time order"),
    word("ctx", &["context", "contexts"], Takes::Context, "go to another cluster, or list them"),
    word("log", &[], Takes::Nothing, "what kscope logged"),
    word("mouse", &[], Takes::Text("on, off"), "take the mouse, or leave it to the terminal"),
    word("back", &[], Takes::Nothing, "one level back"),
    word("help", &["h"], Takes::Nothing, "the keys that work here"),
    word("quit", &["q", "q!", "exit"], Takes::Nothing, "quit"),
];

/// A line that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    Topics {
        filter: Option<String>,
        /// Of another cluster.
        context: Option<String>,
    },
    Groups {
        filter: Option<String>,
        context: Option<String>,
    },
    Group {
        name: String,
    },
    Topic {
        name: String,
    },
    /// Write records to it.
    Produce {
        name: String,
    },
    Messages {
        name: String,
        query: Option<String>,
    },
    Shape {
        name: String,
    },
    /// Where a query turns true.
    Bisect {
        name: String,
        query: String,
    },
    /// An id through several topics.
    Follow(String),
    Contexts,
    /// To the context of that name.
    Switch(String),
    Log,
    Overview,
    Incident,
    Mouse(bool),
    /// A command of the table.
    Act(Action),
    /// The same, with what is to be typed into the prompt that it opens.
    Prompt(Action, String),
    /// Whatever filters here, with its text.
    Filter(String),
}

/// Finds a word by its name or a short form.
pub fn find(name: &str) -> Option<&'static Word> {
    WORDS.iter().find(|word| word.name == name || word.short.contains(&name))
}

/// Finds a command of the table by its name.
pub fn command(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

/// Reads a line, without its colon. The error is a sentence.
pub fn read(line: &str) -> Result<Typed, String> {
    let line = line.trim().trim_start_matches(':').trim_start();
    let (name, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(name, rest)| (name, rest.trim()));
    let Some(word) = find(name) else {
        if let Some(command) = command(name) {
            return if rest.is_empty() { Ok(Typed::Act(command.action)) } else { Err(format!("{name} takes nothing behind it.")) };
        }
        return Err(if name.is_empty() { "Nothing was typed.".to_owned() } else { unknown(name) });
    };
    let needs = |what: &str| format!("{} needs {what} behind it.", word.name);
    match word.takes {
        Takes::Nothing if !rest.is_empty() => return Err(format!("{} takes nothing behind it.", word.name)),
        Takes::Topic | Takes::TopicAndQuery if rest.is_empty() => return Err(needs("a topic")),
        Takes::Group if rest.is_empty() => return Err(needs("a group")),
        // It would be a query; one that looks for such a text has it in quotes.
        Takes::Topic | Takes::TopicAndQuery if rest.split_whitespace().any(|part| part.starts_with('@')) => {
            return Err("A context stands behind topics or ctx: topics @staging".to_owned());
        }
        Takes::Context if rest.contains(char::is_whitespace) => return Err("ctx takes one name behind it.".to_owned()),
        Takes::Text(what) if rest.is_empty() => return Err(needs(what)),
        _ => {}
    }
    Ok(match word.name {
        "topics" => {
            let (filter, context) = listed(rest, word.name)?;
            Typed::Topics { filter, context }
        }
        "groups" => {
            let (filter, context) = listed(rest, word.name)?;
            Typed::Groups { filter, context }
        }
        "overview" => Typed::Overview,
        "incident" => Typed::Incident,
        "ctx" if rest.is_empty() => Typed::Contexts,
        "ctx" => Typed::Switch(rest.to_owned()),
        "group" => Typed::Group { name: rest.to_owned() },
        "topic" => Typed::Topic { name: rest.to_owned() },
        "shape" => Typed::Shape { name: rest.to_owned() },
        "bisect" => {
            let (name, query) = rest.split_once(char::is_whitespace).map_or((rest, ""), |(name, query)| (name, query.trim()));
            Typed::Bisect { name: name.to_owned(), query: query.to_owned() }
        }
        "follow" => Typed::Follow(rest.to_owned()),
        "produce" => Typed::Produce { name: rest.to_owned() },
        "messages" => {
            let (name, query) = rest.split_once(char::is_whitespace).map_or((rest, ""), |(name, query)| (name, query.trim()));
            // k9s writes its filters behind a slash; here it is not needed, and not in the way of a regular expression.
            let query = query.strip_prefix('/').filter(|rest| !rest.contains('/')).unwrap_or(query);
            Typed::Messages { name: name.to_owned(), query: Some(query.to_owned()).filter(|query| !query.is_empty()) }
        }
        "goto" => Typed::Prompt(Action::Seek, rest.to_owned()),
        "partitions" => Typed::Prompt(Action::Partitions, rest.to_owned()),
        "save" => Typed::Prompt(Action::SaveQuery, rest.to_owned()),
        "query" => Typed::Prompt(Action::RecallQuery, rest.to_owned()),
        "filter" => Typed::Filter(rest.to_owned()),
        "log" => Typed::Log,
        "mouse" => match rest {
            "on" => Typed::Mouse(true),
            "off" => Typed::Mouse(false),
            _ => return Err(needs("on or off")),
        },
        "back" => Typed::Act(Action::Back),
        "help" => Typed::Act(Action::Help),
        _ => Typed::Act(Action::Quit),
    })
}

/// What stands behind the word for a list: a filter, a context, both in either order, or nothing.
fn listed(rest: &str, word: &str) -> Result<(Option<String>, Option<String>), String> {
    let (contexts, others): (Vec<&str>, Vec<&str>) = rest.split_whitespace().partition(|part| part.starts_with('@'));
    let context = match contexts.as_slice() {
        [] => None,
        ["@"] => return Err("The name of a context stands right behind @; tab completes it.".to_owned()),
        [one] => Some(one.trim_start_matches('@').to_owned()),
        _ => return Err("One context at a time can be gone to.".to_owned()),
    };
    // Without a context the filter stays as it was typed, blanks and all.
    let filter = if context.is_some() { others.join(" ") } else { rest.to_owned() };
    match filter.strip_prefix('/') {
        Some(filter) => Ok((Some(filter.to_owned()).filter(|filter| !filter.is_empty()), context)),
        None if filter.is_empty() => Ok((None, context)),
        None => Err(format!("A filter stands behind a slash: {word} /^pay")),
    }
}

fn unknown(name: &str) -> String {
    let near = WORDS.iter().map(|word| word.name).chain(COMMANDS.iter().map(|command| command.name));
    let best = near.filter(|other| other.starts_with(name) || name.starts_with(other)).min_by_key(|other| other.len());
    match best {
        Some(best) => format!("There is no command \"{name}\". Did you mean {best}?"),
        None => format!("There is no command \"{name}\". : and then tab lists them."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_the_grammar_of_k9s() {
        let filter = |text: &str| Some(text.to_owned());
        for (line, typed) in [
            ("t", Typed::Topics { filter: None, context: None }),
            (":topics /^pay", Typed::Topics { filter: filter("^pay"), context: None }),
            ("topics /-f a  b", Typed::Topics { filter: filter("-f a  b"), context: None }),
            ("topics /^pay @staging", Typed::Topics { filter: filter("^pay"), context: filter("staging") }),
            ("t @staging", Typed::Topics { filter: None, context: filter("staging") }),
            ("g /^pay @staging", Typed::Groups { filter: filter("^pay"), context: filter("staging") }),
            ("group it is  odd", Typed::Group { name: "it is  odd".into() }),
            ("ctx", Typed::Contexts),
            ("ctx staging", Typed::Switch("staging".into())),
            ("filter @type", Typed::Filter("@type".into())),
            ("m orders", Typed::Messages { name: "orders".into(), query: None }),
            ("messages orders .status == \"FAILED\"", Typed::Messages { name: "orders".into(), query: filter(".status == \"FAILED\"") }),
            ("messages orders /FAILED", Typed::Messages { name: "orders".into(), query: filter("FAILED") }),
            ("messages orders /a.b/", Typed::Messages { name: "orders".into(), query: filter("/a.b/") }),
            ("goto  7@120 ", Typed::Prompt(Action::Seek, "7@120".into())),
            ("q!", Typed::Act(Action::Quit)),
            ("messages.follow", Typed::Act(Action::Follow)),
            ("mouse on", Typed::Mouse(true)),
        ] {
            assert_eq!(read(line), Ok(typed), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_what_was_meant() {
        for (line, part) in [
            ("", "Nothing"),
            ("topc", "no command"),
            ("top", "Did you mean topic"),
            ("messages", "needs a topic"),
            ("topics pay", "behind a slash"),
            ("topics @", "right behind @"),
            ("topics @a @b", "One context"),
            ("messages orders @prod", "topics @staging"),
            ("ctx a b", "one name"),
            ("mouse maybe", "on or off"),
            ("log now", "takes nothing"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }

    #[test]
    fn no_word_means_two_things() {
        let mut all: Vec<&str> = WORDS.iter().flat_map(|word| word.short.iter().copied().chain([word.name])).collect();
        all.extend(COMMANDS.iter().map(|command| command.name).filter(|name| find(name).is_none()));
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
