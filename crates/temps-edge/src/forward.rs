//! Sixth stage: the request goes to what answers for its site.

use std::{rc::Rc, sync::Arc};

use hyper::{Request, Response, body::Incoming};
use temps_policy::{Site, Target};

use crate::{answer::Answer, body::Body, facts::Reading, worker::Worker};

mod connect;
mod cookies;
mod files;
mod headers;
mod leash;
mod names;
mod pool;
mod tunnel;
mod upload;
mod upstream;

pub use connect::OwnSockets;
pub use files::{BlobCache, FileBody};
pub use names::Names;
pub use pool::Pool;
pub use upstream::UpstreamBody;

use connect::Origin;

pub async fn forward(
    worker: &Rc<Worker>,
    site: &Arc<Site>,
    reading: &Reading,
    request: Request<Incoming>,
) -> Result<Response<Body>, Answer> {
    match &site.target {
        Target::Empty => Err(Answer::NothingDeployed),
        Target::Unavailable => Err(Answer::Unavailable),
        Target::Files(files) => files::serve(worker, files, &reading.facts, request.headers()).await,
        Target::Upstream(upstream) => {
            upstream::forward(worker, site, Origin::Application(Arc::clone(upstream)), reading, request).await
        }
        Target::Console(console) => {
            upstream::forward(worker, site, Origin::Console(Arc::clone(console)), reading, request).await
        }
    }
}
