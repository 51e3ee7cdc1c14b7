use std::sync::{Arc, atomic::AtomicU64};

use temps_db::telemetry::REFUSALS_OF_PROJECT;
use temps_model::{ClientIp, EnvironmentId, ProjectId, RequestId};
use temps_policy::{Event, FirewallScope, Outcome, SiteId};
use temps_testkit::FakeClock;

use super::*;

/// Traffic in a file of its own.
struct Scene {
    clock: FakeClock,
    folder: tempfile::TempDir,
    traffic: Traffic,
    project: ProjectId,
    environment: EnvironmentId,
}

impl Scene {
    async fn new() -> Self {
        let (clock, folder) = (FakeClock::default(), tempfile::tempdir().unwrap());
        let traffic = open(&folder, &clock).await;
        let (project, environment) = (ProjectId::generate(clock.now()), EnvironmentId::generate(clock.now()));
        Self { clock, folder, traffic, project, environment }
    }

    fn event(&self, outcome: Outcome) -> Event {
        Event {
            id: RequestId::generate(self.clock.now()),
            received: self.clock.now(),
            duration: Duration::from_millis(12),
            client: "203.0.113.7".parse::<ClientIp>().unwrap(),
            site: Some(SiteId::Environment { project: self.project, environment: self.environment }),
            host: "shop.localhost".parse().ok(),
            method: axum::http::Method::GET,
            path: "/".into(),
            status: if outcome == Outcome::Passed { 200 } else { 403 },
            outcome,
            sent: 100,
        }
    }

    fn take(&self, count: usize, outcome: Outcome) {
        self.traffic.take((0..count).map(|_| self.event(outcome)).collect());
    }

    async fn total(&self) -> Counts {
        let counted = self.traffic.counts(&[self.project], None, 0, i64::MAX).await.unwrap();
        counted.into_iter().fold(Counts::default(), |mut total, (_, counts)| {
            total.add(&counts);
            total
        })
    }

    async fn saved_refusals(&self) -> u64 {
        use sea_orm::{EntityTrait, PaginatorTrait};
        refusal::Entity::find().count(self.traffic.file.read()).await.unwrap()
    }
}

async fn open(folder: &tempfile::TempDir, clock: &FakeClock) -> Traffic {
    let file = Telemetry::open(&folder.path().join("telemetry.db")).await.unwrap();
    Traffic::new(file, Arc::new(AtomicU64::new(0)), Arc::new(clock.clone()))
}

const REFUSED: Outcome = Outcome::NotAllowed { scope: FirewallScope::Project };

#[tokio::test]
async fn every_request_is_counted_once_whether_it_is_in_the_file_or_on_its_way_there() {
    let scene = Scene::new().await;
    scene.take(3, Outcome::Passed);
    scene.traffic.save().await;
    scene.take(2, REFUSED);
    scene.take(1, Outcome::Throttled);
    let before = scene.total().await;
    assert_eq!((before.passed, before.refused, before.throttled, before.bytes), (3, 2, 1, 600));
    scene.traffic.save().await;
    scene.traffic.save().await;
    assert_eq!(scene.total().await, before);
}

#[tokio::test]
async fn counts_survive_a_restart_also_within_a_minute_and_a_clock_that_goes_back() {
    let mut scene = Scene::new().await;
    scene.take(5, Outcome::Passed);
    scene.traffic.close().await;
    scene.traffic = open(&scene.folder, &scene.clock).await;
    scene.take(4, Outcome::Passed);
    scene.traffic.save().await;
    scene.clock.advance(Duration::from_secs(120));
    scene.take(1, Outcome::Passed);
    assert_eq!(scene.total().await.passed, 10);
    let slots = scene.traffic.counts(&[scene.project], None, 0, i64::MAX).await.unwrap();
    assert_eq!(slots.iter().map(|(slot, _)| slot.minute).collect::<HashSet<_>>().len(), 2);
    assert!(scene.total().await.latencies.percentile(0.5).is_some_and(|ms| (10.0..14.0).contains(&ms)));
}

