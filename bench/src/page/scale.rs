//! The scale of a plot of ratios. It always contains 1, and is logarithmic if the ratios are far apart.

/// The quotient of the highest and the lowest ratio from which the scale is logarithmic: on a linear scale, a tenth and
/// a half would overlap.
const FAR_APART: f64 = 8.0;
/// The free space at each end, as a share of the whole.
const MARGIN: f64 = 0.07;

/// A scale of ratios.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    low: f64,
    high: f64,
    /// Whether equal steps are equal factors.
    pub logarithmic: bool,
}

/// A line of the scale with its label.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// The ratio.
    pub ratio: f64,
    /// The ratio with no more digits than necessary.
    pub label: String,
}

impl Scale {
    /// A scale with a position for all of these ratios except zero and those that are not finite.
    pub fn of(ratios: impl Iterator<Item = f64>) -> Self {
        let shown = ratios.filter(|ratio| ratio.is_finite() && *ratio > 0.0);
        let (least, most) = shown.fold((1.0_f64, 1.0_f64), |(least, most), ratio| {
            (least.min(ratio), most.max(ratio))
        });
        if most / least >= FAR_APART {
            let margin = (most / least).powf(MARGIN);
            return Self {
                low: least / margin,
                high: most * margin,
                logarithmic: true,
            };
        }
        let margin = ((most - least) * MARGIN).max(0.1);
        Self {
            low: (least - margin).max(0.0),
            high: most + margin,
            logarithmic: false,
        }
    }

    /// The position of a ratio, from 0 at the left to 100 at the right. A ratio beyond an end has the position of that
    /// end.
    pub fn percent(&self, ratio: f64) -> f64 {
        let part = if self.logarithmic {
            (ratio.max(f64::MIN_POSITIVE) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (ratio - self.low) / (self.high - self.low)
        };
        part.clamp(0.0, 1.0) * 100.0
    }

    /// Whether a ratio is within the scale.
    pub fn holds(&self, ratio: f64) -> bool {
        (self.low..=self.high).contains(&ratio)
    }

    /// Its lines, from left to right.
    pub fn ticks(&self) -> Vec<Tick> {
        if self.logarithmic { self.factors() } else { self.steps() }
    }

    /// Powers of ten, and multiples of them if there are few.
    fn factors(&self) -> Vec<Tick> {
        let decades = (self.high / self.low).log10();
        let multiples: &[f64] = match decades {
            few if few <= 1.3 => &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
            some if some <= 2.5 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        #[expect(clippy::cast_possible_truncation, reason = "a number of decades")]
        let (first, last, every) = (
            self.low.log10().floor() as i32,
            self.high.log10().ceil() as i32,
            (decades / 7.0).ceil().max(1.0) as i32,
        );
        let powers = (first..=last).filter(|power| power % every == 0);
        let ticks = powers.flat_map(|power| {
            multiples.iter().map(move |multiple| {
                let ratio = multiple * 10_f64.powi(power);
                let digits = usize::try_from(-power).unwrap_or(0) + usize::from(multiple.fract() > 0.0);
                Tick {
                    ratio,
                    label: format!("{ratio:.digits$}"),
                }
            })
        });
        ticks.filter(|tick| self.holds(tick.ratio)).collect()
    }

    /// About six round numbers, at most 1 apart, so that 1 is one of them.
    fn steps(&self) -> Vec<Tick> {
        let wide = (self.high - self.low) / 6.0;
        let (step, digits) = [(0.05, 2), (0.1, 1), (0.2, 1), (0.5, 1)]
            .into_iter()
            .find(|(step, _)| *step >= wide * 0.8)
            .unwrap_or((1.0, 0));
        let numbers = (0..).map(|number| f64::from(number) * step);
        numbers
            .take_while(|ratio| *ratio <= self.high)
            .filter(|ratio| self.holds(*ratio))
            .map(|ratio| Tick {
                ratio,
                label: format!("{ratio:.digits$}"),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ratios: &[f64]) -> Vec<String> {
        let scale = Scale::of(ratios.iter().copied());
        scale.ticks().into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn distant_ratios_use_a_log_scale() {
        assert_eq!(labels(&[0.7, 1.5]), ["0.6", "0.8", "1.0", "1.2", "1.4", "1.6"]);
        assert_eq!(labels(&[0.4, 4.0]), ["0.5", "0.7", "1", "1.5", "2", "3"]);
        assert_eq!(labels(&[0.05, 3.0]), ["0.05", "0.1", "0.2", "0.5", "1", "2"]);
        assert_eq!(labels(&[0.001, 40.0]), ["0.001", "0.01", "0.1", "1", "10"]);
    }

    #[test]
    fn every_scale_has_a_tick_at_one() {
        for ratios in [
            vec![],
            vec![7.9],
            vec![0.14],
            vec![1e6],
            vec![1e-9],
            vec![1.0],
            vec![0.0, f64::NAN],
        ] {
            let scale = Scale::of(ratios.iter().copied());
            let ones = scale.ticks().into_iter().filter(|tick| (tick.ratio - 1.0).abs() < 1e-9);
            assert_eq!(ones.count(), 1, "{ratios:?}: {:?}", scale.ticks());
            assert!(
                (2..=12).contains(&scale.ticks().len()),
                "{ratios:?}: {:?}",
                scale.ticks()
            );
        }
    }

    #[test]
    fn positions_are_ordered_and_clamped() {
        for (far, ratios) in [(true, [0.01, 10.0]), (false, [0.5, 1.5])] {
            let scale = Scale::of(ratios.into_iter());
            assert_eq!(scale.logarithmic, far);
            let places = [0.0, ratios[0], 1.0, ratios[1], f64::INFINITY].map(|ratio| scale.percent(ratio));
            assert!(places.is_sorted(), "{places:?}");
            assert!((places[0], places[4]) == (0.0, 100.0), "{places:?}");
            assert!(!scale.holds(f64::INFINITY) && scale.holds(1.0) && !scale.holds(f64::NAN));
        }
    }
}
