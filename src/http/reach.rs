//! Which workspaces somebody's credential reaches: all of them, or those that an API key is limited to.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::http::AnyText;

/// The workspaces within reach.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reach {
    /// All of them.
    #[default]
    All,
    /// These, by name.
    Only(Arc<[String]>),
}

impl Reach {
    /// The reach of a key that names these workspaces, or none for all.
    pub fn of_key(workspaces: &Arc<[String]>) -> Self {
        if workspaces.is_empty() {
            Self::All
        } else {
            Self::Only(Arc::clone(workspaces))
        }
    }

    /// Whether a workspace is within reach.
    pub fn holds(&self, workspace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|name| name == workspace),
        }
    }

    /// Something of a workspace: where that is out of reach, it is as if there were none.
    ///
    /// # Errors
    /// `NotFound`, of this kind.
    pub fn find(&self, workspace: &str, kind: &'static str) -> Result<()> {
        if self.holds(workspace) {
            Ok(())
        } else {
            Err(Error::NotFound(kind))
        }
    }

    /// A workspace that was named to do something in it.
    ///
    /// # Errors
    /// `Forbidden`, with the workspaces within reach.
    pub fn enter(&self, workspace: &str) -> Result<()> {
        match self {
            Self::Only(names) if !self.holds(workspace) => Err(Error::Forbidden(format!(
                "This API key is limited to the workspaces {}, and {workspace} is none of them.",
                names.join(", ")
            ))),
            _ => Ok(()),
        }
    }

    /// A filter by workspaces, narrowed to those within reach.
    pub fn narrow(&self, asked: Option<AnyText>) -> Option<AnyText> {
        match self {
            Self::All => asked,
            Self::Only(names) => Some(AnyText::within(asked, names)),
        }
    }

    /// What spans all workspaces.
    ///
    /// # Errors
    /// `Forbidden`, where only some are within reach.
    pub fn whole(&self) -> Result<()> {
        match self {
            Self::All => Ok(()),
            Self::Only(names) => Err(Error::Forbidden(format!(
                "This API key is limited to the workspaces {}, and this call spans all of them: use a key without that limit.",
                names.join(", ")
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited() -> Reach {
        Reach::of_key(&Arc::from(["a".to_owned(), "b/c".to_owned()]))
    }

    #[test]
    fn a_key_without_workspaces_reaches_all() {
        let all = Reach::of_key(&Arc::from([]));
        assert_eq!(all, Reach::All);
        assert!(all.holds("x") && all.whole().is_ok() && all.narrow(None).is_none());
    }

    #[test]
    fn what_is_out_of_reach_is_not_there() {
        let limited = limited();
        assert!(limited.find("a", "drift").is_ok());
        assert!(matches!(
            limited.find("c", "drift"),
            Err(Error::NotFound("drift"))
        ));
        assert!(matches!(limited.enter("c"), Err(Error::Forbidden(_))));
        assert!(matches!(limited.whole(), Err(Error::Forbidden(_))));
    }

    #[test]
    fn a_filter_is_narrowed_and_never_widened() {
        let narrowed = |asked: Option<&str>| {
            let asked = asked.map(|asked| asked.parse().unwrap());
            AnyText::filter(limited().narrow(asked))
        };
        assert_eq!(narrowed(None), ["a", "b/c"]);
        assert_eq!(narrowed(Some("all")), ["a", "b/c"]);
        assert_eq!(narrowed(Some("b/c,x")), ["b/c"]);
        // Nothing in common must not become "no filter".
        let nothing = narrowed(Some("x"));
        assert!(!nothing.is_empty() && !nothing.contains(&"x".to_owned()));
    }
}
