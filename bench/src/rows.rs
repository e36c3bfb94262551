//! The result: rows of a measure, ours, its reference, their ratio and its spread.

use std::fmt;

use serde::Serialize;

/// See [`Row::scattered`].
const SCATTERED: f64 = 2.0;

/// One measure of one deployment, beside its reference.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Which benchmark it belongs to: `status`, `accept`…
    pub bench: &'static str,
    /// How the host was deployed: a column of its own in the table.
    pub deployment: &'static str,
    /// What was measured.
    pub measure: String,
    /// In what: `µs`, `requests/s`…
    pub unit: &'static str,
    /// What it is compared with.
    pub against: String,
    /// Our figure: the median of the rounds.
    pub ours: f64,
    /// The reference's: the median of the rounds.
    pub reference: f64,
    /// The median of the rounds' ratios.
    pub ratio: f64,
    /// The lowest and the highest of the rounds' ratios.
    pub spread: (f64, f64),
    /// The median of what ours is above its reference, in the unit.
    pub added: f64,
    /// What was hoped for.
    pub goal: Option<Goal>,
    /// How many rounds there were.
    pub rounds: usize,
    /// What else there is to say.
    pub note: String,
}

/// What was hoped for. None is an absolute time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// The ratio is at least this.
    RatioAtLeast(f64),
    /// The ratio is at most this.
    RatioAtMost(f64),
    /// Ours is above the reference by at most this, in the row's unit.
    AddedAtMost(f64),
    /// Ours is exactly this.
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
    /// A row of rounds, each with our figure and the reference's.
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

    /// With a goal.
    #[must_use]
    pub fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// With something else to say.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Whether the goal was reached; none without one.
    pub fn reached(&self) -> Option<bool> {
        Some(match self.goal? {
            Goal::RatioAtLeast(least) => self.ratio >= least,
            Goal::RatioAtMost(most) => self.ratio <= most,
            Goal::AddedAtMost(most) => self.added <= most,
            Goal::Exactly(value) => (self.ours - value).abs() < 1e-9,
        })
    }

    /// What the goal comes to as a ratio; none without one, or where there is no such ratio.
    pub fn goal_as_ratio(&self) -> Option<f64> {
        let ratio = match self.goal? {
            Goal::RatioAtLeast(ratio) | Goal::RatioAtMost(ratio) => ratio,
            Goal::AddedAtMost(added) => 1.0 + added / self.reference,
            Goal::Exactly(value) => value / self.reference,
        };
        ratio.is_finite().then_some(ratio)
    }

    /// Whether more of it is better; none if that depends on who looks.
    pub fn more_is_better(&self) -> Option<bool> {
        match (self.goal, self.unit) {
            (Some(Goal::RatioAtLeast(_)), _) => Some(true),
            (Some(Goal::RatioAtMost(_) | Goal::AddedAtMost(_)), _) => Some(false),
            (_, unit) if unit.ends_with("/s") => Some(true),
            (_, "ns" | "µs" | "ms" | "s" | "KiB" | "MiB" | "GiB") => Some(false),
            _ => None,
        }
    }

    /// Whether the rounds agree so little that the median says little: the highest ratio is at least twice the lowest.
    pub fn scattered(&self) -> bool {
        self.spread.1 > self.spread.0 && self.spread.1 >= SCATTERED * self.spread.0
    }
}

/// Two zeros are as much as each other.
fn ratio(ours: f64, reference: f64) -> f64 {
    if ours == 0.0 && reference == 0.0 {
        1.0
    } else {
        ours / reference
    }
}

/// The median; of an even number the middle of the two in the middle.
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

/// A figure with as many digits as it deserves.
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

/// A whole number with a comma at every third digit.
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
    fn a_row_has_the_medians_and_the_spread_of_the_ratios() {
        let row = Row::of("x", "ms", "y", &[(3.0, 2.0), (1.0, 2.0), (2.0, 1.0)]);
        assert!((row.ours - 2.0).abs() < 1e-9 && (row.reference - 2.0).abs() < 1e-9);
        assert!((row.ratio - 1.5).abs() < 1e-9 && (row.added - 1.0).abs() < 1e-9);
        assert_eq!((row.spread, row.rounds), ((0.5, 2.0), 3));
    }

    #[test]
    fn two_rounds_have_a_middle_too() {
        assert!((median([4.0, 1.0].into_iter()) - 2.5).abs() < 1e-9);
        assert!((median([4.0, 1.0, 9.0, 2.0].into_iter()) - 3.0).abs() < 1e-9);
        assert!(median(std::iter::empty()).is_nan());
    }

    #[test]
    fn a_goal_is_reached_or_not() {
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
    fn a_figure_has_the_digits_it_deserves() {
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
    fn a_goal_has_a_place_among_the_ratios() {
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
    fn rounds_that_do_not_agree_are_told_apart() {
        let scattered = |rounds: &[(f64, f64)]| Row::of("x", "ms", "y", rounds).scattered();
        assert!(scattered(&[(1.0, 1.0), (2.0, 1.0)]));
        assert!(!scattered(&[(1.0, 1.0), (1.9, 1.0)]));
        assert!(!scattered(&[(1.0, 1.0)]), "one round agrees with itself");
        assert!(!scattered(&[(0.0, 1.0), (0.0, 2.0)]) && scattered(&[(0.0, 1.0), (1.0, 1.0)]));
    }

    #[test]
    fn nothing_against_nothing_is_even() {
        let row = Row::of("failures", "", "before", &[(0.0, 0.0)]);
        assert!((row.ratio - 1.0).abs() < 1e-9);
    }
}
