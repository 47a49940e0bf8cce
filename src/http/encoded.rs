//! Views that are written out once, and answered with many times.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::error::{Error, Result};

/// A view as JSON, shared among the answers that have it. The contract knows it as the view itself.
pub struct Encoded<V> {
    json: Arc<RawValue>,
    view: PhantomData<fn() -> V>,
}

impl<V: Serialize> Encoded<V> {
    /// A view, written out.
    ///
    /// # Errors
    /// `Internal`, where it can't be.
    pub fn new(view: &V) -> Result<Self> {
        let json = to_raw_value(view).map_err(Error::internal)?;
        Ok(Self {
            json: json.into(),
            view: PhantomData,
        })
    }
}

impl<V> Encoded<V> {
    /// How long it is, in bytes.
    pub fn bytes(&self) -> usize {
        self.json.get().len()
    }
}

impl<V> Clone for Encoded<V> {
    fn clone(&self) -> Self {
        Self {
            json: Arc::clone(&self.json),
            view: PhantomData,
        }
    }
}

impl<V> std::fmt::Debug for Encoded<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.json.get())
    }
}

impl<V> Serialize for Encoded<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl<V: Type> Type for Encoded<V> {
    const IS_REQUIRED: bool = V::IS_REQUIRED;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        V::name()
    }

    fn schema_ref() -> MetaSchemaRef {
        V::schema_ref()
    }

    fn register(registry: &mut Registry) {
        V::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}
