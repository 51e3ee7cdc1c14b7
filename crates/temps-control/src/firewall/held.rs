//! Which firewall a call is about, with the proof that the caller may see or change it.

use std::{fmt, future::Future, marker::PhantomData};

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use serde::Deserialize;
use temps_model::{
    ClientIp, UserId,
    proof::{FirewallRead, FirewallWrite, Granted},
};

use super::Scope;
use crate::{
    access::{Administrator, Evidence, Grant, Proof},
    app::App,
    environments,
    problem::Problem,
};

/// The firewall of one scope and the proof of the caller's right to it. It can only be made from the proof of a route, so store functions that
/// demand it cannot be reached without one.
pub struct Held<N: Named> {
    scope: Scope,
    proof: N::Proof,
}

/// What a route names: one of the markers below.
pub trait Named: Send + Sync + 'static {
    type Proof: Proof + FromRequestParts<App, Rejection = Problem> + Send + Sync;

    fn scope(proof: &Self::Proof, parts: &mut Parts, app: &App) -> impl Future<Output = Result<Scope, Problem>> + Send;
}

/// A route whose proof permits changes.
pub trait MayChange: Named {}

/// The firewall of every host, for administrators.
pub struct Instance;
/// The firewall of dashboard and API, for administrators.
pub struct Console;
/// The firewall of `{project}`, for holders of `P`.
pub struct OfProject<P>(PhantomData<P>);
/// The firewall of `{environment}` in `{project}`, for holders of `P`.
pub struct OfEnvironment<P>(PhantomData<P>);

/// The permissions that a project's firewall knows.
pub trait FirewallPermission: Granted {}

impl FirewallPermission for FirewallRead {}
impl FirewallPermission for FirewallWrite {}

impl MayChange for Instance {}
impl MayChange for Console {}
impl MayChange for OfProject<FirewallWrite> {}
impl MayChange for OfEnvironment<FirewallWrite> {}

impl Named for Instance {
    type Proof = Administrator;

    async fn scope(_: &Administrator, _: &mut Parts, _: &App) -> Result<Scope, Problem> {
        Ok(Scope::Instance)
    }
}

impl Named for Console {
    type Proof = Administrator;

    async fn scope(_: &Administrator, _: &mut Parts, _: &App) -> Result<Scope, Problem> {
        Ok(Scope::Console)
    }
}

impl<P: FirewallPermission> Named for OfProject<P> {
    type Proof = Grant<P>;

    async fn scope(grant: &Grant<P>, _: &mut Parts, _: &App) -> Result<Scope, Problem> {
        Ok(Scope::Project(grant.project))
    }
}

#[derive(Deserialize)]
struct EnvironmentPath {
    environment: String,
}

impl<P: FirewallPermission> Named for OfEnvironment<P> {
    type Proof = Grant<P>;

    async fn scope(grant: &Grant<P>, parts: &mut Parts, app: &App) -> Result<Scope, Problem> {
        let path = Path::<EnvironmentPath>::from_request_parts(parts, app).await;
        let Path(EnvironmentPath { environment }) = path.map_err(|_| Problem::not_found())?;
        let environment = environments::store::find(app.database.read(), grant, &environment).await?;
        Ok(Scope::Environment(grant.project, environment.id))
    }
}

impl<N: Named> Held<N> {
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The user who asks.
    pub fn author(&self) -> Option<UserId> {
        self.evidence().caller.as_ref().map(|caller| caller.user)
    }

    /// The address from which the user asks.
    pub fn client(&self) -> Option<ClientIp> {
        self.context().client
    }
}

impl<N: Named> Proof for Held<N> {
    fn evidence(&self) -> &Evidence {
        self.proof.evidence()
    }
}

impl<N: Named> FromRequestParts<App> for Held<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let proof = N::Proof::from_request_parts(parts, app).await?;
        let scope = N::scope(&proof, parts, app).await?;
        Ok(Self { scope, proof })
    }
}

impl<N: Named> fmt::Debug for Held<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({})", self.scope)
    }
}
