//! The types that every feature's handlers are made of, through the real server: a small feature that uses each.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should fail")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use bytes::Bytes;
use driftsentry::actor::Actor;
use driftsentry::config::{FirstAdmin, GivenPassword};
use driftsentry::http::auth::Gate;
use driftsentry::http::download::{CSV, CsvOrNdjson};
use driftsentry::http::reply::Nothing;
use driftsentry::http::{
    AnyOf, AnyText, ApiResult, Choice, CreateFailure, Created, Cursor, Days, Download, ETag,
    Engineer, FindFailure, IfMatch, Json, Line, Money, Page, PageLimit, PageNumber, PageQuery,
    ReadFailure, Reply, StreamFailure, Tag, Tagged, Text, Viewer, WriteFailure, created, etag, ok,
    tagged,
};
use driftsentry::ids::DriftId;
use driftsentry::money::Cents;
use driftsentry::server::middleware::Front;
use driftsentry::server::{App, Data, Phase, ServeOptions, first_admin, serve_loop};
use driftsentry::store::Options;
use driftsentry::time::Timestamp;
use driftsentry::{Error, Result};
use poem::{EndpointExt, IntoEndpoint};
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::{Enum, Object, OpenApi, OpenApiService};
use serde::Serialize;
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
    Green,
}

impl Choice for Colour {
    fn words() -> Vec<(&'static str, Vec<Self>)> {
        vec![
            ("red", vec![Self::Red]),
            ("green", vec![Self::Green]),
            ("any", vec![Self::Red, Self::Green]),
        ]
    }
}

#[derive(Debug, Object, Serialize)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct ThingView {
    id: DriftId,
    colour: Colour,
    cost_monthly: Option<Money>,
    seen_at: Timestamp,
    note: Option<String>,
}

#[derive(Debug, Object)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
struct NewThing {
    name: Line<1, 20>,
    reason: Text<10, 100>,
    colour: Option<Colour>,
    cost_monthly: Option<Money>,
}

struct Things;

fn thing(id: DriftId) -> ThingView {
    ThingView {
        id,
        colour: Colour::Red,
        cost_monthly: Some(Money(Cents(14_010))),
        seen_at: Timestamp::from_unix_ms(0),
        note: None,
    }
}

fn known() -> DriftId {
    "01990000-0000-7000-8000-000000000001".parse().unwrap()
}

