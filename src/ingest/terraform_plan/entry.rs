//! One entry of a plan's lists: found in the window by its fields' places, copied only where it matters.

use std::io::Read;
use std::ops::Range;
use std::rc::Rc;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::ingest::json_stream::Window;
use crate::ingest::marks::{Marks, MarksByText};
use crate::ingest::secrets::Secrets;
use crate::ingest::terraform_plan::members::Text;

/// What a plan means to do with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    NoOp,
    Create,
    Read,
    Update,
    Delete,
    /// In either order, and `create` with `forget`.
    Replace,
    /// It leaves management and stays in the cloud.
    Forget,
}

/// Which object is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Level {
    /// An element of `deferred_changes`.
    Deferred,
    /// A resource's change, or a resource of a state.
    Resource,
    /// The change within.
    Change,
}

/// The fields that matter.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Field {
    Address,
    PreviousAddress,
    ModuleAddress,
    Mode,
    Type,
    Name,
    Index,
    Deposed,
    Provider,
    Actions,
    Before,
    After,
    AfterUnknown,
    BeforeSensitive,
    AfterSensitive,
}

const FIELDS: usize = Field::AfterSensitive as usize + 1;

impl Field {
    fn of(level: Level, key: &[u8]) -> Option<Self> {
        match (level, key) {
            (Level::Resource, b"address") => Some(Self::Address),
            (Level::Resource, b"previous_address") => Some(Self::PreviousAddress),
            (Level::Resource, b"module_address") => Some(Self::ModuleAddress),
            (Level::Resource, b"mode") => Some(Self::Mode),
            (Level::Resource, b"type") => Some(Self::Type),
            (Level::Resource, b"name") => Some(Self::Name),
            (Level::Resource, b"index") => Some(Self::Index),
            (Level::Resource, b"deposed" | b"deposed_key") => Some(Self::Deposed),
            (Level::Resource, b"provider_name") => Some(Self::Provider),
            // A state's resource has its values under other names.
            (Level::Resource, b"values") => Some(Self::Before),
            (Level::Resource, b"sensitive_values") => Some(Self::BeforeSensitive),
            (Level::Change, b"actions") => Some(Self::Actions),
            (Level::Change, b"before") => Some(Self::Before),
            (Level::Change, b"after") => Some(Self::After),
            (Level::Change, b"after_unknown") => Some(Self::AfterUnknown),
            (Level::Change, b"before_sensitive") => Some(Self::BeforeSensitive),
            (Level::Change, b"after_sensitive") => Some(Self::AfterSensitive),
            _ => None,
        }
    }
}

/// Where an entry's fields stand, by marks of the window; empty where absent.
#[derive(Debug, Default)]
pub(super) struct Outline([Range<usize>; FIELDS]);

impl Outline {
    /// Steps over an entry and notes its fields. Something must be kept.
    pub(super) fn read<R: Read>(
        &mut self,
        window: &mut Window<R>,
        depth: u32,
        level: Level,
    ) -> Result<()> {
        if !window.enter(b'{')? {
            return window.skip_value(depth);
        }
        let mut first = true;
        while let Some(range) = window.next_member(first)? {
            first = false;
            let quoted = window.slice(&range);
            let decoded: Vec<u8>;
            let key = if quoted.contains(&b'\\') {
                decoded = serde_json::from_slice::<String>(quoted)
                    .unwrap_or_default()
                    .into_bytes();
                &decoded
            } else {
                &quoted[1..quoted.len() - 1]
            };
            let field = Field::of(level, key);
            let within = match (level, key) {
                (Level::Deferred, b"resource_change") => Some(Level::Resource),
                (Level::Resource, b"change") => Some(Level::Change),
                _ => None,
            };
            window.peek()?;
            let start = window.mark();
            match within {
                Some(level) => self.read(window, depth + 1, level)?,
                None => window.skip_value(depth + 1)?,
            }
            if let Some(field) = field {
                self.0[field as usize] = start..window.mark();
            }
        }
        Ok(())
    }

