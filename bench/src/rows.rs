//! The results: one row for each measure, with the host's figure, the reference's, their ratio and its spread.

use std::fmt;

use serde::Serialize;

/// See [`Row::scattered`].
const SCATTERED: f64 = 2.0;

/// One measure of one deployment and its reference.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The benchmark, such as `status` or `accept`.
    pub bench: &'static str,
    /// The deployment of the host; a column of its own in the table.
    pub deployment: &'static str,
    /// The measure.
    pub measure: String,
    /// The unit, such as `µs` or `requests/s`.
    pub unit: &'static str,
    /// The name of the reference.
    pub against: String,
    /// The host's figure: the median of the rounds.
    pub ours: f64,
    /// The reference's figure: the median of the rounds.
    pub reference: f64,
    /// The median of the rounds' ratios.
    pub ratio: f64,
    /// The lowest and the highest of the rounds' ratios.
    pub spread: (f64, f64),
    /// The median of the host's figure minus the reference's, in the unit.
    pub added: f64,
    /// The goal, if any.
    pub goal: Option<Goal>,
    /// The number of rounds.
    pub rounds: usize,
    /// A remark on the row.
    pub note: String,
}

/// A goal. No goal is an absolute time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// The ratio is at least this.
    RatioAtLeast(f64),
    /// The ratio is at most this.
    RatioAtMost(f64),
    /// The host's figure exceeds the reference's by at most this, in the row's unit.
    AddedAtMost(f64),
    /// The host's figure is exactly this.
    Exactly(f64),
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RatioAtLeast(ratio) => write!(f, "ratio ≥ {ratio}"),
            Self::RatioAtMost(ratio) => write!(f, "ratio ≤ {ratio}"),
            Self::AddedAtMost(added) => write!(f, "≤ {added} added"),
            Self::Exactly(value) => write!(f, "exactly {value}"),
        }
    }
}

impl Row {
    /// The row of rounds that each have the host's figure and the reference's.
    pub fn of(
        measure: impl Into<String>,
        unit: &'static str,
        against: impl Into<String>,
        rounds: &[(f64, f64)],
    ) -> Self {
        let ratios: Vec<_> = rounds
            .iter()
            .map(|(ours, reference)| ratio(*ours, *reference))
            .collect();
        Self {
            bench: "",
            deployment: "",
            measure: measure.into(),
            unit,
            against: against.into(),
            ours: median(rounds.iter().map(|round| round.0)),
            reference: median(rounds.iter().map(|round| round.1)),
            ratio: median(ratios.iter().copied()),
            spread: (
                ratios.iter().copied().fold(f64::INFINITY, f64::min),
                ratios.iter().copied().fold(0.0, f64::max),
            ),
            added: median(rounds.iter().map(|(ours, reference)| ours - reference)),
            goal: None,
            rounds: rounds.len(),
            note: String::new(),
        }
    }

    /// Sets the goal.
    #[must_use]
    pub fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// Sets the remark.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Whether the goal was reached; `None` without a goal.
    pub fn reached(&self) -> Option<bool> {
        Some(match self.goal? {
            Goal::RatioAtLeast(least) => self.ratio >= least,
            Goal::RatioAtMost(most) => self.ratio <= most,
            Goal::AddedAtMost(most) => self.added <= most,
            Goal::Exactly(value) => (self.ours - value).abs() < 1e-9,
        })
    }

    /// The goal as a ratio; `None` without a goal or if there is no such ratio.
    pub fn goal_as_ratio(&self) -> Option<f64> {
        let ratio = match self.goal? {
            Goal::RatioAtLeast(ratio) | Goal::RatioAtMost(ratio) => ratio,
            Goal::AddedAtMost(added) => 1.0 + added / self.reference,
            Goal::Exactly(value) => value / self.reference,
        };
        ratio.is_finite().then_some(ratio)
    }

    /// Whether a higher figure is better; `None` if that depends on the reader.
    pub fn more_is_better(&self) -> Option<bool> {
        match (self.goal, self.unit) {
            (Some(Goal::RatioAtLeast(_)), _) => Some(true),
            (Some(Goal::RatioAtMost(_) | Goal::AddedAtMost(_)), _) => Some(false),
            (_, unit) if unit.ends_with("/s") => Some(true),
            (_, "ns" | "µs" | "ms" | "s" | "KiB" | "MiB" | "GiB") => Some(false),
            _ => None,
        }
    }

    /// Whether the rounds disagree so much that the median means little: the highest ratio is at least twice the
    /// lowest.
    pub fn scattered(&self) -> bool {
        self.spread.1 > self.spread.0 && self.spread.1 >= SCATTERED * self.spread.0
    }
}

