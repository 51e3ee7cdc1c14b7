//! The real edge on free loopback ports, with sites that the test names.
//!
//! ```ignore
//! let recorder = Recorder::start().await;
//! let edge = TestEdge::new().files("demo.test", &[("index.html", "hi")]).upstream("app.test", &recorder).start().await;
//! assert_eq!(edge.get("demo.test", "/").await.text(), "hi");
//! ```

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    path::Path,
    sync::{Arc, Mutex},
};

use temps_edge::{Edge, EdgeConfig, EdgeError, Timeouts};
use temps_model::{Clock, EnvironmentId, HostName, Network, ProjectId, RuleId};
use temps_policy::{
    BlobSource, Console, EdgeSnapshot, Event, FirewallScope, InstancePolicy, Manifest, Site, SiteId, StaticSite,
    Target, Upstream, UpstreamNetworks,
    link::{ControlEnd, Publisher, link},
    protections::{
        firewall::{Action, Entry, Firewall, Mode, NetworkTable},
        headers::HeaderPolicy,
        limits::{Counters, Limits, Rate},
    },
};
use tokio::{net::TcpStream, time::timeout};

pub mod authority;
pub mod blobs;
pub mod client;

pub use authority::Authority;
pub use blobs::{MemoryBlobs, PanickingBlobs};
pub use client::{Client, Reply, Trust};

use crate::{
    FakeClock, Recorder,
    raw::{PATIENCE, RawClient},
};

/// What an edge is to be started with.
pub struct TestEdge {
    pub config: EdgeConfig,
    pub clock: FakeClock,
    authority: Authority,
    sites: HashMap<HostName, Arc<Site>>,
    limits: Limits,
}

/// A running edge with the control plane's end in the test's hand.
pub struct RunningEdge {
    edge: Option<Edge>,
    http_addr: SocketAddr,
    https_addr: SocketAddr,
    pub publisher: Publisher,
    pub clock: FakeClock,
    pub authority: Authority,
    control: tokio::sync::Mutex<ControlEnd>,
    events: Mutex<VecDeque<Event>>,
}

impl Default for TestEdge {
    fn default() -> Self {
        Self::new()
    }
}

impl TestEdge {
    /// Two workers, no sites, loopback upstreams permitted, and limits that no test reaches by accident.
    pub fn new() -> Self {
        let authority = Authority::default();
        let config = EdgeConfig {
            http_addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            https_addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            workers: NonZeroUsize::new(2).expect("two"),
            trusted_proxies: Vec::new(),
            upstream_networks: UpstreamNetworks::new(vec!["127.0.0.0/8".parse().expect("a network")]),
            upstream_roots: authority.roots(),
            apps_domain: None,
            public_https_port: 443,
            instance_id: "temps-test".into(),
            drain_timeout: std::time::Duration::from_secs(10),
            timeouts: Timeouts::default(),
        };
        let many = NonZeroU32::new(1_000_000).expect("not zero");
        let limits = Limits { rate: Rate { per_second: many, burst: many }, ..Limits::BUILT_IN };
        Self { config, clock: FakeClock::default(), authority, sites: HashMap::new(), limits }
    }