    fn json<'w, R: Read>(&self, window: &'w Window<R>, field: Field) -> &'w [u8] {
        window.slice(&self.0[field as usize])
    }

    fn value<R: Read>(&self, window: &Window<R>, field: Field) -> Result<Value> {
        parse(self.json(window, field), || window.place())
    }

    fn text<R: Read>(&self, window: &Window<R>, field: Field) -> Result<Option<String>> {
        if let [b'"', inside @ .., b'"'] = self.json(window, field)
            && !inside.iter().any(|byte| *byte == b'\\' || *byte < b' ')
            && let Ok(text) = std::str::from_utf8(inside)
        {
            return Ok(Some(text.to_owned()));
        }
        Ok(match self.value(window, field)? {
            Value::String(text) => Some(text),
            _ => None,
        })
    }

    /// Whether it is a managed resource, not a data source. Plans before `mode` existed don't say.
    pub(super) fn is_managed<R: Read>(&self, window: &Window<R>) -> bool {
        matches!(self.json(window, Field::Mode), b"\"managed\"" | b"")
    }

    /// Whether its provider comes from OpenTofu's registry.
    pub(super) fn is_opentofu<R: Read>(&self, window: &Window<R>) -> bool {
        self.json(window, Field::Provider)
            .starts_with(b"\"registry.opentofu.org/")
    }

    /// What is to be done.
    pub(super) fn action<R: Read>(&self, window: &Window<R>) -> Result<Action> {
        let json = self.json(window, Field::Actions);
        if json == b"[\"no-op\"]" {
            return Ok(Action::NoOp);
        }
        let actions: Vec<String> = serde_json::from_slice(json).unwrap_or_default();
        let actions: Vec<_> = actions.iter().map(String::as_str).collect();
        match actions.as_slice() {
            ["no-op"] => Ok(Action::NoOp),
            ["create"] => Ok(Action::Create),
            ["read"] => Ok(Action::Read),
            ["update"] => Ok(Action::Update),
            ["delete"] => Ok(Action::Delete),
            ["forget"] => Ok(Action::Forget),
            ["delete", "create"] | ["create", "delete" | "forget"] => Ok(Action::Replace),
            _ => Err(Error::invalid(
                format!("{}.change.actions", window.place()),
                "must be one of the actions that Terraform 1.x writes, such as [\"update\"]",
            )),
        }
    }

    /// The key of a deposed object.
    pub(super) fn deposed<R: Read>(&self, window: &Window<R>) -> Result<Option<String>> {
        if self.0[Field::Deposed as usize].is_empty() {
            return Ok(None);
        }
        Ok(self
            .text(window, Field::Deposed)?
            .filter(|key| !key.is_empty()))
    }

    /// The address; Terraform 1.0.0 left it out of drift, so it is put together from its parts.
    pub(super) fn address<R: Read>(&self, window: &Window<R>) -> Result<String> {
        if let Some(address) = self
            .text(window, Field::Address)?
            .filter(|text| !text.is_empty())
        {
            return Ok(address);
        }
        let part = |field| self.text(window, field).map(Option::unwrap_or_default);
        let (module, kind, name) = (
            part(Field::ModuleAddress)?,
            part(Field::Type)?,
            part(Field::Name)?,
        );
        if kind.is_empty() || name.is_empty() {
            return Err(Error::invalid(
                format!("{}.address", window.place()),
                "is missing",
            ));
        }
        let dot = if module.is_empty() { "" } else { "." };
        let index = match self.value(window, Field::Index)? {
            Value::Null => String::new(),
            Value::String(key) => format!("[{}]", quoted(&key)),
            other => format!("[{other}]"),
        };
        Ok(format!("{module}{dot}{kind}.{name}{index}"))
    }

    /// What either side marks as sensitive.
    fn marks<R: Read>(&self, window: &Window<R>, known: &mut MarksByText) -> Result<Rc<Marks>> {
        let (before, after) = (
            self.json(window, Field::BeforeSensitive),
            self.json(window, Field::AfterSensitive),
        );
        let mut marks = |json| {
            known
                .read(json)
                .map_err(|error| broken(window.place(), &error))
        };
        let marked = marks(before)?;
        if before == after {
            return Ok(marked);
        }
        let others = marks(after)?;
        Ok(match (&*marked, &*others) {
            (Marks::Clear, _) => others,
            (_, Marks::Clear) => marked,
            (these, those) => Rc::new(these.clone().union(those.clone())),
        })
    }

    /// Remembers the strings that are marked, on both sides.
    pub(super) fn learn<R: Read>(
        &self,
        window: &Window<R>,
        known: &mut MarksByText,
        secrets: &mut Secrets,
    ) -> Result<()> {
        let marks = self.marks(window, known)?;
        if marks.is_clear() {
            return Ok(());
        }
        let (before, after) = (
            self.json(window, Field::Before),
            self.json(window, Field::After),
        );
        let mut learn = |json: &[u8]| match json {
            b"" => Ok(()),
            json => secrets
                .learn_json(json, &marks)
                .map_err(|error| broken(window.place(), &error)),
        };
        learn(before)?;
        if after != before {
            learn(after)?;
        }
        Ok(())
    }
}

