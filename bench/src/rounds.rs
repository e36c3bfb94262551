//! Rounds: candidates are measured in turn, so that changes in the machine's load affect all of them.

use std::pin::Pin;

use crate::progress::Progress;

/// A measurement in progress.
pub type Measurement<'a, T> = Pin<Box<dyn Future<Output = anyhow::Result<T>> + Send + 'a>>;

/// A candidate: a name for the progress display, and a function that measures one round.
pub struct Candidate<'a, T> {
    name: String,
    measure: Box<dyn Fn() -> Measurement<'a, T> + Send + Sync + 'a>,
}

impl<'a, T> Candidate<'a, T> {
    /// A candidate that `measure` measures once in each round.
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

/// Measures every candidate once in each round. Returns, for each round, the figures in the order of the candidates.
/// Every second round runs in reverse, so that no candidate always follows the same one.
pub async fn alternate<T>(
    progress: &Progress,
    what: &str,
    rounds: usize,
    candidates: &[Candidate<'_, T>],
) -> anyhow::Result<Vec<Vec<T>>> {
    let mut all = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let mut order: Vec<_> = (0..candidates.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        let mut measured: Vec<Option<T>> = candidates.iter().map(|_| None).collect();
        for index in order {
            let candidate = &candidates[index];
            progress.step(&format!(
                "{what} · round {} of {rounds} · {}",
                round + 1,
                candidate.name
            ));
            measured[index] = Some((candidate.measure)().await?);
        }
        all.push(measured.into_iter().flatten().collect());
    }
    Ok(all)
}

/// For each round, the host's figure and the reference's.
pub fn pairs<T>(rounds: &[Vec<T>], ours: usize, reference: usize, figure: impl Fn(&T) -> f64) -> Vec<(f64, f64)> {
    let pair = |round: &Vec<T>| (figure(&round[ours]), figure(&round[reference]));
    rounds.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn alternate_rounds_run_in_reverse() {
        let order = Mutex::new(vec![]);
        let candidate = |name: &'static str| {
            let order = &order;
            Candidate::new(name, move || async move {
                order
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .push(name);
                Ok(name)
            })
        };
        let candidates = [candidate("a"), candidate("b")];
        let rounds = alternate(&Progress::new(), "test", 2, &candidates).await.ok();
        assert_eq!(rounds, Some(vec![vec!["a", "b"]; 2]));
        drop(candidates);
        assert_eq!(order.into_inner().ok(), Some(vec!["a", "b", "b", "a"]));
    }
}
