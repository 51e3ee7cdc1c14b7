//! The end of what has no end of its own.

use std::rc::Rc;

use temps_model::{ClientIp, HostName};
use temps_policy::{SiteId, pipeline::still_admitted};

use crate::worker::Worker;

/// Whom something was opened for that stays open.
#[derive(Clone, Debug)]
pub struct Holder {
    pub host: HostName,
    pub site: SiteId,
    pub client: ClientIp,
}

/// Returns when a tunnel or stream has to end: when the edge drains, when the rules no longer admit its client (R-IP-2), and when its site
/// is gone.
pub async fn revoked(worker: Rc<Worker>, holder: Holder) {
    let mut changes = worker.snapshot_changes();
    while is_admitted(&worker, &holder) {
        tokio::select! {
            () = worker.shared.draining.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}

fn is_admitted(worker: &Worker, holder: &Holder) -> bool {
    let snapshot = worker.snapshot();
    let site = snapshot.sites.get(&holder.host).filter(|site| site.id == holder.site);
    site.is_some_and(|site| still_admitted(&snapshot, Some(site), holder.client, worker.shared.clock.now()))
}
