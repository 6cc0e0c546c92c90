//! What the screens want of the configuration, done: files are read, looked through and written. Blocks.

use super::config::{self as command, import::Writing};
use super::target::{self, Always};
use super::{Cluster, Ui};
use crate::config::edit::{self, Import, NewContext, NewSecret, Setting};
use crate::config::{self, Config, ReadOnly};
use crate::core::configure::{Draft, Mode, New, Preview, Wish};
use crate::core::context::Context;
use crate::core::stream::Allowance;
use crate::io::kafka::{Secret, Security};
use crate::model::{Cause, Failure, Foreign};

/// How a program was started, for whoever looks at the configuration again.
#[derive(Debug, Clone)]
pub struct Start {
    always: Always,
    /// What it was opened with; nothing where no cluster was named.
    opened: Option<(Cluster, Context)>,
}

/// What came of a wish.
#[derive(Debug)]
pub enum Done {
    There(Vec<(Cluster, Context)>),
    Preview(Preview),
    /// The file, and a line in it (from 1).
    Edit(std::path::PathBuf, usize),
    Added(String, Vec<(Cluster, Context)>),
}

impl Start {
    pub fn of(ui: &Ui) -> Self {
        // What the options said besides holds while it runs; a context as it stands in its file is read there again.
        let opened = (ui.overridden || ui.context.from.is_none()) && !ui.cluster.is_nowhere();
        Self { always: ui.always, opened: opened.then(|| (ui.cluster.clone(), ui.context.clone())) }
    }

    /// Does it.
    ///
    /// # Errors
    /// A file cannot be read or written, or what is wanted makes no sense: nothing was written then.
    pub fn obey(&self, wish: &Wish) -> Result<Done, Failure> {
        let variable = |name: &str| std::env::var(name).ok();
        match wish {
            Wish::Look => self.look(&variable).map(Done::There),
            Wish::Edit(name) => place(name.as_deref(), &variable),
            Wish::Preview(new) => preview(new, &variable).map(Done::Preview),
            Wish::Add(new) => {
                let name = add(new, &variable)?;
                Ok(Done::Added(name, self.look(&variable)?))
            }
        }
    }

    fn look(&self, variable: Variable<'_>) -> Result<Vec<(Cluster, Context)>, Failure> {
        let config = command::load(variable)?;
        Ok(target::all(self.opened.as_ref(), self.always, &config, variable))
    }
}

impl Cluster {
    /// How a client is made that reaches nothing, until a context is chosen.
    pub(super) fn nowhere(limits: config::Limits) -> Self {
        Self {
            bootstrap: Vec::new(),
            security: Security::default(),
            client_id: None,
            from: None,
            timeout: None,
            limits,
            allowance: Allowance::default(),
        }
    }

    fn is_nowhere(&self) -> bool {
        self.bootstrap.is_empty() && self.security == Security::default()
    }
}

type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Where a context stands in the file. Where there is no file it is made from the default.
fn place(name: Option<&str>, variable: Variable<'_>) -> Result<Done, Failure> {
    let path = command::file(variable)?;
    config::write_default(&path).map_err(|error| failed(format!("{}: {error}", path.display())))?;
    // A file that is wrong is what one wants to edit most.
    let line = Config::load(variable).ok().and_then(|config| Some(config.context(name?)?.line));
    Ok(Done::Edit(path, line.unwrap_or(1)))
}

fn preview(new: &New, variable: Variable<'_>) -> Result<Preview, Failure> {
    let path = command::file(variable)?;
    let text = config::read(&path).map_err(|problem| failed(problem.to_string()))?.unwrap_or_default();
    let import = made(new, variable)?;
    Writing::new(&path, text).try_all(std::slice::from_ref(&import))?;
    Ok(Preview {
        toml: import.context.to_toml(),
        path: path.display().to_string(),
        left_out: import.left_out.iter().map(|left| format!("without {left}")).collect(),
        secrets: import.secrets.iter().map(|secret| format!("{}/{}", secret.folder, secret.name)).collect(),
    })
}

fn add(new: &New, variable: Variable<'_>) -> Result<String, Failure> {
    let path = command::file(variable)?;
    let mut imports = [made(new, variable)?];
    command::import::write(&path, &mut imports)?;
    let [import] = imports;
    Ok(import.context.name)
}

fn made(new: &New, variable: Variable<'_>) -> Result<Import, Failure> {
    match new {
        New::Made(draft) => drawn_up(draft),
        New::Import { found, name } => {
            let config = command::load(variable)?;
            let context = config.any_context(found, variable);
            let context = context.ok_or_else(|| failed(format!("{found} is not there any more")))?;
            edit::import(context, name, false, variable).map_err(|mistakes| target::mistaken(&mistakes))
        }
    }
}

/// What was typed into the form, as it is written.
fn drawn_up(draft: &Draft) -> Result<Import, Failure> {
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    if draft.bootstrap.is_empty() && draft.properties_file.is_empty() {
        return Err(failed("bootstrap, or a client's file, has to say where the cluster is".to_owned()));
    }
    let setting = |key: &str, text: &str| said(text).map(|text| (key.to_owned(), Setting::Text(text)));
    let tls = [setting("ca", &draft.ca), setting("cert", &draft.cert), setting("key", &draft.key)];
    let mut secrets = Vec::new();
    let sasl = said(draft.mechanism).map(|mechanism| {
        let mut sasl = vec![("mechanism".to_owned(), Setting::Text(mechanism))];
        sasl.extend(setting("username", &draft.username));
        if !draft.password.0.is_empty() {
            let secret = NewSecret {
                folder: "secrets".to_owned(),
                name: format!("{}.sasl.password", draft.name),
                value: Secret::new(&*draft.password.0),
            };
            sasl.push(("password_file".to_owned(), Setting::Text(format!("{}/{}", secret.folder, secret.name))));
            secrets.push(secret);
        }
        if !draft.tls {
            sasl.push(("clear_text".to_owned(), Setting::Flag(true)));
        }
        sasl
    });
    let mut left_out = Vec::new();
    if draft.mechanism == "PLAIN" && !draft.tls {
        left_out.push("TLS: the password goes over the network in clear text".to_owned());
    }
    let context = NewContext {
        name: draft.name.clone(),
        bootstrap: draft.bootstrap.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect(),
        color: draft.color,
        readonly: match draft.readonly {
            Mode::Write => ReadOnly::No,
            Mode::Default => ReadOnly::Default,
            Mode::ReadOnly => ReadOnly::Yes,
        },
        guard: draft.guard,
        properties_file: said(&draft.properties_file),
        tls: draft.tls.then(|| tls.into_iter().flatten().collect()),
        sasl,
        ..NewContext::default()
    };
    Ok(Import { context, secrets, left_out })
}

fn failed(text: String) -> Failure {
    Failure::new("write the configuration", Cause::Usage(Foreign::new(text)))
}
