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

    /// What was counted since a moment, in steps of so many minutes.
    async fn sums(&self, since: Timestamp, step: i64) -> Vec<Sum> {
        let since = since.seconds() / 60 / step * step;
        let until = self.clock.now().seconds() / 60 / step * step + step;
        let window = Window { projects: &[self.project], environment: None, since, until, step };
        self.traffic.sums(&window, true).await.unwrap()
    }

    async fn total_in_steps_of(&self, step: i64) -> Counts {
        let start = self.clock.now().before(Duration::from_secs(20 * 86_400));
        self.sums(start, step).await.into_iter().fold(Counts::default(), |mut total, sum| {
            total.add(&sum.counts);
            total
        })
    }

    async fn total(&self) -> Counts {
        self.total_in_steps_of(1).await
    }

    async fn saved_refusals(&self) -> u64 {
        use sea_orm::{EntityTrait, PaginatorTrait};
        refusal::Entity::find().count(self.traffic.file.read()).await.unwrap()
    }
}

async fn open(folder: &tempfile::TempDir, clock: &FakeClock) -> Traffic {
    let file = Telemetry::open(&folder.path().join("telemetry.db"), clock.now()).await.unwrap();
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
    let sums = scene.sums(scene.clock.now().before(Duration::from_secs(600)), 1).await;
    assert_eq!(sums.iter().map(|sum| sum.step).collect::<HashSet<_>>().len(), 2);
    assert!(scene.total().await.latencies.percentile(0.5).is_some_and(|ms| (10.0..14.0).contains(&ms)));
}

#[tokio::test]
async fn the_cost_of_a_flood_is_a_row_a_minute_and_a_bounded_number_of_refusals() {
    let scene = Scene::new().await;
    scene.take(20_000, REFUSED);
    scene.traffic.save().await;
    assert_eq!(scene.total().await.refused, 20_000);
    assert_eq!(scene.sums(scene.clock.now(), 1).await.len(), 1);
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
async fn refusals_are_gone_after_a_week_minutes_after_days_and_hours_after_two_weeks() {
    let scene = Scene::new().await;
    scene.take(2, REFUSED);
    scene.traffic.save().await;
    scene.clock.advance(REFUSALS_KEPT + Duration::from_secs(1));
    scene.traffic.forget_old().await;
    assert_eq!(scene.saved_refusals().await, 0);
    assert_eq!((scene.total().await.refused, scene.total_in_steps_of(60).await.refused), (0, 2));
    scene.clock.advance(HOURS_KEPT);
    scene.traffic.forget_old().await;
    assert_eq!(scene.total_in_steps_of(60).await, Counts::default());
}

#[tokio::test]
async fn memory_holds_an_hour_or_a_hundred_thousand_and_says_how_far_back_it_goes() {
    let scene = Scene::new().await;
    let (start, count) = (scene.clock.now(), |scene: &Scene| {
        let recent = lock(&scene.traffic.recent);
        (recent.of_project(scene.project, scene.clock.now()).count(), recent.since(scene.clock.now()))
    });
    scene.take(10, Outcome::Passed);
    assert_eq!(count(&scene), (10, start), "what was before the start is missing");
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
        let (events, is_gap) = recent.after(scene.project, number, scene.clock.now());
        (events.len(), is_gap)
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

#[tokio::test]
async fn hours_add_up_to_what_the_minutes_do() {
    let scene = Scene::new().await;
    for minute in 0..150 {
        scene.take(1 + minute % 3, if minute % 2 == 0 { Outcome::Passed } else { REFUSED });
        scene.traffic.save().await;
        scene.clock.advance(Duration::from_secs(60));
    }
    scene.take(7, Outcome::Throttled);
    let (minutes, hours) = (scene.total().await, scene.total_in_steps_of(60).await);
    assert_eq!(minutes, hours);
    assert_eq!((minutes.requests(), minutes.throttled), (307, 7));
    let start = scene.clock.now().before(Duration::from_secs(4 * 3_600));
    assert!(scene.sums(start, 60).await.len() <= 4, "a row an hour, and one for what is on its way");
}

#[tokio::test]
async fn what_is_told_of_refusals_says_from_when_on_it_is_whole() {
    let scene = Scene::new().await;
    let start = scene.clock.now();
    let complete = async || scene.traffic.file.complete_since(scene.project).await.unwrap();
    scene.take(3, REFUSED);
    scene.clock.advance(Duration::from_secs(60));
    scene.traffic.save().await;
    assert_eq!(complete().await, start, "the file began then");
    scene.take(REFUSALS_AT_ONCE + 1, REFUSED);
    scene.clock.advance(Duration::from_secs(60));
    scene.traffic.save().await;
    assert_eq!(complete().await, scene.clock.now(), "one of them is only counted");
}

#[tokio::test]
async fn what_arrives_of_a_deleted_project_is_not_taken() {
    let scene = Scene::new().await;
    scene.take(1, REFUSED);
    scene.traffic.forget_project(scene.project).await;
    scene.take(2, REFUSED);
    scene.traffic.save().await;
    assert!(scene.traffic.projects().await.unwrap().is_empty());
    assert_eq!(lock(&scene.traffic.recent).all(scene.clock.now()).count(), 0);
}

#[tokio::test]
async fn numbers_of_a_project_tell_nothing_of_others() {
    let mut scene = Scene::new().await;
    scene.take(2, Outcome::Passed);
    let first = std::mem::replace(&mut scene.project, ProjectId::generate(scene.clock.now()));
    scene.take(40, Outcome::Passed);
    let recent = lock(&scene.traffic.recent);
    assert_eq!((recent.last(first), recent.last(scene.project)), (2, 40));
}