fn found(id: DriftId) -> Result<ThingView> {
    if id == known() {
        Ok(thing(id))
    } else {
        Err(Error::NotFound("thing"))
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Drifts")]
impl Things {
    /// List things
    #[oai(path = "/things", method = "get", operation_id = "listThings")]
    #[expect(clippy::too_many_arguments, reason = "one for each query parameter")]
    async fn list(
        &self,
        _who: Viewer,
        page: Query<Option<PageNumber>>,
        limit: Query<Option<PageLimit>>,
        cursor: Query<Option<Cursor>>,
        /// Which colours.
        colour: Query<Option<AnyOf<Colour>>>,
        region: Query<Option<AnyText>>,
        days: Query<Option<Days>>,
    ) -> ApiResult<Page<ThingView>, ReadFailure> {
        let query = PageQuery::new(page.0, limit.0, cursor.0);
        let rows = AnyOf::filter(colour.0).len() + AnyText::filter(region.0).len();
        let _ = days.0.unwrap_or_default();
        let items = (0..rows).map(|_| thing(known())).collect();
        ok(Page::new(items, 40, &query, Some(Cursor::new([1, 2]))))
    }

    /// Read a thing
    #[oai(path = "/things/:id", method = "get", operation_id = "getThing")]
    async fn get(&self, _who: Viewer, id: Path<DriftId>) -> Result<Tagged<ThingView>, FindFailure> {
        tagged(found(id.0)?, ETag::of_version(3))
    }

    /// Make a thing
    #[oai(path = "/things", method = "post", operation_id = "createThing")]
    async fn make(
        &self,
        who: Engineer,
        body: Json<NewThing>,
    ) -> Result<Created<ThingView>, CreateFailure> {
        let mut view = thing(known());
        view.note = Some(format!(
            "{}: {} ({})",
            body.0.name, body.0.reason, who.email
        ));
        view.colour = body.0.colour.unwrap_or(Colour::Green);
        view.cost_monthly = body.0.cost_monthly;
        created(view, format!("/api/v1/things/{}", known()))
    }

    /// End a thing
    #[oai(path = "/things/:id", method = "delete", operation_id = "endThing")]
    async fn end(
        &self,
        _who: Engineer,
        id: Path<DriftId>,
        #[oai(name = "If-Match")] if_match: Header<Option<IfMatch>>,
    ) -> ApiResult<Nothing, WriteFailure> {
        found(id.0)?;
        etag::check(if_match.0.as_ref(), &ETag::of_version(3))?;
        ok(Nothing)
    }

    /// Export things
    #[oai(path = "/things/export", method = "get", operation_id = "exportThings")]
    async fn export(&self, _who: Viewer) -> Result<Download<CsvOrNdjson>, StreamFailure> {
        let rows = ["a,b\n", "1,2\n"].map(|row| Ok(Bytes::from(row)));
        Ok(Download::new(CSV, futures_util::stream::iter(rows)).named("things.csv"))
    }

    /// Fail
    #[oai(path = "/things/fail", method = "post", operation_id = "failThing")]
    async fn fail(&self, _who: Viewer) -> Result<Reply<Nothing>, FindFailure> {
        Err(Error::internal("page 7 is torn"))?
    }
}

struct Server {
    address: SocketAddr,
    token: String,
    _dir: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

fn start() -> Server {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (gate, token) = runtime.block_on(signed_in(dir.path()));
    let address = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (app, options) = (App::new(), ServeOptions::default());
        app.lifecycle.set(Phase::Ready);
        let endpoint = OpenApiService::new(Things, "things", "1")
            .into_endpoint()
            .data(gate);
        let front = Arc::new(Front::new::<Things>(endpoint, app.clone(), options.clone()));
        tokio::spawn(serve_loop::serve(listener, front, app, options));
        address
    });
    Server {
        address,
        token,
        _dir: dir,
        _runtime: runtime,
    }
}

/// A gate that knows one administrator, and their access token.
async fn signed_in(dir: &std::path::Path) -> (Arc<Gate>, String) {
    let options = Options {
        min_free_bytes: Some(0),
        ..Options::new(dir)
    };
    let data = Data::open(options).unwrap();
    let given = FirstAdmin {
        email: Some("root@test.example".parse().unwrap()),
        password: Some(GivenPassword(Arc::from("seven rusty anchors"))),
    };
    first_admin::ensure(&data.store, &given).await.unwrap();
    let by = Actor::local("test");
    let password = "seven rusty anchors".to_owned();
    let signed_in = data.desk.sign_in("root@test.example", password, &by).await;
    (data.gate, signed_in.unwrap().access.token)
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect(&self.body)
    }

    fn wrong_field(&self) -> String {
        assert_eq!(self.status, 400, "{}", self.body);
        let body = self.json();
        assert_eq!(body["error"]["code"], "VALIDATION_ERROR");
        let field = &body["error"]["details"]["errors"][0]["field"];
        field.as_str().unwrap().to_owned()
    }
}

impl Server {
    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            self.token,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head[9..12].parse().unwrap(),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", "")
    }

    fn post(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, "content-type: application/json\r\n", body)
    }
}

#[test]
fn a_page_is_read() {
    let answer = start().get("/api/v1/things?limit=2&page=3&colour=any&region=all");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer.body.contains("\"costMonthly\":140.10,"),
        "{}",
        answer.body
    );
    let body = answer.json();
    assert_eq!(body["success"], true);
    assert_eq!(body["data"]["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        body["data"]["items"][0]["seenAt"],
        "1970-01-01T00:00:00.000Z"
    );
    assert!(body["data"]["items"][0]["note"].is_null());
    assert_eq!(
        body["data"]["pagination"],
        json!({"total": 40, "page": 3, "pageSize": 2, "totalPages": 20, "hasMore": true, "nextCursor": "AQI"})
    );
}

#[test]
fn wrong_parameters_are_named() {
    let server = start();
    for (query, field) in [
        ("page=1.5", "page"),
        ("page=1e18", "page"),
        ("page=0", "page"),
        ("limit=101", "limit"),
        ("cursor=%21", "cursor"),
        ("colour=blue", "colour"),
        ("region=a,,b", "region"),
        ("region=a%00", "region"),
        ("days=0", "days"),
    ] {
        let answer = server.get(&format!("/api/v1/things?{query}"));
        assert_eq!(answer.wrong_field(), field, "{query}");
    }
    assert_eq!(server.get("/api/v1/things/not-an-id").wrong_field(), "id");
    assert_eq!(server.get("/api/v1/things/%ff").wrong_field(), "id");
}

#[test]
fn a_thing_is_made_from_json() {
    let server = start();
    let body = r#"{"name": " n ", "reason": "long enough\nto read", "costMonthly": 0.1}"#;
    let answer = server.post("/api/v1/things", body);
    assert_eq!(answer.status, 201, "{}", answer.body);
    let location = format!("location: /api/v1/things/{}", known());
    assert!(answer.head.contains(&location));
    assert!(
        answer.body.contains("\"costMonthly\":0.10,"),
        "{}",
        answer.body
    );
    let note = "n: long enough\nto read (root@test.example)";
    assert_eq!(answer.json()["data"]["note"], note);
}

