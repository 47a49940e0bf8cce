//! The contract's calls on API keys.

use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::index::Index;
use super::{New, Record, Scope, Secret};
use crate::error::{Error, Result};
use crate::http::page::{Start, wrong_cursor};
use crate::http::reply::Nothing;
use crate::http::words::word_type;
use crate::http::{
    Admin, ApiResult, CreateFailure, Created, Cursor, Json, Line, Page, PageLimit, PageNumber,
    PageQuery, ReadFailure, Tag, WriteFailure, created, ok,
};
use crate::ids::KeyId;
use crate::store::Store;
use crate::time::Timestamp;
use crate::{keys, workspaces};

word_type!(Scope, "KeyScope", [
    "ingest" => Scope::Ingest, "read" => Scope::Read, "engineer" => Scope::Engineer,
]);

/// The most workspaces that one key is limited to.
const MOST_WORKSPACES: usize = 100;

/// API keys over HTTP.
#[derive(Debug)]
pub struct Api {
    /// The store.
    pub store: Store,
    /// The keys in memory.
    pub index: Arc<Index>,
}

/// A machine's credential, without its secret.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "ApiKey", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct KeyView {
    /// Its id.
    id: KeyId,
    /// What it is for.
    name: String,
    /// What the key begins with.
    prefix: String,
    /// What it may do: `ingest` pushes scans and reads the workspaces it pushes to, `read` reads, `engineer` also decides.
    scope: Scope,
    /// The workspaces it is limited to, by name; empty for all.
    workspaces: Vec<String>,
    /// When it ends; null for never.
    expires_at: Option<Timestamp>,
    /// When it was last used; null before the first time.
    last_used_at: Option<Timestamp>,
    /// Who made it.
    created_by: String,
    /// When it was made.
    created_at: Timestamp,
}

impl KeyView {
    fn new(key: Record, index: &Index) -> Self {
        Self {
            last_used_at: key.last_used_at.max(index.last_use(&key.prefix)),
            id: key.id,
            name: key.name,
            prefix: format!("{}{}", Secret::MARK, key.prefix),
            scope: key.scope,
            workspaces: key.workspaces,
            expires_at: key.expires_at,
            created_by: key.created_by_email,
            created_at: key.created_at,
        }
    }
}

/// A key that was just made.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "NewApiKey", rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
struct NewKeyView {
    /// What will be known of it later.
    #[oai(flatten)]
    #[serde(flatten)]
    key_view: KeyView,
    /// The key itself, shown this once.
    key: String,
}

/// A key to make.
#[derive(Debug, Object)]
#[oai(rename_all = "camelCase", deny_unknown_fields)]
struct NewKey {
    /// What it is for, unique.
    name: Line<1, 100>,
    /// What it may do.
    scope: Scope,
    /// The workspaces it is limited to, by name, up to 100; they need not exist yet. All, where none is named.
    workspaces: Option<Vec<Line<1, 128>>>,
    /// When it ends; never, where it isn't said.
    expires_at: Option<Timestamp>,
}

impl NewKey {
    fn checked(self) -> Result<New> {
        let mut names: Vec<String> = Vec::new();
        for name in self.workspaces.unwrap_or_default() {
            workspaces::check_name("workspaces", &name)?;
            if !names.iter().any(|known| **known == *name) {
                names.push(name.into_string());
            }
        }
        if names.len() > MOST_WORKSPACES {
            let message = format!("must name at most {MOST_WORKSPACES}");
            return Err(Error::invalid("workspaces", message));
        }
        Ok(New {
            name: self.name.into_string(),
            scope: self.scope,
            workspaces: names,
            expires_at: self.expires_at,
        })
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::ApiKeys")]
impl Api {
    /// List API keys, the newest first
    #[oai(path = "/api-keys", method = "get", operation_id = "listApiKeys")]
    async fn list_keys(
        &self,
        _who: Admin,
        /// Which page, from 1.
        page: Query<Option<PageNumber>>,
        /// How many on a page, 20 where it isn't said.
        limit: Query<Option<PageLimit>>,
        /// The `nextCursor` of the page before, instead of `page`: stays stable while keys are made.
        cursor: Query<Option<Cursor>>,
    ) -> ApiResult<Page<KeyView>, ReadFailure> {
        let query = PageQuery::new(page.0, limit.0, cursor.0);
        let all = self.store.read(keys::all)?;
        let total = all.len() as u64;
        let skip = match &query.start {
            Start::Page(_) => usize::try_from(query.offset()).unwrap_or(usize::MAX),
            Start::After(cursor) => {
                let after = uuid::Uuid::from_slice(cursor.bytes()).map_err(|_| wrong_cursor())?;
                all.partition_point(|key| key.id.0 >= after)
            }
        };
        let mut found: Vec<Record> = all.into_iter().skip(skip).take(query.reach()).collect();
        let next = query.cut(&mut found, |key| Cursor::new(key.id.0.into_bytes()));
        let items = found
            .into_iter()
            .map(|key| KeyView::new(key, &self.index))
            .collect();
        ok(Page::new(items, total, &query, next))
    }

    /// Make an API key
    ///
    /// The key is answered this once: only a hash of it is kept.
    #[oai(path = "/api-keys", method = "post", operation_id = "createApiKey")]
    async fn create_key(
        &self,
        who: Admin,
        body: Json<NewKey>,
    ) -> Result<Created<NewKeyView>, CreateFailure> {
        let new = body.0.checked()?;
        let secret = Secret::mint()?;
        let (made, by) = (secret.clone(), who.into_actor());
        let key = self
            .store
            .write(move |read, now| keys::create(read, new.clone(), &made, &by, now))
            .await?;
        let view = NewKeyView {
            key_view: KeyView::new(key, &self.index),
            key: secret.text().to_owned(),
        };
        created(view, None)
    }

    /// Revoke an API key
    ///
    /// It is refused from the next request on.
    #[oai(
        path = "/api-keys/:id",
        method = "delete",
        operation_id = "revokeApiKey"
    )]
    async fn revoke_key(&self, who: Admin, id: Path<KeyId>) -> ApiResult<Nothing, WriteFailure> {
        let (id, by) = (id.0, who.into_actor());
        self.store
            .write(move |read, now| keys::revoke(read, id, &by, now))
            .await?;
        ok(Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::agreement::agreed;

    #[test]
    fn views_have_the_contracts_fields_and_nothing_of_the_hash() {
        let now = Timestamp::from_unix_ms(0);
        let secret = Secret::mint().unwrap();
        let record = Record {
            id: KeyId::new(now),
            name: "ci".to_owned(),
            prefix: secret.prefix().to_owned(),
            hash: secret.hash(),
            scope: Scope::Ingest,
            workspaces: vec!["shop/prod".to_owned()],
            expires_at: None,
            last_used_at: None,
            created_by: crate::ids::UserId::new(now),
            created_by_email: "ana@example.com".to_owned(),
            created_at: now,
        };
        let index = Index::default();
        let view = agreed(&KeyView::new(record.clone(), &index));
        assert!(view.get("hash").is_none() && view["lastUsedAt"].is_null());
        let made = agreed(&NewKeyView {
            key_view: KeyView::new(record, &index),
            key: secret.text().to_owned(),
        });
        assert!(
            made["key"]
                .as_str()
                .unwrap()
                .starts_with(made["prefix"].as_str().unwrap())
        );
    }
}
