//! The store with everything in memory that follows it, opened as one.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use tokio::sync::mpsc::Receiver;

use crate::actor::Actor;
use crate::backup::delivery::Said;
use crate::error::Result;
use crate::http::auth::Gate;
use crate::live::Live;
use crate::server::App;
use crate::server::chores::TokenKeys;
use crate::sessions::AccessTokens;
use crate::sessions::sign_in::Desk;
use crate::sessions::steady_clock::SteadyClock;
use crate::store::{self, Options, Store, View, secrets};
use crate::time::Timestamp;
use crate::{
    alerts, audit, backup, drifts, events, keys, metrics, retention, scans, sessions, users,
};

/// What the features' handlers read and write.
#[derive(Debug, Clone)]
pub struct Data {
    /// The store.
    pub store: Store,
    /// The drifts in memory.
    pub drifts: Arc<drifts::index::Index>,
    /// The alerts in memory.
    pub alerts: Arc<alerts::index::Index>,
    /// The scans in memory.
    pub scans: Arc<scans::index::Index>,
    /// The counts in memory.
    pub figures: Arc<metrics::Figures>,
    /// The newest events.
    pub feed: Arc<events::feed::Feed>,
    /// The secret behind the fingerprints of live values.
    pub fingerprint_secret: [u8; 32],
    /// Who may do what.
    pub gate: Arc<Gate>,
    /// Where people sign in.
    pub desk: Arc<Desk>,
    /// Where the keys of access tokens come from.
    pub token_keys: TokenKeys,
    /// How long things may be left undone before an alert says so.
    pub patience: Live<alerts::Patience>,
    /// Signs checkpoints of the audit log.
    pub audit_signer: Arc<audit::Signer>,
    /// Lets one backup be taken at a time.
    pub backups: backup::Turns,
    /// How long what is over is kept.
    pub retention: Live<retention::Policy>,
    /// The server's own parts, where this process serves.
    pub served: Arc<OnceLock<App>>,
}

/// The file with the keys of access tokens, where it is ours.
const TOKEN_KEYS: &str = "paseto.keys";

impl Data {
    /// Opens the store of a data directory.
    ///
    /// # Errors
    /// As [`Store::open`] and [`secrets::load_or_make`].
    pub fn open(options: Options) -> Result<Self> {
        Self::open_with(options, None)
    }

    /// The same, with the keys of access tokens from a file that somebody else looks after.
    ///
    /// # Errors
    /// As [`Data::open`].
    pub fn open_with(options: Options, given_keys: Option<PathBuf>) -> Result<Self> {
        let drifts = Arc::<drifts::index::Index>::default();
        let alerts = Arc::<alerts::index::Index>::default();
        let scans = Arc::<scans::index::Index>::default();
        let figures = Arc::<metrics::Figures>::default();
        let feed = Arc::<events::feed::Feed>::default();
        store::make_private_dir(&options.dir)?;
        backup::restore::finish(&options.dir)?;
        backup::folder::sweep(&options.dir);
        let fingerprint_secret = secrets::load_or_make(&options.dir, secrets::FINGERPRINT_KEY)?;
        let users = Arc::<users::index::Index>::default();
        let living = Arc::<sessions::index::Index>::default();
        let keys = Arc::<keys::index::Index>::default();
        let token_keys = match given_keys {
            Some(path) => TokenKeys::Given(path),
            None => TokenKeys::Own(options.dir.join(TOKEN_KEYS)),
        };
        let ring = token_keys.load()?;
        let audit_signer = Arc::new(audit::Signer::open(&options.dir)?);
        let views: Vec<Arc<dyn View>> = vec![
            Arc::clone(&drifts) as Arc<dyn View>,
            Arc::clone(&alerts) as Arc<dyn View>,
            Arc::clone(&scans) as Arc<dyn View>,
            Arc::clone(&figures) as Arc<dyn View>,
            Arc::clone(&feed) as Arc<dyn View>,
            Arc::clone(&users) as Arc<dyn View>,
            Arc::clone(&living) as Arc<dyn View>,
            Arc::clone(&keys) as Arc<dyn View>,
            Arc::clone(&audit_signer) as Arc<dyn View>,
        ];
        let store = Store::open(Options { views, ..options })?;
        // A token must not outlive its end because the clock was set back while nobody ran.
        // A damaged entry is for `audit verify` to tell, and keeps nobody from starting.
        let newest = store.read(audit::newest_at).unwrap_or_default();
        let clock = SteadyClock::not_before(newest.unwrap_or(Timestamp::from_unix_ms(0)));
        let tokens = Arc::new(AccessTokens::with_clock(ring, store.instance()?, clock));
        let desk = Desk::new(store.clone(), Arc::clone(&tokens), Arc::clone(&living));
        let gate = Gate {
            tokens,
            sessions: living,
            users,
            keys,
        };
        Ok(Self {
            gate: Arc::new(gate),
            desk: Arc::new(desk),
            token_keys,
            store,
            drifts,
            figures,
            feed,
            alerts,
            scans,
            fingerprint_secret,
            patience: alerts::Patience::default().into(),
            audit_signer,
            backups: backup::Turns::default(),
            retention: retention::Policy::default().into(),
            served: Arc::default(),
        })
    }

    /// Begins to take a backup of how things are now.
    ///
    /// # Errors
    /// As [`backup::delivery::begin`].
    pub fn begin_backup(&self, by: Actor, turn: backup::Turn) -> Result<Receiver<Said>> {
        backup::delivery::begin(self.store.clone(), by, turn, Timestamp::now())
    }

    /// Writes a signed checkpoint of the audit log to the program's logs: at the start and at a clean stop.
    pub fn log_checkpoint(&self, now: Timestamp) {
        let logged = self
            .store
            .read(|read| self.audit_signer.log_checkpoint(read, now));
        if let Err(error) = logged {
            tracing::error!(%error, "No audit checkpoint could be signed: run `driftsentry audit verify`");
        }
    }

    /// The size of the database's file, in bytes.
    pub fn file_bytes(&self) -> u64 {
        store::disk_bytes(self.store.file())
    }
}
