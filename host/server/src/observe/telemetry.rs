//! The log: JSON lines, or pretty on a terminal.

mod lines;

use std::io::{IsTerminal as _, Stderr};

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};
use lines::Lines;
pub use lines::Written;

/// The log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `log` is not a list of directives.
    #[error("log = \"{0}\" is not understood: {1}; write a level (error, warn, info, debug) or `target=level,…`")]
    Directives(String, String),
    /// There is a subscriber already.
    #[error("a log is set up already")]
    Twice,
    /// The thread that writes it does not start.
    #[error("the log's thread does not start: {0}")]
    Thread(#[from] std::io::Error),
}

/// Sends the log to standard error from now on. Lines below a warning may be written a little later, until what this
/// returns is dropped.
///
/// # Errors
/// The directives are wrong, there is a log already, or no thread can be had for it.
pub fn start(config: &Config) -> Result<Written<Stderr>, TelemetryError> {
    let filter = EnvFilter::try_new(&config.log)
        .map_err(|error| TelemetryError::Directives(config.log.clone(), error.to_string()))?;
    let pretty = match config.log_format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    let (lines, written) = Lines::to(std::io::stderr())?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines);
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
    started.map_err(|_| TelemetryError::Twice)?;
    Ok(written)
}
