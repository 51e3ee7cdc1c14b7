//! The whole control plane, started and stopped.

use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use temps_db::entities::audit_record;
use temps_policy::link::link;
use temps_testkit::{FakeClock, TestDatabase, on_both_databases};

use super::*;
use crate::{
    access::{Evidence, RequestContext},
    action::Action,
    testing,
};

on_both_databases!(r_aud_1_a_stop_leaves_no_record_unsealed);

async fn r_aud_1_a_stop_leaves_no_record_unsealed(test: TestDatabase) {
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::default());
    let database = testing::database(&test, &clock).await;
    let settings = testing::settings(&test);
    std::fs::create_dir_all(settings.console_socket().parent().unwrap()).unwrap();
    let (prepared, snapshot) = Prepared::new(settings, database, Arc::clone(&clock)).await.unwrap();
    let (end, _) = link(snapshot, 0, 1);
    let control = prepared.start(end.publisher(), Arc::clone(&end.dropped), BuiltIn::default(), String::new).unwrap();
    let context = RequestContext::of(&Default::default());
    let evidence = Evidence {
        caller: None,
        context,
        action: Some(Action::SessionStart),
        counts: &[],
        standing: None,
        project: None,
    };
    for _ in 0..3 {
        control.app.denials.failed(&control.app, &evidence, None).await;
    }
    control.stop().await;
    let database = testing::database(&test, &clock).await;
    let all = audit_record::Entity::find().count(database.read()).await.unwrap();
    let unsealed = audit_record::Entity::find().filter(audit_record::Column::Seq.is_null());
    assert_eq!((all, unsealed.count(database.read()).await.unwrap()), (2, 0), "the first failure, and a count of two");
}
