//! Streams over a store of the tests' own.

use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use serde_json::json;

use super::audience::{Audience, Limits};
use super::feed::Feed;
use super::stream::{Listening, Sent};
use super::{KEPT_MS, Name, Topic, emit, newest, oldest, prune};
use crate::store::{Options, Store, View, Writes};
use crate::time::Timestamp;

struct World {
    dir: tempfile::TempDir,
    store: Store,
    feed: Arc<Feed>,
    audience: Arc<Audience>,
}

impl World {
    fn new() -> Self {
        Self::over(tempfile::tempdir().unwrap())
    }

    fn over(dir: tempfile::TempDir) -> Self {
        let feed = Arc::<Feed>::default();
        let store = Store::open(Options {
            min_free_bytes: Some(0),
            views: vec![Arc::clone(&feed) as Arc<dyn View>],
            ..Options::new(dir.path())
        })
        .unwrap();
        Self {
            dir,
            store,
            feed,
            audience: Arc::new(Audience::new(Limits::default())),
        }
    }

    async fn emit(&self, name: Name, times: u64) {
        self.store
            .write(move |_, now| {
                let mut writes = Writes::new();
                for n in 0..times {
                    let data = json!({"workspace": "shop/prod", "n": n});
                    emit(&mut writes, name, &data, now);
                }
                Ok(((), writes))
            })
            .await
            .unwrap();
    }

    fn listen(&self, after: Option<u64>, topic: Option<Topic>) -> impl Stream<Item = String> {
        let seat = self
            .audience
            .admit("ana".to_owned(), None, Box::new(|_| true))
            .unwrap();
        let listening = Listening {
            feed: Arc::clone(&self.feed),
            store: self.store.clone(),
            after,
            wants: Box::new(move |frame| topic.is_none_or(|topic| frame.name.topic() == topic)),
            expires: None,
            seat,
            closing: Box::pin(std::future::pending()),
            sent: Arc::new(Sent::default()),
        };
        let stream = listening.start().unwrap();
        Box::pin(stream.map(|piece| String::from_utf8(piece.to_vec()).unwrap()))
    }
}

/// The numbers of the events in the next pieces, up to this one.
async fn numbers(stream: &mut (impl Stream<Item = String> + Unpin), last: u64) -> Vec<u64> {
    let mut all = Vec::new();
    while all.last() != Some(&last) {
        let piece = stream.next().await.expect("the stream goes on");
        for event in piece.split("\n\n").filter(|event| event.contains("data: ")) {
            let id = event.lines().find_map(|line| line.strip_prefix("id: "));
            all.push(id.unwrap().parse().unwrap());
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_begins_now_or_after_a_number() {
    let world = World::new();
    world.emit(Name::DriftCreated, 3).await;
    let mut live = world.listen(None, None);
    assert_eq!(live.next().await.unwrap(), "retry: 2000\nid: 3\n\n");
    let mut resumed = world.listen(Some(1), None);
    world.emit(Name::ScanFinished, 2).await;
    assert_eq!(numbers(&mut live, 5).await, [4, 5]);
    assert_eq!(numbers(&mut resumed, 5).await, [2, 3, 4, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_topics_are_passed_over() {
    let world = World::new();
    let mut drifts = world.listen(Some(0), Some(Topic::Drifts));
    for name in [
        Name::AlertCreated,
        Name::DriftCreated,
        Name::ScanFinished,
        Name::DriftResolved,
    ] {
        world.emit(name, 1).await;
    }
    assert_eq!(numbers(&mut drifts, 4).await, [2, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_memory_no_longer_holds_comes_from_the_store() {
    let world = World::new();
    for _ in 0..50 {
        world.emit(Name::DriftUpdated, 100).await;
    }
    let mut behind = world.listen(Some(10), None);
    let all = numbers(&mut behind, 5_000).await;
    assert_eq!(all, (11..=5_000).collect::<Vec<u64>>());
    // And after a restart.
    drop(behind);
    world.store.close();
    let world = World::over(world.dir);
    let mut behind = world.listen(Some(4_990), None);
    world.emit(Name::DriftUpdated, 1).await;
    let all = numbers(&mut behind, 5_001).await;
    assert_eq!(all, (4_991..=5_001).collect::<Vec<u64>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_not_kept_or_never_was_resets() {
    let world = World::new();
    world.emit(Name::DriftUpdated, 10).await;
    let later = Timestamp::now().plus_ms(KEPT_MS + 60_000);
    let pruned = world.store.write(move |read, _| prune(read, 4, later));
    assert_eq!(pruned.await.unwrap(), 4);
    world
        .store
        .read(|read| {
            assert_eq!((oldest(read)?, newest(read)?), (5, 10));
            Ok(())
        })
        .unwrap();
    for (after, is_reset) in [(3, true), (4, false), (10, false), (11, true)] {
        let mut stream = world.listen(Some(after), None);
        let greeting = stream.next().await.unwrap();
        assert_eq!(greeting.contains("event: reset"), is_reset, "{after}");
        if is_reset {
            assert!(greeting.ends_with("id: 10\nevent: reset\ndata: {}\n\n"));
        }
    }
    world
        .store
        .write(move |read, _| prune(read, 100, later))
        .await
        .unwrap();
    world
        .store
        .read(|read| {
            assert_eq!((oldest(read)?, newest(read)?), (11, 10), "numbers go on");
            Ok(())
        })
        .unwrap();
}
