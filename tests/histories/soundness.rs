//! After any history a check finds nothing wrong.

use driftsentry::check;
use driftsentry::store::FILE_NAME;
use proptest::prelude::*;

use crate::world::{World, deeds};

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_store_is_sound_after_any_history(deeds in deeds()) {
        let mut world = World::new(Vec::new());
        for deed in &deeds {
            world.act(deed);
            let report = check::snapshot(&world.store.snapshot().unwrap()).unwrap();
            prop_assert!(report.sound, "after {deed:?}:\n{report}");
        }
        world.store.close();
        let report = check::file(&world.dir.path().join(FILE_NAME)).unwrap();
        prop_assert!(report.sound, "after closing:\n{report}");
        prop_assert!(report.checks.iter().all(|check| check.problems.is_empty()));
    }
}
