//! The table, on the terminal and in adapters/README.md.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

/// The README's table is between these lines.
const BEGIN: &str = "<!-- languages:begin -->";
const END: &str = "<!-- languages:end -->";

/// The median of several rounds, with the lowest and highest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// The median.
    pub median: f64,
    /// The lowest.
    pub least: f64,
    /// The highest.
    pub most: f64,
}

impl Figure {
    /// Summarizes the rounds' figures; `None` without rounds.
    pub fn of(mut rounds: Vec<f64>) -> Option<Self> {
        rounds.sort_by(f64::total_cmp);
        Some(Self {
            median: *rounds.get(rounds.len() / 2)?,
            least: *rounds.first()?,
            most: *rounds.last()?,
        })
    }

    fn shown(figure: Option<Self>) -> String {
        figure.map_or_else(
            || "–".into(),
            |figure| {
                let digits = if figure.median < 10.0 { 2 } else { 0 };
                format!(
                    "{:.digits$} ({:.digits$}–{:.digits$})",
                    figure.median, figure.least, figure.most
                )
            },
        )
    }
}

/// The figures of one adapter. Times of invocations are the P50 of each round in milliseconds.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub adapter: String,
    /// Its language.
    pub language: String,
    /// The component's size in bytes.
    pub size: u64,
    /// Seconds to build it from scratch with tools and packages installed; `None` if not measured.
    pub build: Option<f64>,
    /// Seconds until the host has compiled and inspected it.
    pub compile: f64,
    /// Creating an instance that describes itself.
    pub instantiate: Option<Figure>,
    /// A status query with a fresh instance.
    pub status_fresh: Option<Figure>,
    /// A status query with a reused instance.
    pub status_reused: Option<Figure>,
    /// The same request by reqwest.
    pub native: Option<Figure>,
    /// A write with a fresh instance.
    pub write_fresh: Option<Figure>,
    /// A write with a reused instance.
    pub write_reused: Option<Figure>,
    /// MiB of the process for each instance in flight.
    pub memory: f64,
}

/// The table in Markdown.
pub fn markdown(rows: &[Row], conditions: &str) -> String {
    let mut text = String::from(
        "| adapter | language | size | build | compile | start + describe | status, fresh | status, reused | status, \
         native | write, fresh | write, reused | memory |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        let build = row
            .build
            .map_or_else(|| "–".into(), |seconds| format!("{seconds:.1} s"));
        let times = [
            row.instantiate,
            row.status_fresh,
            row.status_reused,
            row.native,
            row.write_fresh,
            row.write_reused,
        ];
        let times = times.map(Figure::shown).join(" | ");
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {} KiB | {build} | {:.1} s | {times} | {:.1} MiB |",
            row.adapter,
            row.language,
            row.size >> 10,
            row.compile,
            row.memory,
        );
    }
    let _ = write!(
        text,
        "\nTimes of invocations are P50s in milliseconds, one invocation at a time, with the CRM on loopback in the \
         same process: the median of the rounds (lowest–highest). Go's compiler keeps a cache of its own, which a \
         build from nothing finds too. {conditions}\n"
    );
    text
}

/// Replaces the table in a file.
pub fn replace(file: &Path, table: &str) -> anyhow::Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let replaced =
        between(&text, table).with_context(|| format!("{} has no lines `{BEGIN}` and `{END}`", file.display()))?;
    Ok(fs::write(file, replaced)?)
}

fn between(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_table_is_replaced() {
        let text = format!("above\n{BEGIN}\nold\n{END}\nbelow\n");
        let once = between(&text, "new\n").unwrap_or_default();
        assert_eq!(once, format!("above\n{BEGIN}\n\nnew\n\n{END}\nbelow\n"));
        assert_eq!(between(&once, "new\n"), Some(once), "again is the same");
        assert_eq!(between("nothing", "new"), None);
    }

    #[test]
    fn figure_is_median_with_spread() {
        let figure = Figure::of(vec![3.0, 1.0, 20.0]);
        assert_eq!(Figure::shown(figure), "3.00 (1.00–20.00)");
        assert_eq!(Figure::shown(Figure::of(vec![])), "–");
    }
}