/// A string as Terraform writes it in an address.
fn quoted(key: &str) -> String {
    format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
}

/// An entry that matters: its states as JSON text, which takes a fraction of the room of values.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) address: String,
    pub(super) previous_address: Option<String>,
    pub(super) deposed: Option<String>,
    pub(super) resource_type: String,
    pub(super) provider: Option<String>,
    pub(super) action: Action,
    pub(super) marks: Rc<Marks>,
    pub(super) unknown: Rc<Marks>,
    before: Box<str>,
    after: Box<str>,
    /// Where it stands in the document, for errors.
    place: String,
}

impl Entry {
    /// Copies an entry out of the window.
    pub(super) fn new<R: Read>(
        window: &Window<R>,
        outline: &Outline,
        action: Action,
        deposed: Option<String>,
        marks: &mut MarksByText,
    ) -> Result<Self> {
        let address = outline.address(window)?;
        let previous_address = (outline.text(window, Field::PreviousAddress)?)
            .filter(|previous| !previous.is_empty() && *previous != address);
        let unknown = (marks.read(outline.json(window, Field::AfterUnknown)))
            .map_err(|error| broken(window.place(), &error))?;
        let state = |field| match std::str::from_utf8(outline.json(window, field)) {
            Ok(json) => Ok(json.into()),
            Err(_) => Err(Error::invalid(
                window.place(),
                "has bytes that are no UTF-8",
            )),
        };
        Ok(Self {
            address,
            previous_address,
            deposed,
            resource_type: outline.text(window, Field::Type)?.unwrap_or_default(),
            provider: outline.text(window, Field::Provider)?,
            action,
            marks: outline.marks(window, marks)?,
            unknown,
            before: state(Field::Before)?,
            after: state(Field::After)?,
            place: window.place(),
        })
    }

    /// The address and the key of a deposed object.
    pub(super) fn name(&self) -> (&str, Option<&str>) {
        (&self.address, self.deposed.as_deref())
    }

    /// What this entry or the other marks.
    pub(super) fn marks_with(&self, other: &Self) -> Rc<Marks> {
        if self.marks == other.marks {
            return Rc::clone(&self.marks);
        }
        Rc::new(Marks::clone(&self.marks).union(Marks::clone(&other.marks)))
    }

    /// The state before.
    pub(super) fn before(&self) -> Result<Text<'_>> {
        self.state(&self.before, "before")
    }

    /// The state after.
    pub(super) fn after(&self) -> Result<Text<'_>> {
        self.state(&self.after, "after")
    }

    fn state<'a>(&'a self, json: &'a str, side: &str) -> Result<Text<'a>> {
        Text::new(json).map_err(|error| broken(format!("{}.change.{side}", self.place), &error))
    }

    /// One of its states is no JSON.
    pub(super) fn broken(&self, error: &serde_json::Error) -> Error {
        broken(format!("{}.change", self.place), error)
    }

    /// Remembers what these marks cover in both states.
    pub(super) fn learn(&self, marks: &Marks, secrets: &mut Secrets) -> Result<()> {
        for json in [&self.before, &self.after]
            .into_iter()
            .filter(|json| !json.is_empty())
        {
            secrets
                .learn_json(json.as_bytes(), marks)
                .map_err(|error| broken(self.place.clone(), &error))?;
        }
        Ok(())
    }
}

fn parse(json: &[u8], place: impl FnOnce() -> String) -> Result<Value> {
    if json.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(json).map_err(|error| broken(place(), &error))
}

/// A value the scanner let pass. What serde_json says names no values, only kinds and places.
pub(super) fn broken(place: String, error: &serde_json::Error) -> Error {
    let why = match error.classify() {
        serde_json::error::Category::Eof => "is cut off",
        _ => "is not valid JSON",
    };
    Error::invalid(
        place,
        format!(
            "{why}, {} characters into line {} of its value",
            error.column(),
            error.line()
        ),
    )
}
