//! The contract's section on workspaces.

pub mod views;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use poem_openapi::param::{Path, Query};
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Object, OpenApi};

use self::views::WorkspaceView;
use super::{Details, Every, Place, Record};
use crate::drifts::decide;
use crate::error::{Error, Result};
use crate::http::page::{Start, wrong_cursor};
use crate::http::reply::Nothing;
use crate::http::text::text_type;
use crate::http::words::word_type;
use crate::http::{
    Admin, ApiResult, CreateFailure, Created, Cursor, IngestWithin, Json, Line, Page, PageLimit,
    PageNumber, PageQuery, ReadFailure, Tag, Text, WriteFailure, created, ok,
};
use crate::ids::WorkspaceId;
use crate::store::Store;
use crate::time::Timestamp;
use crate::workspaces;

/// The most labels of one workspace.
const MAX_LABELS: usize = 32;

/// What becomes of a deleted workspace's drifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settle {
    Acknowledged,
}

word_type!(Settle, "Settle", ["acknowledged" => Settle::Acknowledged]);

/// A name that is yet to be checked: the rule's own sentence says more than a pattern.
#[derive(Debug, Clone)]
struct AskedName(String);

/// An interval that is yet to be checked.
#[derive(Debug, Clone)]
struct AskedEvery(String);

