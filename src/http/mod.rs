//! What every feature's `api.rs` shares: who asks, how parameters are read, how answers and failures look.
//!
//! Only this layer knows status codes. It knows no feature and no store.

#[cfg(test)]
pub(crate) mod agreement;
pub mod auth;
mod blocking;
pub mod client_address;
pub mod context;
pub mod cookies;
pub mod download;
pub mod encoded;
pub mod etag;
pub mod failure;
pub mod framework;
pub mod ids;
pub mod json;
pub mod lists;
pub(crate) mod origin;
pub mod page;
pub mod params;
pub mod problem;
pub mod raw;
pub mod reach;
pub mod reply;
mod schema;
pub mod tags;
pub mod text;
pub mod words;

pub use auth::{
    Admin, AdminOrLocal, Engineer, EngineerWithin, IngestWithin, Person, Viewer, ViewerWithin,
    Visitor,
};
pub(crate) use blocking::blocking;
pub use download::Download;
pub use encoded::Encoded;
pub use etag::{ETag, IfMatch};
pub use failure::{
    BackupFailure, CreateFailure, FindFailure, ReadFailure, SignInFailure, StreamFailure,
    UploadFailure, WriteFailure,
};
pub use json::Json;
pub use lists::{AnyOf, AnyText, Choice};
pub use page::{Cursor, Page, PageLimit, PageNumber, PageQuery};
pub use params::{Days, Money};
pub use raw::{JsonObject, Nullable, RawJson};
pub use reach::Reach;
pub use reply::{Created, Reply, Tagged, created, ok, tagged};
pub use tags::Tag;
pub use text::{Line, Text, Verbatim};

/// What a handler answers: a [`Reply`], or one of the failures that its operation documents.
pub type ApiResult<T, F = FindFailure> = std::result::Result<Reply<T>, F>;
