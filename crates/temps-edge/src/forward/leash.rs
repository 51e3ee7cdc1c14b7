//! The end of what has no end of its own.

use std::{rc::Rc, time::Duration};

use temps_model::{ClientIp, HostName};
use temps_policy::{SiteId, pipeline::still_admitted};
use tokio::time::sleep;

use crate::worker::Worker;

/// Whom something was opened for that stays open.
#[derive(Clone, Debug)]
pub struct Holder {
    pub host: HostName,
    pub site: SiteId,
    pub client: ClientIp,
}

/// How often it is asked anew whether a client is admitted. Rules expire without a change of the snapshot, and what they admitted ends within
/// a second.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Returns when a tunnel or stream has to end: when the edge drains, when the rules no longer admit its client (R-IP-2), and when its site
/// is gone.
pub async fn revoked(worker: Rc<Worker>, holder: Holder) {
    let mut changes = worker.snapshot_changes();
    while is_admitted(&worker, &holder) {
        tokio::select! {
            () = worker.shared.draining.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
            () = sleep(ASK_AGAIN) => {}
        }
    }
}

fn is_admitted(worker: &Worker, holder: &Holder) -> bool {
    let snapshot = worker.snapshot();
    let site = snapshot.sites.get(&holder.host).filter(|site| site.id == holder.site);
    site.is_some_and(|site| still_admitted(&snapshot, Some(site), holder.client, worker.shared.clock.now()))
}
