//! A log line as one flat JSON object: when, level, message, module, what the event says, and the correlation id of the
//! request that it belongs to.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use crate::time::Timestamp;

/// Writes events as JSON lines. Fields of the spans around an event stand beside its own, which win.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JsonLine;

impl<S> FormatEvent<S, JsonFields> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let meta = event.metadata();
        write!(
            writer,
            "{{\"timestamp\":\"{}\",\"level\":\"{}\",\"message\":{},\"target\":\"{}\"{}",
            Timestamp::now(),
            meta.level(),
            if fields.message.is_empty() {
                "\"\""
            } else {
                &fields.message
            },
            meta.target(),
            fields.rest
        )?;
        for span in context.event_scope().into_iter().flatten() {
            let extensions = span.extensions();
            let Some(of_span) = extensions.get::<FormattedFields<JsonFields>>() else {
                continue;
            };
            // `{"correlation_id":"…"}`; a name that the event has itself is not repeated.
            let inner = of_span.fields.trim_start_matches('{').trim_end_matches('}');
            let name = inner.split(':').next().unwrap_or_default();
            if !inner.is_empty() && !fields.rest.contains(&format!(",{name}:")) {
                write!(writer, ",{inner}")?;
            }
        }
        writeln!(writer, "}}")
    }
}

/// An event's fields as JSON text.
#[derive(Default)]
struct Fields {
    message: String,
    /// Each with a comma before it.
    rest: String,
}

impl Fields {
    fn add(&mut self, field: &Field, json: &str) {
        if field.name() == "message" {
            json.clone_into(&mut self.message);
        } else {
            // Writing into a string can't fail.
            let _ = write!(self.rest, ",\"{}\":{json}", field.name());
        }
    }

    fn add_text(&mut self, field: &Field, text: &str) {
        let json = serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned());
        self.add(field, &json);
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.add(field, &value.to_string());
        } else {
            self.add(field, "null");
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, &value.to_string());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, &value.to_string());
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.add(field, &value.to_string());
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.add(field, &value.to_string());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, if value { "true" } else { "false" });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add_text(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Kept {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_line_is_one_flat_object_with_the_requests_correlation_id() {
        let kept = Kept::default();
        let layer = tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(JsonLine)
            .with_writer(kept.clone());
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let text = "a \"quoted\"\nline";
            tracing::error_span!("request", correlation_id = "c-1").in_scope(|| {
                tracing::info!(text, n = 3, share = 0.5, none = None::<u64>, "Done {}", 1);
                tracing::warn!(correlation_id = "c-2", cause = %"why", "Its own wins");
            });
            tracing::info!(nan = f64::NAN);
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect();
        assert_eq!(lines.len(), 3);
        let [first, second, third] = [&lines[0], &lines[1], &lines[2]];
        assert_eq!(first["message"], "Done 1");
        assert_eq!(first["text"], "a \"quoted\"\nline");
        assert_eq!((&first["n"], &first["share"]), (&3.into(), &0.5.into()));
        assert_eq!(first["correlation_id"], "c-1");
        assert_eq!(first["level"], "INFO");
        assert_eq!(first["target"], module_path!());
        assert!(
            first["timestamp"]
                .as_str()
                .unwrap()
                .parse::<Timestamp>()
                .is_ok()
        );
        assert!(first.get("none").is_none());
        assert_eq!(second["correlation_id"], "c-2");
        assert_eq!(second["cause"], "why");
        assert_eq!(
            (&third["message"], &third["nan"]),
            (&"".into(), &Value::Null)
        );
    }
}