/// The ratio of two zeros is 1.
fn ratio(ours: f64, reference: f64) -> f64 {
    if ours == 0.0 && reference == 0.0 {
        1.0
    } else {
        ours / reference
    }
}

/// The median; for an even number of values, the mean of the middle two.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let above = values.get(values.len() / 2).copied().unwrap_or(f64::NAN);
    if values.len() % 2 == 1 {
        return above;
    }
    let below = values
        .len()
        .checked_sub(1)
        .and_then(|last| values.get(last / 2).copied());
    below.map_or(f64::NAN, |below| f64::midpoint(below, above))
}

/// Formats a figure with as many digits as it needs.
pub fn figure(value: f64) -> String {
    match value.abs() {
        size if size.is_nan() => "–".into(),
        size if size.is_infinite() => "∞".into(),
        0.0 => "0".into(),
        size if size >= 1000.0 => grouped(value),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// Formats an integer with a comma between groups of three digits.
fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_has_medians_and_spread() {
        let row = Row::of("x", "ms", "y", &[(3.0, 2.0), (1.0, 2.0), (2.0, 1.0)]);
        assert!((row.ours - 2.0).abs() < 1e-9 && (row.reference - 2.0).abs() < 1e-9);
        assert!((row.ratio - 1.5).abs() < 1e-9 && (row.added - 1.0).abs() < 1e-9);
        assert_eq!((row.spread, row.rounds), ((0.5, 2.0), 3));
    }

    #[test]
    fn median_of_two_is_their_mean() {
        assert!((median([4.0, 1.0].into_iter()) - 2.5).abs() < 1e-9);
        assert!((median([4.0, 1.0, 9.0, 2.0].into_iter()) - 3.0).abs() < 1e-9);
        assert!(median(std::iter::empty()).is_nan());
    }

    #[test]
    fn goals_are_evaluated() {
        let row = Row::of("x", "ms", "y", &[(3.0, 2.0)]);
        assert_eq!(row.reached(), None);
        for (goal, reached) in [
            (Goal::RatioAtLeast(1.5), true),
            (Goal::RatioAtLeast(1.6), false),
            (Goal::RatioAtMost(1.5), true),
            (Goal::RatioAtMost(1.4), false),
            (Goal::AddedAtMost(1.0), true),
            (Goal::AddedAtMost(0.9), false),
            (Goal::Exactly(3.0), true),
            (Goal::Exactly(0.0), false),
        ] {
            assert_eq!(row.clone().goal(goal).reached(), Some(reached), "{goal}");
        }
    }

    #[test]
    fn figures_have_significant_digits() {
        let shown = [
            0.0,
            0.00123,
            0.5,
            12.34,
            999.96,
            1234.5,
            1_234_567.0,
            -1234.0,
            f64::NAN,
            f64::INFINITY,
        ]
        .map(figure);
        assert_eq!(
            shown,
            [
                "0",
                "0.0012",
                "0.50",
                "12.3",
                "1000.0",
                "1,234",
                "1,234,567",
                "-1,234",
                "–",
                "∞"
            ]
        );
    }

    #[test]
    fn goals_convert_to_ratios() {
        let row = Row::of("x", "ms", "y", &[(3.0, 2.0)]);
        assert_eq!(row.goal_as_ratio(), None);
        for (goal, ratio, more) in [
            (Goal::RatioAtLeast(0.5), 0.5, true),
            (Goal::RatioAtMost(1.3), 1.3, false),
            (Goal::AddedAtMost(1.0), 1.5, false),
            (Goal::Exactly(0.0), 0.0, false),
        ] {
            let row = row.clone().goal(goal);
            assert_eq!(
                (row.goal_as_ratio(), row.more_is_better()),
                (Some(ratio), Some(more)),
                "{goal}"
            );
        }
        let failures = Row::of("failures", "", "before", &[(0.0, 0.0)]).goal(Goal::Exactly(0.0));
        assert_eq!((failures.goal_as_ratio(), failures.more_is_better()), (None, None));
    }

    #[test]
    fn scattered_rounds_are_detected() {
        let scattered = |rounds: &[(f64, f64)]| Row::of("x", "ms", "y", rounds).scattered();
        assert!(scattered(&[(1.0, 1.0), (2.0, 1.0)]));
        assert!(!scattered(&[(1.0, 1.0), (1.9, 1.0)]));
        assert!(!scattered(&[(1.0, 1.0)]), "one round agrees with itself");
        assert!(!scattered(&[(0.0, 1.0), (0.0, 2.0)]) && scattered(&[(0.0, 1.0), (1.0, 1.0)]));
    }

    #[test]
    fn zero_to_zero_is_one() {
        let row = Row::of("failures", "", "before", &[(0.0, 0.0)]);
        assert!((row.ratio - 1.0).abs() < 1e-9);
    }
}
