//! The page that Prometheus scrapes, in the format that it asks for.

use std::fmt::Write as _;

use jiff::Timestamp;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::{LabelWord, Metrics, TenantLabels};
use jackfield_domain::delivery::breaker::{BreakerState, TenantBreaker};
use jackfield_store::{SharedStore, StoreError};

/// A format of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageFormat {
    /// `OpenMetrics` 1.0.
    OpenMetrics,
    /// Prometheus's own text format, for everybody who does not ask for the other one: people, and `promtool`.
    Text,
}

impl PageFormat {
    /// The format that the values of a request's `Accept` headers prefer.
    pub fn accepted_by<'a>(accept: impl Iterator<Item = &'a str>) -> Self {
        let (mut open, mut plain) = (0.0, 0.0);
        for range in accept.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            // A quality that is no number is no wish for this format.
            let quality: f32 = quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0));
            let best = match name.as_str() {
                "application/openmetrics-text" => &mut open,
                "text/plain" | "text/*" | "*/*" => &mut plain,
                _ => continue,
            };
            *best = quality.max(*best);
        }
        if open > 0.0 && open >= plain {
            Self::OpenMetrics
        } else {
            Self::Text
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// The same page in Prometheus's text format, where a counter is named as its samples are, and units and the end have
/// no lines.
fn as_text_format(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    let mut help = None;
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            let suffix = if kind == "counter" { "_total" } else { "" };
            // Writing to a String cannot fail.
            if let Some((_, help)) = help.take().filter(|(of, _)| *of == name) {
                let _ = writeln!(text, "# HELP {name}{suffix} {help}");
            }
            let _ = writeln!(text, "# TYPE {name}{suffix} {kind}");
        } else if !line.starts_with('#') {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The state of this host's tenants, read at each scrape.
#[derive(Debug)]
pub struct TenantGauges {
    /// Their breakers.
    pub breakers: Vec<TenantBreaker>,
    /// How many are served.
    pub serving: usize,
    /// How many are not, because their active release does not load.
    pub not_serving: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: LabelWord,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QueueLabels {
    tenant: String,
    state: LabelWord,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TransitionLabels {
    tenant: String,
    to: LabelWord,
}

impl Metrics {
    /// Renders the metrics as Prometheus reads them. The state of the queue is read from the store at each scrape, and
    /// `tenants` is their state as it is now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn scrape(
        &self,
        store: &SharedStore,
        tenants: &TenantGauges,
        format: PageFormat,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let mut registry = Registry::with_prefix("jackfield");
        register_breakers(&mut registry, &tenants.breakers);
        register_tenants(&mut registry, tenants);
        let depth = Family::<QueueLabels, Gauge>::default();
        registry.register("queue_depth", "Deliveries that are not finished", depth.clone());
        let oldest = Family::<QueueLabels, Gauge>::default();
        let help = "Age of the oldest delivery that is not finished";
        registry.register_with_unit("queue_oldest_age", help, Unit::Seconds, oldest.clone());
        for waiting in store.queue_depth().await? {
            let labels = QueueLabels {
                tenant: waiting.tenant.to_string(),
                state: LabelWord(waiting.state.word()),
            };
            depth
                .get_or_create(&labels)
                .set(i64::try_from(waiting.count).unwrap_or(i64::MAX));
            oldest
                .get_or_create(&labels)
                .set(now.duration_since(waiting.oldest).as_secs().max(0));
        }
        let states = Family::<StateLabels, Gauge>::default();
        registry.register("deliveries", "Deliveries by state", states.clone());
        for (state, count) in store.states().await? {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            states
                .get_or_create(&StateLabels {
                    state: LabelWord(state.word()),
                })
                .set(count);
        }
        let mut page = String::new();
        // Writing to a String cannot fail; if a label could not be written, the page would be short, but not wrong.
        let _ = text::encode_registry(&mut page, &self.0.registry);
        let _ = text::encode_registry(&mut page, &registry);
        let _ = text::encode_eof(&mut page);
        Ok(match format {
            PageFormat::OpenMetrics => page,
            PageFormat::Text => as_text_format(&page),
        })
    }
}

/// Registers how many tenants this host serves, and how many it cannot serve.
fn register_tenants(registry: &mut Registry, counts: &TenantGauges) {
    let tenants = Family::<StateLabels, Gauge>::default();
    let help = "Tenants by whether this host serves them, not-serving if their active release does not load";
    registry.register("tenants", help, tenants.clone());
    for (state, count) in [("serving", counts.serving), ("not-serving", counts.not_serving)] {
        let labels = StateLabels {
            state: LabelWord(state),
        };
        tenants
            .get_or_create(&labels)
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}

/// Registers the states of the breakers: 0 closed, 1 half-open or ramping, 2 open.
fn register_breakers(registry: &mut Registry, breakers: &[TenantBreaker]) {
    let state = Family::<TenantLabels, Gauge>::default();
    let help = "The CRM's breaker: 0 closed, 1 half-open or ramping, 2 open";
    registry.register("breaker_state", help, state.clone());
    let transitions = Family::<TransitionLabels, Counter>::default();
    let help = "How often the CRM's breaker went to a state";
    registry.register("breaker_transitions", help, transitions.clone());
    for breaker in breakers {
        let tenant = breaker.tenant.to_string();
        let value = match breaker.status.state {
            BreakerState::Closed => 0,
            BreakerState::HalfOpen | BreakerState::Ramping => 1,
            BreakerState::Open => 2,
        };
        state.get_or_create(&TenantLabels { tenant: tenant.clone() }).set(value);
        for (to, count) in BreakerState::ALL.into_iter().zip(breaker.entered) {
            let labels = TransitionLabels {
                tenant: tenant.clone(),
                to: LabelWord(to.word()),
            };
            transitions.get_or_create(&labels).inc_by(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_chooses_the_format() {
        let chosen = |accept: &[&str]| PageFormat::accepted_by(accept.iter().copied());
        let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
            application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for open in [
            &["application/openmetrics-text"][..],
            &[prometheus],
            &["Application/OpenMetrics-Text, */*"],
        ] {
            assert_eq!(chosen(open), PageFormat::OpenMetrics, "{open:?}");
        }
        for text in [
            &[][..],
            &["*/*"],
            &["text/plain"],
            &["application/json"],
            &["application/openmetrics-text;q=0"],
            &["application/openmetrics-text; q=0.1", "text/plain; q=0.9"],
        ] {
            assert_eq!(chosen(text), PageFormat::Text, "{text:?}");
        }
    }

    #[test]
    fn counters_are_named_as_their_samples() {
        let page = "# HELP a Help with a word.\n# TYPE a counter\na_total{b=\"c\"} 1\n\
            # HELP d_seconds Time.\n# TYPE d_seconds gauge\n# UNIT d_seconds seconds\nd_seconds 2\n# EOF\n";
        insta::assert_snapshot!(as_text_format(page), @r#"
        # HELP a_total Help with a word.
        # TYPE a_total counter
        a_total{b="c"} 1
        # HELP d_seconds Time.
        # TYPE d_seconds gauge
        d_seconds 2
        "#);
    }
}
