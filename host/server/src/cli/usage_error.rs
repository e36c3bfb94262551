//! Errors of the command line itself, without what was typed: a secret that belongs on standard input may have been
//! given as an argument, and standard error is often kept.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use jackfield_domain::wrong_input::hide;

/// The same error without the values, arguments and commands that were typed. A name that is nearly a known one
/// remains, since clap suggests the other one then.
pub(super) fn without_arguments(error: clap::Error) -> clap::Error {
    let kind = error.kind();
    if matches!(
        kind,
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        return error;
    }
    let mut typed = vec![];
    let mut add = |what| match error.get(what) {
        Some(ContextValue::String(text)) => typed.push(text.as_str()),
        Some(ContextValue::Strings(texts)) => typed.extend(texts.iter().map(String::as_str)),
        _ => {}
    };
    add(ContextKind::InvalidValue);
    if kind == ErrorKind::UnknownArgument && error.get(ContextKind::SuggestedArg).is_none() {
        add(ContextKind::InvalidArg);
    }
    if error.get(ContextKind::SuggestedSubcommand).is_none() {
        add(ContextKind::InvalidSubcommand);
    }
    if typed.is_empty() {
        return error;
    }
    let text = hide(&error.render().to_string(), &typed);
    clap::Error::raw(kind, text.trim_start_matches("error: "))
}
