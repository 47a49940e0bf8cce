//! The contract's stream of events.

use std::sync::Arc;

use futures_util::StreamExt;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Query};

use super::Topic;
use super::audience::{Audience, Holds};
use super::feed::{Feed, Frame};
use super::stream::{Listening, Sent, Wants};
use crate::events::Name;
use crate::http::auth::Gate;
use crate::http::download::EventStream;
use crate::http::lists::Choice;
use crate::http::params::EventNumber;
use crate::http::words::{choices, word_type};
use crate::http::{AnyOf, Download, ReadFailure, Tag, ViewerWithin};
use crate::store::Store;
use crate::telemetry::lifecycle::{Lifecycle, Phase};

word_type!(Topic, "Topic", [
    "drifts" => Topic::Drifts, "alerts" => Topic::Alerts, "scans" => Topic::Scans,
]);

impl Choice for Topic {
    fn words() -> Vec<(&'static str, Vec<Self>)> {
        choices()
    }
}

/// Events over HTTP.
pub struct Api {
    /// The store.
    pub store: Store,
    /// The newest events.
    pub feed: Arc<Feed>,
    /// Who listens.
    pub audience: Arc<Audience>,
    /// Counts what goes out.
    pub sent: Arc<Sent>,
    /// Who may listen.
    pub gate: Arc<Gate>,
    /// When it ends.
    pub lifecycle: Lifecycle,
}

impl Api {
    /// Which events somebody hears: of the topics they asked for, within their reach, and of alerts only critical ones
    /// where they chose so.
    fn wants(&self, who: &ViewerWithin, topics: Vec<Topic>) -> Wants {
        let (reach, user, gate) = (who.reach().clone(), who.id, Arc::clone(&self.gate));
        Box::new(move |frame: &Frame| {
            let is_asked_for = topics.is_empty() || topics.contains(&frame.name.topic());
            is_asked_for
                && reach.holds(&frame.workspace)
                && (frame.name != Name::AlertCreated
                    || frame.is_critical == Some(true)
                    || !gate.wants_critical_only(user))
        })
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Events")]
impl Api {
    /// Follow what changes, as it becomes durable
    ///
    /// Server-sent events: `drift:created`, `drift:updated`, `drift:triaged`, `drift:approved`, `drift:rejected`,
    /// `drift:resolved`, `alert:created`, `alert:read` and `scan:finished`, each with a number as its `id` and one JSON
    /// object as its `data`, without any state value. Numbers grow without gaps; a stream of some topics skips the others.
    ///
    /// `Last-Event-ID`, or `after`, goes on after that number, across restarts too. Where events after it are no longer kept
    /// (100,000, or 7 days), the first event is `reset`: read again what you show. A comment every 15 seconds keeps proxies
    /// from closing a silent stream. The stream ends with `expired` at the end of the access token, and without a word when
    /// the session or key is revoked.
    #[oai(path = "/events", method = "get", operation_id = "followEvents")]
    async fn follow(
        &self,
        who: ViewerWithin,
        /// Any of these: `drifts`, `alerts`, `scans`; all of them where it isn't said.
        topics: Query<Option<AnyOf<Topic>>>,
        /// Go on after this event; `Last-Event-ID` wins.
        after: Query<Option<EventNumber>>,
        /// Go on after this event: sent by browsers' event sources by themselves.
        #[oai(name = "Last-Event-ID")]
        last_event_id: Header<Option<EventNumber>>,
    ) -> Result<Download<EventStream>, ReadFailure> {
        let client = who.ip_address.as_deref().and_then(|ip| ip.parse().ok());
        let (gate, user, credential) = (Arc::clone(&self.gate), who.id, who.credential());
        let holds: Holds = Box::new(move |now| gate.holds(user, credential, now));
        let seat = self.audience.admit(who.email.clone(), client, holds)?;
        let lifecycle = self.lifecycle.clone();
        let listening = Listening {
            feed: Arc::clone(&self.feed),
            store: self.store.clone(),
            after: last_event_id.0.or(after.0).map(EventNumber::get),
            wants: self.wants(&who, AnyOf::filter(topics.0)),
            expires: who.ends_in().map(|left| tokio::time::Instant::now() + left),
            seat,
            closing: Box::pin(async move { lifecycle.reached(Phase::Closing).await }),
            sent: Arc::clone(&self.sent),
        };
        let stream = listening.start()?;
        Ok(Download::new("text/event-stream", stream.map(Ok)))
    }
}