impl FromStr for AskedName {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for AskedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AskedEvery {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for AskedEvery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_type!(AskedName, "WorkspaceName", |schema| {
    schema.max_length = Some(128);
    schema.pattern = Some("^[a-z0-9]([a-z0-9._/-]*[a-z0-9])?$".to_owned());
    schema.example = Some("shop/prod".into());
});
text_type!(AskedEvery, "Interval", |schema| {
    schema.pattern = Some("^[0-9]{1,4}[mhdw]$".to_owned());
    schema.example = Some("6h".into());
});
text_type!(Every, "Interval", |schema| {
    schema.pattern = Some("^[1-9][0-9]{0,3}[mhdw]$".to_owned());
    schema.example = Some("6h".into());
});

/// Workspaces over HTTP.
#[derive(Debug)]
pub struct Api {
    /// The store.
    pub store: Store,
}

/// A workspace to make.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
struct NewWorkspace {
    /// 1 to 128 of `a-z 0-9 . _ - /`, starting and ending with a letter or digit. It can't be changed later.
    name: AskedName,
    /// Such as `production`.
    environment: Option<Line<1, 64>>,
    /// Up to 32 free words by name: names of 1 to 63 characters, words of up to 255.
    labels: Option<BTreeMap<String, String>>,
    /// How often it should be scanned: a whole number and `m`, `h`, `d` or `w`.
    expected_every: Option<AskedEvery>,
    /// What it is.
    description: Option<Text<1, 1000>>,
}

/// What to change of a workspace: what is left out stays as it is, and null takes it away.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
struct WorkspaceChange {
    /// Such as `production`.
    environment: MaybeUndefined<Line<1, 64>>,
    /// All labels at once: up to 32, names of 1 to 63 characters, words of up to 255.
    labels: MaybeUndefined<BTreeMap<String, String>>,
    /// How often it should be scanned: a whole number and `m`, `h`, `d` or `w`.
    expected_every: MaybeUndefined<AskedEvery>,
    /// What it is.
    description: MaybeUndefined<Text<1, 1000>>,
}

impl NewWorkspace {
    fn details(&self) -> Result<Details> {
        WorkspaceChange {
            environment: MaybeUndefined::from_opt_undefined(self.environment.clone()),
            labels: MaybeUndefined::from_opt_undefined(self.labels.clone()),
            expected_every: MaybeUndefined::from_opt_undefined(self.expected_every.clone()),
            description: MaybeUndefined::from_opt_undefined(self.description.clone()),
        }
        .details()
    }
}

impl WorkspaceChange {
    fn details(self) -> Result<Details> {
        let every = |asked: AskedEvery| {
            let every = asked.0.parse::<Every>();
            every.map_err(|wrong| Error::invalid("expectedEvery", wrong))
        };
        Ok(Details {
            environment: said(self.environment).map(|said| said.map(String::from)),
            labels: said(self.labels)
                .map(|said| checked_labels(said.unwrap_or_default()))
                .transpose()?,
            expected_every: said(self.expected_every)
                .map(|said| said.map(every).transpose())
                .transpose()?,
            description: said(self.description).map(|said| said.map(String::from)),
        })
    }
}

/// What is said of a field: nothing, that it goes, or its value.
fn said<T>(field: MaybeUndefined<T>) -> Option<Option<T>> {
    match field {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

fn checked_labels(labels: BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    if labels.len() > MAX_LABELS {
        let message = format!("must have at most {MAX_LABELS} labels");
        return Err(Error::invalid("labels", message));
    }
    let check = |(name, word): (String, String)| {
        let field = |wrong: String| Error::invalid("labels", format!("{name:.63}: {wrong}"));
        let checked = name
            .parse::<Line<1, 63>>()
            .map_err(|wrong| Error::invalid("labels", format!("a label's name {wrong}")))?;
        let word = word.parse::<Line<0, 255>>().map_err(field)?;
        Ok((checked.into_string(), word.into_string()))
    };
    labels.into_iter().map(check).collect()
}

impl Api {
    /// A workspace as it is shown now.
    fn shown(&self, workspace: Record) -> Result<WorkspaceView> {
        let read = self.store.snapshot()?;
        WorkspaceView::read(&*read, workspace, Timestamp::now())
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Workspaces")]
impl Api {
    /// List workspaces by name
    #[oai(path = "/workspaces", method = "get", operation_id = "listWorkspaces")]
    async fn list_workspaces(
        &self,
        who: IngestWithin,
        /// A literal part of the name.
        name: Query<Option<Line<0, 128>>>,
        /// Which page, from 1.
        page: Query<Option<PageNumber>>,
        /// How many on a page, 20 where it isn't said.
        limit: Query<Option<PageLimit>>,
        /// The `nextCursor` of the page before, instead of `page`: stays stable while workspaces are made.
        cursor: Query<Option<Cursor>>,
    ) -> ApiResult<Page<WorkspaceView>, ReadFailure> {
        let query = PageQuery::new(page.0, limit.0, cursor.0);
        let place = match &query.start {
            Start::Page(_) => Place::Skip(query.offset()),
            Start::After(cursor) => std::str::from_utf8(cursor.bytes())
                .map(|name| Place::After(name.to_owned()))
                .map_err(|_| wrong_cursor())?,
        };
        let part = name.0.map(|part| part.to_lowercase());
        let passes = |name: &str| {
            who.reach().holds(name) && part.as_deref().is_none_or(|part| name.contains(part))
        };
        let (read, now) = (self.store.snapshot()?, Timestamp::now());
        let (mut found, total) = workspaces::page(&*read, &passes, &place, query.reach())?;
        let next = query.cut(&mut found, |last| Cursor::new(last.name.as_bytes()));
        let items = found
            .into_iter()
            .map(|workspace| WorkspaceView::read(&*read, workspace, now));
        ok(Page::new(
            items.collect::<Result<_>>()?,
            total,
            &query,
            next,
        ))
    }

    /// Read a workspace
    #[oai(
        path = "/workspaces/:id",
        method = "get",
        operation_id = "getWorkspace"
    )]
    async fn get_workspace(
        &self,
        who: IngestWithin,
        id: Path<WorkspaceId>,
    ) -> ApiResult<WorkspaceView> {
        let read = self.store.snapshot()?;
        let workspace = workspaces::by_id(&*read, id.0)?;
        who.reach().find(&workspace.name, "workspace")?;
        ok(WorkspaceView::read(&*read, workspace, Timestamp::now())?)
    }

    /// Make a workspace
    ///
    /// A first scan makes its workspace too: this is for saying more of it than its name.
    #[oai(
        path = "/workspaces",
        method = "post",
        operation_id = "createWorkspace"
    )]
    async fn create_workspace(
        &self,
        who: Admin,
        body: Json<NewWorkspace>,
    ) -> Result<Created<WorkspaceView>, CreateFailure> {
        let (details, name) = (body.0.details()?, body.0.name.0);
        let by = who.into_actor();
        let workspace = self
            .store
            .write(move |read, now| workspaces::create(read, &name, &details, &by, now))
            .await?;
        let location = format!("/api/v1/workspaces/{}", workspace.id);
        created(self.shown(workspace)?, location)
    }

    /// Change what is said of a workspace
    ///
    /// What is left out stays as it is; null takes it away.
    #[oai(
        path = "/workspaces/:id",
        method = "patch",
        operation_id = "updateWorkspace"
    )]
    async fn update_workspace(
        &self,
        who: Admin,
        id: Path<WorkspaceId>,
        body: Json<WorkspaceChange>,
    ) -> ApiResult<WorkspaceView, WriteFailure> {
        let (id, details, by) = (id.0, body.0.details()?, who.into_actor());
        let workspace = self
            .store
            .write(move |read, now| workspaces::update(read, id, &details, &by, now))
            .await?;
        ok(self.shown(workspace)?)
    }

