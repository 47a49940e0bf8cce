//! Figures that are looked up at each scrape, in few words.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

static SECONDS: Unit = Unit::Seconds;
static BYTES: Unit = Unit::Bytes;

/// A label's name and value.
pub type Label<'a> = (&'static str, &'a str);

/// What a metric is called, what it counts in, and what it means.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its name, without prefix, unit and `_total`.
    pub name: &'static str,
    /// Its unit; none for a number of things.
    pub unit: Option<&'static Unit>,
    /// What it means: a sentence without its full stop.
    pub help: &'static str,
}

/// A metric that counts things.
pub fn about(name: &'static str, help: &'static str) -> About {
    About {
        name,
        unit: None,
        help,
    }
}

/// A metric in seconds.
pub fn seconds(name: &'static str, help: &'static str) -> About {
    About {
        name,
        unit: Some(&SECONDS),
        help,
    }
}

/// A metric in bytes.
pub fn bytes(name: &'static str, help: &'static str) -> About {
    About {
        name,
        unit: Some(&BYTES),
        help,
    }
}

/// What a scrape is told.
#[derive(Debug)]
pub struct Figures<'a>(DescriptorEncoder<'a>);

impl Figures<'_> {
    /// A value that goes up and down.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn gauge(
        &mut self,
        about: About,
        value: impl EncodeGaugeValue + Copy + fmt::Debug + 'static,
    ) -> fmt::Result {
        self.metric(about, &ConstGauge::new(value))
    }

    /// One that only grows.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn counter(&mut self, about: About, value: u64) -> fmt::Result {
        self.metric(about, &ConstCounter::new(value))
    }

    /// One that only grows, in parts.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn fractional_counter(&mut self, about: About, value: f64) -> fmt::Result {
        self.metric(about, &ConstCounter::new(value))
    }

    /// A value that goes up and down, for each set of labels.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn gauges<'l, const N: usize, V: EncodeGaugeValue + Copy + fmt::Debug + 'static>(
        &mut self,
        about: About,
        each: impl IntoIterator<Item = ([Label<'l>; N], V)>,
    ) -> fmt::Result {
        let each = each.into_iter();
        self.family(
            about,
            each.map(|(labels, value)| (labels, ConstGauge::new(value))),
        )
    }

    /// One that only grows, for each set of labels.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn counters<'l, const N: usize>(
        &mut self,
        about: About,
        each: impl IntoIterator<Item = ([Label<'l>; N], u64)>,
    ) -> fmt::Result {
        let each = each.into_iter();
        self.family(
            about,
            each.map(|(labels, value)| (labels, ConstCounter::new(value))),
        )
    }

    fn metric(&mut self, about: About, metric: &impl EncodeMetric) -> fmt::Result {
        let help = sentence(about);
        let kind = metric.metric_type();
        let descriptor = self
            .0
            .encode_descriptor(about.name, &help, about.unit, kind)?;
        metric.encode(descriptor)
    }

    fn family<'l, const N: usize>(
        &mut self,
        about: About,
        each: impl Iterator<Item = ([Label<'l>; N], impl EncodeMetric)>,
    ) -> fmt::Result {
        let mut each = each.peekable();
        let Some((_, first)) = each.peek() else {
            return Ok(());
        };
        let (help, kind) = (sentence(about), first.metric_type());
        let mut family = self
            .0
            .encode_descriptor(about.name, &help, about.unit, kind)?;
        for (labels, metric) in each {
            metric.encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// As the registry writes what is registered with it.
fn sentence(about: About) -> String {
    format!("{}.", about.help)
}

/// Asks this at each scrape.
pub fn register(
    registry: &mut Registry,
    name: &'static str,
    tell: impl Fn(&mut Figures<'_>) -> fmt::Result + Send + Sync + 'static,
) {
    registry.register_collector(Box::new(Asked { name, tell }));
}

/// Somebody who is asked at each scrape.
struct Asked<F> {
    name: &'static str,
    tell: F,
}

impl<F> fmt::Debug for Asked<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<F: Fn(&mut Figures<'_>) -> fmt::Result + Send + Sync + 'static> Collector for Asked<F> {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        (self.tell)(&mut Figures(encoder))
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text;

    use super::*;

    #[test]
    fn figures_are_written_as_openmetrics() {
        let mut registry = Registry::with_prefix("x");
        register(&mut registry, "test", |figures| {
            figures.gauge(seconds("age", "How old it is"), 1.5)?;
            figures.counter(about("things", "Things so far"), 7)?;
            let each = [([("a", "1"), ("b", "q\"")], 3_i64)];
            figures.gauges(bytes("size", "How large it is"), each)?;
            figures.counters::<1>(about("nothing", "Never"), [])
        });
        let mut said = String::new();
        text::encode(&mut said, &registry).unwrap();
        let expected = "\
# HELP x_age_seconds How old it is.
# TYPE x_age_seconds gauge
# UNIT x_age_seconds seconds
x_age_seconds 1.5
# HELP x_things Things so far.
# TYPE x_things counter
x_things_total 7
# HELP x_size_bytes How large it is.
# TYPE x_size_bytes gauge
# UNIT x_size_bytes bytes
x_size_bytes{a=\"1\",b=\"q\\\"\"} 3
# EOF
";
        assert_eq!(said, expected);
    }
}
