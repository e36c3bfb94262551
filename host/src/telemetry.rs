//! The log: JSON lines, or pretty on a terminal.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// The log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `log` is not a list of directives.
    #[error("log = \"{0}\" is not understood: {1}; write a level (error, warn, info, debug) or `target=level,…`")]
    Directives(String, String),
    /// There is a subscriber already.
    #[error("a log is set up already")]
    Twice,
}

/// Sends the log to standard error from now on.
///
/// # Errors
/// The directives are wrong, or there is a log already.
pub fn start(config: &Config) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(&config.log)
        .map_err(|error| TelemetryError::Directives(config.log.clone(), error.to_string()))?;
    let pretty = match config.log_format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = if pretty {
        builder.with_ansi(std::io::stderr().is_terminal()).try_init()
    } else {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .try_init()
    };
    started.map_err(|_| TelemetryError::Twice)
}