    /// Changes what the edge is configured with.
    pub fn with(mut self, change: impl FnOnce(&mut EdgeConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Limits of all sites that are added afterwards, and of requests that belong to none.
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    pub fn files(self, host: &str, files: &[(&str, &str)]) -> Self {
        let files: Vec<(&str, &[u8])> = files.iter().map(|(path, content)| (*path, content.as_bytes())).collect();
        let mut blobs = MemoryBlobs::default();
        let manifest = blobs.store(&files);
        self.manifest(host, manifest, Arc::new(blobs))
    }

    pub fn manifest(self, host: &str, manifest: Manifest, blobs: Arc<dyn BlobSource>) -> Self {
        let modified = self.clock.now();
        self.target(host, Target::Files(Arc::new(StaticSite::new(manifest, modified, blobs))))
    }

    pub fn upstream(self, host: &str, recorder: &Recorder) -> Self {
        self.upstream_url(host, recorder.upstream())
    }

    pub fn upstream_url(self, host: &str, upstream: Upstream) -> Self {
        self.target(host, Target::Upstream(Arc::new(upstream)))
    }

    pub fn console(self, host: &str, socket: &Path) -> Self {
        self.target(host, Target::Console(Arc::new(Console { socket: socket.to_owned() })))
    }

    /// A site of a project of its own.
    pub fn target(self, host: &str, target: Target) -> Self {
        let now = self.clock.now();
        let id = match target {
            Target::Console(_) => SiteId::Console,
            _ => SiteId::Environment { project: ProjectId::generate(now), environment: EnvironmentId::generate(now) },
        };
        self.site(host, id, target, HeaderPolicy::default())
    }

    pub fn site(mut self, host: &str, id: SiteId, target: Target, headers: HeaderPolicy) -> Self {
        let host: HostName = host.parse().expect("a host name");
        let certificate = Some(self.authority.issue(host.as_str()));
        let (headers, limits) = (Arc::new(headers), self.limits);
        let site = Site { id, host: host.clone(), target, certificate, firewalls: Vec::new(), headers, limits };
        self.sites.insert(host, Arc::new(site));
        self
    }

    pub async fn start(self) -> RunningEdge {
        self.try_start().await.expect("the edge starts")
    }

    pub async fn try_start(self) -> Result<RunningEdge, EdgeError> {
        let workers = self.config.workers.get();
        let snapshot = EdgeSnapshot {
            version: 1,
            instance: Arc::new(InstancePolicy {
                firewall: Arc::default(),
                emergency: NetworkTable::default(),
                limits: self.limits,
                headers: Arc::default(),
                default_certificate: self.authority.issue("default.invalid"),
            }),
            sites: Arc::new(self.sites),
        };
        let (control, end) = link(snapshot, workers, 64);
        let counters = Arc::new(Counters::new(10_000));
        let edge = Edge::start(self.config, end, counters, Arc::new(self.clock.clone()))?;
        let running = RunningEdge {
            http_addr: edge.http_addr(),
            https_addr: edge.https_addr(),
            edge: Some(edge),
            publisher: control.publisher(),
            clock: self.clock,
            authority: self.authority,
            control: tokio::sync::Mutex::new(control),
            events: Mutex::default(),
        };
        running.in_force(1).await;
        Ok(running)
    }
}

impl RunningEdge {
    pub fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    pub fn https_addr(&self) -> SocketAddr {
        self.https_addr
    }

    /// GET over TLS and HTTP/1.1, on a connection of its own.
    pub async fn get(&self, host: &str, path: &str) -> Reply {
        self.client(host).await.get(host, path).await
    }

    /// A connection over TLS and HTTP/1.1.
    pub async fn client(&self, host: &str) -> Client {
        Client::http1(self.tls(host, &[b"http/1.1"]).await).await
    }

    /// A connection over TLS and HTTP/2.
    pub async fn client_h2(&self, host: &str) -> Client {
        Client::http2(self.tls(host, &[b"h2"]).await).await
    }

    /// A connection over plain HTTP/1.1.
    pub async fn client_plain(&self) -> Client {
        Client::http1(TcpStream::connect(self.http_addr).await.expect("the edge listens")).await
    }

    pub async fn tls(&self, name: &str, alpn: &[&[u8]]) -> tokio_rustls::client::TlsStream<TcpStream> {
        client::handshake(self.https_addr, name, alpn, Trust::Anything).await.expect("a handshake")
    }

    /// Bytes over TLS.
    pub async fn raw(&self, name: &str) -> RawClient {
        RawClient::new(self.tls(name, &[b"http/1.1"]).await)
    }

    /// Bytes over plain HTTP.
    pub async fn raw_plain(&self) -> RawClient {
        RawClient::new(TcpStream::connect(self.http_addr).await.expect("the edge listens"))
    }

    /// Publishes a changed snapshot and returns once every worker runs it.
    pub async fn change(&self, change: impl FnOnce(&EdgeSnapshot) -> EdgeSnapshot) {
        let version = self.publisher.send(change);
        self.in_force(version).await;
    }

    async fn in_force(&self, version: u64) {
        timeout(PATIENCE, self.publisher.in_force(version)).await.expect("every worker takes the snapshot");
    }

    /// Blocks a network for all hosts.
    pub async fn block(&self, network: &str) {
        self.instance_firewall(Mode::Open, &[(Action::Block, network)]).await;
    }

    /// Replaces the firewall of the instance.
    pub async fn instance_firewall(&self, mode: Mode, entries: &[(Action, &str)]) {
        let firewall = Arc::new(self.firewall(mode, entries));
        self.change(|snapshot| {
            let old = &snapshot.instance;
            let instance = InstancePolicy {
                firewall,
                emergency: NetworkTable::default(),
                limits: old.limits,
                headers: Arc::clone(&old.headers),
                default_certificate: Arc::clone(&old.default_certificate),
            };
            EdgeSnapshot { instance: Arc::new(instance), ..snapshot.clone() }
        })
        .await;
    }

    /// Replaces the firewall of one site in one scope.
    pub async fn site_firewall(&self, host: &str, scope: FirewallScope, mode: Mode, entries: &[(Action, &str)]) {
        let firewall = Arc::new(self.firewall(mode, entries));
        self.change_site(host, |site| site.firewalls = vec![(scope, firewall)]).await;
    }

    /// Replaces one site.
    pub async fn change_site(&self, host: &str, change: impl FnOnce(&mut Site)) {
        self.change(|snapshot| {
            let mut sites = snapshot.sites.as_ref().clone();
            let old = sites.get(host).expect("the site exists");
            let mut site = Site {
                id: old.id,
                host: old.host.clone(),
                target: old.target.clone(),
                certificate: old.certificate.clone(),
                firewalls: old.firewalls.clone(),
                headers: Arc::clone(&old.headers),
                limits: old.limits,
            };
            change(&mut site);
            sites.insert(site.host.clone(), Arc::new(site));
            EdgeSnapshot { sites: Arc::new(sites), ..snapshot.clone() }
        })
        .await;
    }

    fn firewall(&self, mode: Mode, entries: &[(Action, &str)]) -> Firewall {
        let entry = |(action, network): &(Action, &str)| Entry {
            id: RuleId::generate(self.clock.now()),
            action: *action,
            network: network.parse::<Network>().expect("a network"),
            expires_at: None,
        };
        Firewall::new(mode, entries.iter().map(entry))
    }

    /// Takes the first event for which this is true, now or when it comes; others stay for later.
    pub async fn event_where(&self, mut condition: impl FnMut(&Event) -> bool) -> Event {
        loop {
            {
                let mut events = self.events.lock().expect("nothing panics while it holds the events");
                if let Some(at) = events.iter().position(&mut condition) {
                    return events.remove(at).expect("it was found there");
                }
            }
            let mut control = self.control.lock().await;
            let batch = timeout(PATIENCE, control.events.recv()).await.expect("an event in time");
            self.events.lock().expect("nothing panics while it holds the events").extend(batch.expect("the edge runs"));
        }
    }

    /// The event of the request with this id.
    pub async fn event_of(&self, reply: &Reply) -> Event {
        let id = reply.header("temps-request-id").expect("every response has an id").to_owned();
        self.event_where(|event| event.id.to_string() == id).await
    }

    /// Drains the edge and returns when it is over.
    pub async fn drain(&mut self) {
        self.edge.take().expect("the edge runs").drain().await;
    }
}
