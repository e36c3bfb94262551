//! Rounds: contestants measured in turn, so that what the machine does meanwhile meets all of them.

use std::pin::Pin;

use crate::progress::Progress;

/// A measurement that runs.
pub type Measuring<'a, T> = Pin<Box<dyn Future<Output = anyhow::Result<T>> + Send + 'a>>;

/// Somebody who is measured: a name for the progress display, and how one round of it is measured.
pub struct Contestant<'a, T> {
    name: String,
    measure: Box<dyn Fn() -> Measuring<'a, T> + Send + Sync + 'a>,
}

impl<'a, T> Contestant<'a, T> {
    /// Measured by `measure`, once a round.
    pub fn new<F>(name: impl Into<String>, measure: impl Fn() -> F + Send + Sync + 'a) -> Self
    where
        F: Future<Output = anyhow::Result<T>> + Send + 'a,
    {
        Self {
            name: name.into(),
            measure: Box::new(move || Box::pin(measure())),
        }
    }
}

/// Measures every contestant once a round and returns, for each round, their figures in the order in which they are
/// named. Every other round goes backwards, so that none always comes after the same one.
pub async fn alternate<T>(
    progress: &Progress,
    what: &str,
    rounds: usize,
    contestants: &[Contestant<'_, T>],
) -> anyhow::Result<Vec<Vec<T>>> {
    let mut all = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let mut order: Vec<_> = (0..contestants.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        let mut measured: Vec<Option<T>> = contestants.iter().map(|_| None).collect();
        for index in order {
            let contestant = &contestants[index];
            progress.step(&format!(
                "{what} · round {} of {rounds} · {}",
                round + 1,
                contestant.name
            ));
            measured[index] = Some((contestant.measure)().await?);
        }
        all.push(measured.into_iter().flatten().collect());
    }
    Ok(all)
}

/// Of every round, a figure of ours and of a reference's.
pub fn pairs<T>(rounds: &[Vec<T>], ours: usize, reference: usize, figure: impl Fn(&T) -> f64) -> Vec<(f64, f64)> {
    let pair = |round: &Vec<T>| (figure(&round[ours]), figure(&round[reference]));
    rounds.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn every_other_round_goes_backwards_and_figures_keep_their_places() {
        let order = Mutex::new(vec![]);
        let contestant = |name: &'static str| {
            let order = &order;
            Contestant::new(name, move || async move {
                order
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .push(name);
                Ok(name)
            })
        };
        let contestants = [contestant("a"), contestant("b")];
        let rounds = alternate(&Progress::new(), "test", 2, &contestants).await.ok();
        assert_eq!(rounds, Some(vec![vec!["a", "b"]; 2]));
        drop(contestants);
        assert_eq!(order.into_inner().ok(), Some(vec!["a", "b", "b", "a"]));
    }
}
