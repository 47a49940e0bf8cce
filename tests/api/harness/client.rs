//! Somebody who speaks HTTP to the server.

use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Request;

use super::{Answer, fixture};

/// A reason long enough to be one.
pub(crate) const REASON: &str = "agreed with the team in the stand-up";

/// One person or machine, with its own connections.
#[derive(Clone)]
pub(crate) struct Client {
    agent: Agent,
    url: String,
    /// An access token or an API key.
    credential: Option<String>,
}

impl Client {
    pub(crate) fn new(url: &str) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(120)))
            .build()
            .new_agent();
        Self {
            agent,
            url: url.to_owned(),
            credential: None,
        }
    }

    /// The same with an access token or an API key.
    pub(crate) fn with_credential(&self, credential: &str) -> Self {
        Self {
            credential: Some(credential.to_owned()),
            ..self.clone()
        }
    }

    /// Signs in: the whole answer's `data`.
    #[track_caller]
    pub(crate) fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.post(
            "/auth/login",
            &json!({"email": email, "password": password}),
        )
    }

    /// Signs in for the access token.
    #[track_caller]
    pub(crate) fn access_token(&self, email: &str, password: &str) -> String {
        self.sign_in(email, password)
            .expect(200)
            .text("/data/accessToken")
    }

    /// Any request, by its path from the server's root.
    #[track_caller]
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        self.try_send(method, path, headers, body)
            .unwrap_or_else(|error| panic!("{method} {path}: no answer: {error}"))
    }

    /// The same, where the server may die midway.
    pub(crate) fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Answer, ureq::Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let says_who = |(name, _): &(&str, &str)| {
            name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("x-api-key")
        };
        if let Some(credential) = &self.credential
            && !headers.iter().any(says_who)
        {
            request = request.header("authorization", format!("Bearer {credential}"));
        }
        let response = match body {
            Some(body) => self.agent.run(request.body(body)?)?,
            None => self.agent.run(request.body(())?)?,
        };
        let (head, mut body) = response.into_parts();
        Ok(Answer {
            request: format!("{method} {path}"),
            status: head.status.as_u16(),
            headers: head
                .headers
                .iter()
                .map(|(name, value)| {
                    (
                        name.to_string(),
                        String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    )
                })
                .collect(),
            body: body.with_config().limit(1 << 30).read_to_vec()?,
        })
    }

    /// `GET` below `/api/v1`.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", &format!("/api/v1{path}"), &[], None)
    }

    /// `GET` from the root: `/health`, `/openapi.json`.
    #[track_caller]
    pub(crate) fn get_root(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    /// `POST` of JSON below `/api/v1`.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, &[], body)
    }

    /// `POST` of JSON with further headers.
    #[track_caller]
    pub(crate) fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.send(
            "POST",
            &format!("/api/v1{path}"),
            &all,
            Some(body.to_string().as_bytes()),
        )
    }

    /// `POST` with no body.
    #[track_caller]
    pub(crate) fn post_empty(&self, path: &str) -> Answer {
        self.send("POST", &format!("/api/v1{path}"), &[], Some(b""))
    }

    #[track_caller]
    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send(
            "PUT",
            &format!("/api/v1{path}"),
            &headers,
            Some(body.to_string().as_bytes()),
        )
    }

    #[track_caller]
    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send(
            "PATCH",
            &format!("/api/v1{path}"),
            &headers,
            Some(body.to_string().as_bytes()),
        )
    }

    #[track_caller]
    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", &format!("/api/v1{path}"), &[], None)
    }

    /// Pushes a fixture as it is, `.gz` ones with their encoding.
    #[track_caller]
    pub(crate) fn push(&self, workspace: &str, name: &str) -> Answer {
        self.push_bytes(workspace, &fixture(name), &[])
    }

    /// Pushes a body, with further headers.
    #[track_caller]
    pub(crate) fn push_bytes(
        &self,
        workspace: &str,
        body: &[u8],
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        let path = format!("/api/v1/scans?workspace={}", encode(workspace));
        self.send("POST", &path, &all, Some(body))
    }

    /// All drifts that a query matches, page by page. Such as `workspace=shop/prod&status=open`.
    #[track_caller]
    pub(crate) fn drifts(&self, query: &str) -> Vec<Value> {
        self.all("/drifts", query)
    }

    /// All items of a list, page by page by its cursor.
    #[track_caller]
    pub(crate) fn all(&self, path: &str, query: &str) -> Vec<Value> {
        let first = format!("{path}?limit=100&{query}");
        let mut page = self.get(&first).expect(200);
        let total = page.number("/data/pagination/total");
        let mut items = page.items();
        while let Value::String(cursor) = page.at("/data/pagination/nextCursor") {
            page = self
                .get(&format!("{first}&cursor={}", encode(&cursor)))
                .expect(200);
            assert!(
                !page.items().is_empty(),
                "{first}: a cursor led to an empty page"
            );
            items.extend(page.items());
        }
        assert_eq!(
            i64::try_from(items.len()),
            Ok(total),
            "{first}: total against all pages"
        );
        items
    }

    /// One drift, whole.
    #[track_caller]
    pub(crate) fn drift(&self, id: &str) -> Value {
        self.get(&format!("/drifts/{id}")).expect(200).data()
    }

    /// The only drift at an address with this status.
    #[track_caller]
    pub(crate) fn drift_at(&self, workspace: &str, address: &str, status: &str) -> Value {
        let found: Vec<Value> = self
            .drifts(&format!("workspace={}&status={status}", encode(workspace)))
            .into_iter()
            .filter(|drift| drift["resourceAddress"] == address)
            .collect();
        assert_eq!(
            found.len(),
            1,
            "{status} drifts of {address} in {workspace}: {found:?}"
        );
        found.into_iter().next().expect("one")
    }

    /// Makes sure of a workspace, where one may: a first drift or scan makes it too.
    #[track_caller]
    pub(crate) fn workspace(&self, name: &str) {
        self.post("/workspaces", &json!({ "name": name }))
            .expect_any(&[201, 403, 409]);
    }

    /// A drift made by hand; `with` replaces its fields.
    #[track_caller]
    pub(crate) fn create(&self, resource_id: &str, with: Value) -> Answer {
        let mut body = json!({
            "workspace": "by-hand",
            "resourceId": resource_id,
            "resourceType": "aws_instance",
            "resourceAddress": format!("aws_instance.{resource_id}"),
            "region": "eu-west-1",
            "expectedState": {"instance_type": "t3.micro"},
            "actualState": {"instance_type": "m5.4xlarge"},
        });
        if let Value::Object(fields) = with {
            for (name, value) in fields {
                body[name] = value;
            }
        }
        self.workspace(body["workspace"].as_str().unwrap_or("by-hand"));
        self.post("/drifts", &body)
    }

    /// The id of a new drift made by hand.
    #[track_caller]
    pub(crate) fn new_drift(&self, resource_id: &str) -> String {
        self.create(resource_id, Value::Null)
            .expect(201)
            .text("/data/id")
    }

    #[track_caller]
    pub(crate) fn triage(&self, id: &str) -> Answer {
        self.post(&format!("/drifts/{id}/triage"), &json!({}))
    }

    #[track_caller]
    pub(crate) fn approve(&self, id: &str, reason: &str) -> Answer {
        self.post(
            &format!("/drifts/{id}/approve"),
            &json!({ "reason": reason }),
        )
    }

    #[track_caller]
    pub(crate) fn reject(&self, id: &str, reason: &str) -> Answer {
        self.post(
            &format!("/drifts/{id}/reject"),
            &json!({ "reason": reason }),
        )
    }

    #[track_caller]
    pub(crate) fn resolve(&self, id: &str, how: &str) -> Answer {
        self.post(
            &format!("/drifts/{id}/resolve"),
            &json!({ "resolvedHow": how }),
        )
    }

    /// Any of the four decisions, by its name, with what it needs.
    #[track_caller]
    pub(crate) fn decide(&self, id: &str, action: &str) -> Answer {
        match action {
            "triage" => self.triage(id),
            "approve" => self.approve(id, REASON),
            "reject" => self.reject(id, REASON),
            "resolve" => self.resolve(id, "manual-fix"),
            other => panic!("no decision {other}"),
        }
    }

    #[track_caller]
    pub(crate) fn comment(&self, id: &str, body: &str) -> Answer {
        self.post(&format!("/drifts/{id}/comments"), &json!({ "body": body }))
    }
}

/// Percent-encodes all but the unreserved characters.
pub(crate) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