#[tokio::test]
async fn the_cost_of_a_flood_is_a_row_a_minute_and_a_bounded_number_of_refusals() {
    let scene = Scene::new().await;
    scene.take(20_000, REFUSED);
    scene.traffic.save().await;
    assert_eq!(scene.total().await.refused, 20_000);
    assert_eq!(scene.traffic.counts(&[scene.project], None, 0, i64::MAX).await.unwrap().len(), 1);
    assert_eq!(scene.saved_refusals().await, REFUSALS_AT_ONCE as u64);
    for _ in 0..25 {
        scene.clock.advance(Duration::from_secs(5));
        scene.take(500, REFUSED);
        scene.traffic.save().await;
    }
    assert!(scene.saved_refusals().await > REFUSALS_OF_PROJECT);
    scene.traffic.forget_old().await;
    assert_eq!(scene.saved_refusals().await, REFUSALS_OF_PROJECT);
}

#[tokio::test]
async fn refusals_are_gone_after_a_week_and_minutes_after_two() {
    let scene = Scene::new().await;
    scene.take(2, REFUSED);
    scene.traffic.save().await;
    scene.clock.advance(REFUSALS_KEPT + Duration::from_secs(1));
    scene.traffic.forget_old().await;
    assert_eq!((scene.saved_refusals().await, scene.total().await.refused), (0, 2));
    scene.clock.advance(MINUTES_KEPT);
    scene.traffic.forget_old().await;
    assert_eq!(scene.total().await, Counts::default());
}

#[tokio::test]
async fn memory_holds_an_hour_or_a_hundred_thousand_and_says_how_far_back_it_goes() {
    let scene = Scene::new().await;
    let (start, count) = (scene.clock.now(), |scene: &Scene| {
        let recent = lock(&scene.traffic.recent);
        (recent.of_project(scene.project, scene.clock.now()).count(), recent.since(scene.clock.now()))
    });
    scene.take(10, Outcome::Passed);
    assert_eq!(count(&scene), (10, start.before(recent::KEPT)));
    scene.clock.advance(recent::KEPT + Duration::from_secs(1));
    assert_eq!(count(&scene).0, 0, "also if nothing came since");
    scene.take(60_000, Outcome::Passed);
    scene.clock.advance(Duration::from_secs(60));
    scene.take(60_000, Outcome::Passed);
    let (kept, since) = count(&scene);
    assert_eq!(kept, 100_000);
    assert_eq!(since, scene.clock.now().before(Duration::from_secs(60)), "the last one that had to make room");
}

#[tokio::test]
async fn who_comes_back_is_told_what_came_meanwhile_or_that_it_is_gone() {
    let scene = Scene::new().await;
    scene.take(3, Outcome::Passed);
    let after = |number: u64| {
        let recent = lock(&scene.traffic.recent);
        let (events, is_gap) = recent.after(scene.project, number);
        (events.count(), is_gap)
    };
    assert_eq!((after(0), after(1), after(3)), ((3, false), (2, false), (0, false)));
    scene.clock.advance(recent::KEPT + Duration::from_secs(1));
    scene.take(1, Outcome::Passed);
    assert_eq!((after(1), after(3)), ((1, true), (1, false)));
    let id = scene.traffic.id_of(3);
    assert_eq!(scene.traffic.number_of(&id), Some(3));
    scene.clock.advance(Duration::from_secs(1));
    let other = open(&scene.folder, &scene.clock).await;
    assert_eq!([other.number_of(&id), other.number_of("3"), other.number_of("x.y")], [None; 3]);
}

#[tokio::test]
async fn a_deleted_project_is_forgotten_everywhere() {
    let scene = Scene::new().await;
    scene.take(2, REFUSED);
    scene.traffic.save().await;
    scene.take(2, REFUSED);
    scene.traffic.forget_project(scene.project).await;
    scene.traffic.save().await;
    assert_eq!(scene.total().await, Counts::default());
    assert_eq!(scene.saved_refusals().await, 0);
    assert_eq!(lock(&scene.traffic.recent).of_project(scene.project, scene.clock.now()).count(), 0);
}

#[tokio::test]
async fn what_the_disk_does_not_take_is_kept_for_the_next_time() {
    let scene = Scene::new().await;
    scene.take(3, REFUSED);
    scene.traffic.file.close().await.unwrap();
    scene.traffic.save().await;
    let unsaved = lock(&scene.traffic.unsaved);
    assert_eq!(unsaved.counts.values().map(|counts| counts.refused).sum::<i64>(), 3);
    assert_eq!(unsaved.refusals.len(), 3);
}
