//! The text format that Prometheus had before OpenMetrics, version 0.0.4: for tools that know no other.

use std::fmt::Write;

/// Its content type.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The same metrics in the older text. Samples are written alike in both; what is said of a metric is not: here it names
/// the samples themselves, so that a counter ends in `_total`, and units and the end go unsaid.
pub(crate) fn from_open_metrics(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // The help stands before the type, which tells how both are named.
    let mut help = None;
    for line in text.lines() {
        // Writing to memory can't fail.
        let _ = if let Some(said) = line.strip_prefix("# HELP ") {
            help = Some(said);
            Ok(())
        } else if let Some((name, kind)) = line
            .strip_prefix("# TYPE ")
            .and_then(|said| said.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                kind => ("", kind),
            };
            let words = help.take().and_then(|help| help.strip_prefix(name));
            let words = words.unwrap_or_default();
            writeln!(
                out,
                "# HELP {name}{suffix}{words}\n# TYPE {name}{suffix} {kind}"
            )
        } else if line.starts_with('#') {
            Ok(())
        } else {
            writeln!(out, "{line}")
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_named_as_its_samples_are() {
        let text = "\
# HELP a_b A thing.
# TYPE a_b counter
a_b_total{x=\"# TYPE\"} 1
# HELP t_seconds Time.
# TYPE t_seconds histogram
# UNIT t_seconds seconds
t_seconds_bucket{le=\"+Inf\"} 1
# HELP build The program.
# TYPE build info
build_info{version=\"1\"} 1
# EOF
";
        let classic = "\
# HELP a_b_total A thing.
# TYPE a_b_total counter
a_b_total{x=\"# TYPE\"} 1
# HELP t_seconds Time.
# TYPE t_seconds histogram
t_seconds_bucket{le=\"+Inf\"} 1
# HELP build_info The program.
# TYPE build_info gauge
build_info{version=\"1\"} 1
";
        assert_eq!(from_open_metrics(text), classic);
    }
}