    /// Delete a workspace
    ///
    /// Its drifts and scans stay as history. One with unresolved drifts is a conflict, unless they are to be resolved as
    /// acknowledged.
    #[oai(
        path = "/workspaces/:id",
        method = "delete",
        operation_id = "deleteWorkspace"
    )]
    async fn delete_workspace(
        &self,
        who: Admin,
        id: Path<WorkspaceId>,
        /// `acknowledged` resolves its unresolved drifts so.
        resolve: Query<Option<Settle>>,
    ) -> ApiResult<Nothing, WriteFailure> {
        let (id, resolve, by) = (id.0, resolve.0.is_some(), who.into_actor());
        self.store
            .write(move |read, now| decide::close_workspace(read, id, resolve, &by, now))
            .await?;
        ok(Nothing)
    }
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::ParseFromJSON;
    use serde_json::json;

    use super::*;

    fn change(body: serde_json::Value) -> Result<Details> {
        let parsed = WorkspaceChange::parse_from_json(Some(body));
        parsed
            .map_err(|_| Error::conflict("unread"))
            .and_then(WorkspaceChange::details)
    }

    #[test]
    fn what_is_left_out_stays_and_null_takes_away() {
        assert_eq!(change(json!({})).unwrap(), Details::default());
        let cleared = change(json!({
            "environment": null, "labels": null, "expectedEvery": null, "description": null
        }));
        assert_eq!(
            cleared.unwrap(),
            Details {
                environment: Some(None),
                labels: Some(BTreeMap::new()),
                expected_every: Some(None),
                description: Some(None),
            }
        );
        let set = change(json!({"environment": "production", "expectedEvery": "6h"})).unwrap();
        assert_eq!(set.environment, Some(Some("production".to_owned())));
        assert_eq!(set.expected_every, Some(Some("6h".parse().unwrap())));
        assert_eq!(set.description, None);
    }

    #[test]
    fn a_wrong_field_is_named() {
        let many: BTreeMap<_, _> = (0..33).map(|n| (n.to_string(), "x")).collect();
        for (body, field) in [
            (json!({"expectedEvery": "soon"}), "expectedEvery"),
            (json!({"labels": many}), "labels"),
            (json!({"labels": {"": "x"}}), "labels"),
            (json!({"labels": {"x".repeat(64): "x"}}), "labels"),
            (json!({"labels": {"a": "x".repeat(256)}}), "labels"),
            (json!({"labels": {"a": "\u{7}"}}), "labels"),
        ] {
            match change(body.clone()) {
                Err(Error::Invalid(fields)) => assert_eq!(fields[0].field, field, "{body}"),
                other => panic!("{body}: {other:?}"),
            }
        }
        assert!(change(json!({"name": "another"})).is_err());
    }
}
