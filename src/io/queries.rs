//! The file of saved queries: read as a whole, and written with one more, comments and order kept.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::file;
use crate::core::ask::Answer;
use crate::core::saved::queries::{Named, Queries, with};
use crate::model::{Cause, Failure, Foreign};

/// Its name in the folder of the configuration.
pub const FILE_NAME: &str = "queries.txt";
/// Larger files are none of ours.
const LARGEST: u64 = 1 << 20;

/// What the file holds; with `named`, after that was put into it.
pub(super) fn read(path: &Path, named: Option<&Named>) -> Result<Answer, Failure> {
    let failed = |error: &io::Error| {
        let what = if named.is_some() { "save the query" } else { "read the saved queries" };
        Failure::new(what, Cause::File(Foreign::new(format!("{}: {error}", path.display()))))
    };
    let mut text = text(path).map_err(|error| failed(&error))?;
    if let Some(named) = named {
        text = with(&text, named);
        file::replace(path, text.as_bytes()).map_err(|error| failed(&error))?;
    }
    Ok(Answer::Queries(Arc::new(Queries::read(&text))))
}

fn text(path: &Path) -> io::Result<String> {
    match fs::metadata(path) {
        Ok(meta) if meta.len() > LARGEST => Err(io::Error::other("it is larger than 1 MiB")),
        Ok(_) => fs::read_to_string(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TopicName;

    #[test]
    fn what_was_kept_is_there_and_what_cannot_be_read_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kscope").join(FILE_NAME);
        let queries = |answer| match answer {
            Ok(Answer::Queries(queries)) => queries,
            other => panic!("{other:?}"),
        };
        assert_eq!(*queries(read(&path, None)), Queries::default());
        let topic = TopicName::new("orders");
        let named = Named { name: "a".to_owned(), topic: Some(topic.clone()), query: ".a == \"ü\"".to_owned() };
        assert!(queries(read(&path, Some(&named))).find(&topic, "a").is_some());
        assert!(queries(read(&path, None)).find(&topic, "a").is_some());
        fs::write(&path, b"\xff\xfe").unwrap();
        assert!(read(&path, Some(&named)).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"\xff\xfe");
    }
}