#[test]
fn wrong_bodies_are_named() {
    let server = start();
    for (body, field) in [
        ("", "body"),
        ("{", "body"),
        ("[]", "body"),
        ("{\"name\": \"n\"}", "reason"),
        (
            "{\"name\": \"n\", \"reason\": \"long enough\", \"x\": 1}",
            "x",
        ),
        (
            "{\"name\": \"n\", \"reason\": \"long enough\", \"colour\": \"blue\"}",
            "colour",
        ),
        (
            "{\"name\": \"n\", \"reason\": \"long enough\", \"costMonthly\": \"1\"}",
            "costMonthly",
        ),
        (
            "{\"name\": \"n\", \"reason\": \"long enough\", \"costMonthly\": 0.001}",
            "costMonthly",
        ),
        (
            "{\"name\": \"a\\u0007\", \"reason\": \"long enough\"}",
            "name",
        ),
        ("{\"name\": \"n\", \"reason\": \"   short    \"}", "reason"),
    ] {
        assert_eq!(
            server.post("/api/v1/things", body).wrong_field(),
            field,
            "{body}"
        );
    }
    let answer = server.ask(
        "POST",
        "/api/v1/things",
        "content-type: text/plain\r\n",
        "x",
    );
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (415, &json!("UNSUPPORTED_MEDIA_TYPE"))
    );
    assert_eq!(server.ask("POST", "/api/v1/things", "", "x").status, 415);
}

#[test]
fn versions_are_compared() {
    let server = start();
    let path = format!("/api/v1/things/{}", known());
    let answer = server.get(&path);
    assert!(answer.head.contains("etag: \"3\""), "{}", answer.head);
    assert_eq!(
        server
            .ask("DELETE", &path, "if-match: \"3\"\r\n", "")
            .status,
        200
    );
    let stale = server.ask("DELETE", &path, "if-match: \"2\"\r\n", "");
    assert_eq!(
        (stale.status, &stale.json()["error"]["code"]),
        (412, &json!("PRECONDITION_FAILED"))
    );
    let missing = server.get("/api/v1/things/01990000-0000-7000-8000-000000000009");
    assert_eq!(
        (missing.status, &missing.json()["error"]["message"]),
        (404, &json!("There is no such thing."))
    );
}

#[test]
fn a_route_tells_its_methods_by_template() {
    let server = start();
    let path = format!("/api/v1/things/{}", known());
    let answer = server.ask("PUT", &path, "", "");
    assert_eq!(answer.status, 405);
    assert!(
        answer.head.contains("allow: delete, get, head, options"),
        "{}",
        answer.head
    );
    assert_eq!(server.ask("OPTIONS", &path, "", "").status, 204);
}

#[test]
fn a_download_streams_under_its_name() {
    let answer = start().get("/api/v1/things/export");
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .head
            .contains("content-type: text/csv; charset=utf-8")
    );
    assert!(
        answer
            .head
            .contains("content-disposition: attachment; filename=\"things.csv\"")
    );
    assert!(answer.head.contains("cache-control: no-store"));
    assert!(answer.body.contains("a,b\n") && answer.body.contains("1,2\n"));
}

#[test]
fn an_internal_failure_tells_nothing() {
    let answer = start().ask("POST", "/api/v1/things/fail", "", "");
    assert_eq!(answer.status, 500);
    assert!(!answer.body.contains("torn"), "{}", answer.body);
}

#[test]
fn the_contract_describes_them() {
    let spec = OpenApiService::new(Things, "things", "1").spec();
    let document: Value = serde_json::from_str(&spec).unwrap();
    let list = &document["paths"]["/api/v1/things"]["get"];
    let envelope =
        &list["responses"]["200"]["content"]["application/json; charset=utf-8"]["schema"];
    assert_eq!(
        envelope["properties"]["data"]["$ref"],
        "#/components/schemas/ThingPage"
    );
    let security = list["security"].as_array().unwrap();
    assert_eq!(*security, [json!({"bearer": []}), json!({"apiKey": []})]);
    let parameters = list["parameters"].as_array().unwrap();
    let colour = parameters
        .iter()
        .find(|each| each["name"] == "colour")
        .unwrap();
    assert_eq!(
        colour["schema"]["pattern"],
        "^((all|red|green|any)(,(all|red|green|any))*)?$"
    );
    let make = &document["paths"]["/api/v1/things"]["post"];
    let statuses: Vec<_> = make["responses"].as_object().unwrap().keys().collect();
    assert_eq!(
        statuses,
        [
            "201", "400", "401", "403", "404", "409", "413", "415", "429", "500", "503", "507"
        ]
    );
    assert_eq!(make["requestBody"]["required"], true);
    let new = &document["components"]["schemas"]["NewThing"];
    assert_eq!(new["properties"]["reason"]["minLength"], 10);
}
