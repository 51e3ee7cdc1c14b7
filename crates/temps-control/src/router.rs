//! The one page of routes: method, path, who may call, what the audit log calls it, what it takes and gives.

use axum::http::StatusCode;
use temps_model::{Permission::*, proof};

use crate::{
    access::{
        Access::{Administrator, HalfAuthenticated, Project, Public, User},
        StepUp,
    },
    action::Action,
    audit_log, deployments, domains, environments, factors,
    firewall::{Console, Instance, OfEnvironment, OfProject, rules, settings},
    guesses::Factor,
    headers, instance, login, members, projects,
    route::{Route, delete, get, post, put},
    sessions, setup, traffic, users,
    wire::{ChangeQuery, Page, PageQuery},
};

const OK: StatusCode = StatusCode::OK;
const CREATED: StatusCode = StatusCode::CREATED;
const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;

/// Every route of the API, in the order of the documentation.
#[rustfmt::skip]
pub fn routes() -> Vec<Route> {
    vec![
        // Logging in
        get("/api/v1/setup", Public, setup::state)
            .says("Whether the first user is still to be made").gives::<setup::SetupState>(OK),
        post("/api/v1/setup", Public, setup::create)
            .says("Make the first user").records(Action::InstanceSetUp).counts(&[Factor::Token])
            .takes::<setup::FirstUser>().gives::<setup::SetUpBody>(CREATED),
        post("/api/v1/session", Public, sessions::api::create)
            .says("Log in").records(Action::SessionStart).counts(&[Factor::Password])
            .refuses(StatusCode::UNAUTHORIZED, "E-mail or password is wrong")
            .takes::<sessions::api::Credentials>().gives::<login::LoggedInBody>(CREATED)
            .gives::<login::SecondFactorNeeded>(StatusCode::ACCEPTED),
        post("/api/v1/session/second-factor", HalfAuthenticated, login::second_factor::create)
            .says("Finish a login with a second factor").records(Action::SessionStart).counts(&[Factor::Totp, Factor::RecoveryCode])
            .refuses(StatusCode::UNAUTHORIZED, "The code is wrong, or the login was not finished in time")
            .takes::<login::second_factor::SecondFactorBody>().gives::<login::LoggedInBody>(CREATED),
        post("/api/v1/session/step-up", User, login::step_up::create)
            .says("Prove anew who you are").records(Action::SessionProve).even_suspected()
            .counts(&[Factor::Password, Factor::Totp, Factor::RecoveryCode])
            .takes::<login::step_up::ProofBody>().gives::<login::step_up::ProvedBody>(OK),
        delete("/api/v1/session", User, sessions::api::end)
            .says("Log out").records(Action::SessionEnd).even_suspected().answers(NO_CONTENT),
        post("/api/v1/activation", Public, users::activation::create)
            .says("Accept an invitation").records(Action::UserActivate).counts(&[Factor::Token])
            .takes::<users::activation::Activation>().gives::<login::LoggedInBody>(CREATED),
        post("/api/v1/revoke", Public, users::revoke::create)
            .says("End all sessions of an account, with the link of a notice").records(Action::SessionRevoke).counts(&[Factor::Token])
            .takes::<users::revoke::Revocation>().answers(NO_CONTENT),

        // One's own account
        get("/api/v1/me", User, sessions::api::me)
            .says("Who is logged in").even_suspected().gives::<sessions::api::Me>(OK),
        get("/api/v1/me/logins", User, sessions::api::logins)
            .says("Your latest logins and those that failed").gives::<sessions::api::Logins>(OK),
        put("/api/v1/me/password", User, users::password::change)
            .says("Change your password; all your other sessions end").records(Action::PasswordChange).asks_again(StepUp::FACTORS)
            .takes::<users::password::NewPassword>().answers(NO_CONTENT),
        get("/api/v1/me/factors", User, factors::api::show)
            .says("Your second factors").while_enrolling().gives::<factors::api::FactorsBody>(OK),
        post("/api/v1/me/totp", User, factors::api::begin_totp)
            .says("Make a key for an authenticator").records(Action::TotpBegin).while_enrolling().asks_again(StepUp::FACTORS)
            .gives::<factors::api::NewTotp>(CREATED),
        post("/api/v1/me/totp/confirm", User, factors::api::confirm_totp)
            .says("Make the key count, with a code of it").records(Action::TotpConfirm).while_enrolling().asks_again(StepUp::FACTORS)
            .counts(&[Factor::Totp]).takes::<factors::api::TotpCode>().gives::<factors::api::RecoveryCodes>(OK),
        delete("/api/v1/me/totp", User, factors::api::remove_totp)
            .says("Remove your authenticator").records(Action::TotpRemove).asks_again(StepUp::FACTORS).answers(NO_CONTENT),
        post("/api/v1/me/recovery-codes", User, factors::api::make_recovery_codes)
            .says("Make ten new recovery codes").records(Action::RecoveryCodesMake).asks_again(StepUp::FACTORS)
            .gives::<factors::api::RecoveryCodes>(OK),
        get("/api/v1/sessions", User, sessions::api::list)
            .says("Your sessions").gives::<sessions::api::Sessions>(OK),
        delete("/api/v1/sessions", User, sessions::api::end_others)
            .says("End all your other sessions").records(Action::SessionEndOthers).asks_again(StepUp::DANGEROUS).gives::<sessions::api::EndedSessions>(OK),
        delete("/api/v1/sessions/{session}", User, sessions::api::end_one)
            .says("End one of your sessions").records(Action::SessionEnd).answers(NO_CONTENT),

        // Instance
        get("/api/v1/instance", User, instance::api::show)
            .says("What this instance is").gives::<instance::api::InstanceBody>(OK),
        put("/api/v1/instance", Administrator, instance::api::update)
            .says("Change the instance's settings").records(Action::InstanceSettings).asks_again(StepUp::DANGEROUS).needs_version().asks::<ChangeQuery>()
            .takes::<instance::settings::InstanceSettings>().gives::<instance::api::InstanceBody>(OK),
        get("/api/v1/users", Administrator, users::api::list)
            .says("All users").asks::<PageQuery>().gives::<Page<users::api::ListedUser>>(OK),
        post("/api/v1/users", Administrator, users::api::create)
            .says("Invite a user").records(Action::UserInvite)
            .takes::<users::api::NewUserBody>().gives::<users::api::InvitedUser>(CREATED),
        get("/api/v1/users/{user}/sessions", Administrator, users::sessions::list)
            .says("Somebody's sessions").gives::<sessions::api::Sessions>(OK),
        delete("/api/v1/users/{user}/sessions", Administrator, users::sessions::end)
            .says("End all sessions of somebody").records(Action::UserSessionsEnd).asks_again(StepUp::DANGEROUS)
            .gives::<sessions::api::EndedSessions>(OK),
        get("/api/v1/audit", Administrator, audit_log::api::list)
            .says("The audit log").records(Action::AuditRead)
            .asks::<audit_log::api::AuditQuery>().gives::<Page<audit_log::api::RecordBody>>(OK),
        get("/api/v1/audit/export", Administrator, audit_log::export)
            .says("The sealed audit log, one record a line").records(Action::AuditExport).streams("application/jsonl"),

        // Projects
        get("/api/v1/projects", User, projects::api::list)
            .says("The projects that you are a member of").asks::<PageQuery>().gives::<Page<projects::api::ListedProject>>(OK),
        post("/api/v1/projects", User, projects::api::create)
            .says("Create a project").records(Action::ProjectCreate)
            .takes::<projects::api::NewProject>().gives::<projects::api::ProjectDetails>(CREATED),
        get("/api/v1/projects/{project}", Project(ProjectsRead), projects::api::show)
            .says("A project with its environments").gives::<projects::api::ProjectDetails>(OK),
        delete("/api/v1/projects/{project}", Project(ProjectsDelete), projects::api::delete)
            .says("Delete a project with all that it has").records(Action::ProjectDelete).asks_again(StepUp::DANGEROUS).needs_version()
            .gives::<projects::api::Effective>(OK),
        get("/api/v1/projects/{project}/audit", Project(AuditRead), audit_log::api::list_of_project)
            .says("The project's part of the audit log").records(Action::AuditRead)
            .asks::<audit_log::api::AuditQuery>().gives::<Page<audit_log::api::RecordBody>>(OK),

        get("/api/v1/projects/{project}/members", Project(MembersRead), members::list)
            .says("Who has a role in the project").asks::<PageQuery>().gives::<Page<members::MemberBody>>(OK),

        // Traffic
        get("/api/v1/analytics", User, traffic::overview::show)
            .says("Requests to all of your projects in the last hour").gives::<traffic::overview::Overview>(OK),
        get("/api/v1/projects/{project}/analytics", Project(AnalyticsRead), traffic::analytics::show)
            .says("Requests over time").asks::<traffic::analytics::AnalyticsQuery>().gives::<traffic::analytics::Analytics>(OK),
        get("/api/v1/projects/{project}/requests", Project(RequestsRead), traffic::requests::list)
            .says("The requests of the last hour, the latest first").asks::<traffic::requests::RequestQuery>()
            .gives::<traffic::requests::Requests>(OK),
        get("/api/v1/projects/{project}/requests/{request}", Project(RequestsRead), traffic::requests::show)
            .says("A request of the last hour, or a refusal of the last week").gives::<traffic::RequestBody>(OK),
        get("/api/v1/projects/{project}/refusals", Project(RequestsRead), traffic::requests::refusals)
            .says("Refused and throttled requests of the last week, the latest first").asks::<traffic::requests::RequestQuery>()
            .gives::<traffic::requests::Requests>(OK),
        get("/api/v1/projects/{project}/stream", Project(RequestsRead), traffic::stream::open)
            .says("Requests, deployments and changes as they happen").streams("text/event-stream"),

        // Environments
        get("/api/v1/projects/{project}/environments", Project(EnvironmentsRead), environments::api::list)
            .says("The project's environments").asks::<PageQuery>().gives::<Page<environments::EnvironmentBody>>(OK),
        post("/api/v1/projects/{project}/environments", Project(EnvironmentsWrite), environments::api::create)
            .says("Create an environment").records(Action::EnvironmentCreate)
            .takes::<environments::api::NewEnvironment>().gives::<environments::api::CreatedEnvironment>(CREATED),
        get("/api/v1/projects/{project}/environments/{environment}", Project(EnvironmentsRead), environments::api::show)
            .says("An environment").gives::<environments::EnvironmentBody>(OK),
        delete("/api/v1/projects/{project}/environments/{environment}", Project(EnvironmentsWrite), environments::api::delete)
            .says("Delete an environment with all that it has").records(Action::EnvironmentDelete).needs_version()
            .gives::<projects::api::Effective>(OK),

        // Domains
        get("/api/v1/projects/{project}/domains", Project(DomainsRead), domains::api::list)
            .says("The project's host names").asks::<PageQuery>().gives::<Page<domains::api::DomainBody>>(OK),
        post("/api/v1/projects/{project}/domains", Project(DomainsWrite), domains::api::add)
            .says("Add a host name").records(Action::DomainAdd)
            .takes::<domains::api::NewDomain>().gives::<domains::api::AddedDomain>(CREATED),
        delete("/api/v1/projects/{project}/domains/{domain}", Project(DomainsWrite), domains::api::remove)
            .says("Remove a host name").records(Action::DomainRemove).gives::<projects::api::Effective>(OK),

        // Firewall
        get("/api/v1/projects/{project}/firewall", Project(FirewallRead), settings::api::show::<OfProject<proof::FirewallRead>>)
            .says("Mode and limits of the project's firewall").gives::<settings::api::FirewallBody>(OK),
        put("/api/v1/projects/{project}/firewall", Project(FirewallWrite), settings::api::update::<OfProject<proof::FirewallWrite>>)
            .says("Change mode and limits of the project's firewall").records(Action::ProjectFirewall).needs_version().asks::<ChangeQuery>()
            .takes::<settings::api::NewFirewall>().gives::<settings::api::FirewallBody>(OK),
        get("/api/v1/projects/{project}/environments/{environment}/firewall", Project(FirewallRead), settings::api::show::<OfEnvironment<proof::FirewallRead>>)
            .says("Mode and limits of an environment's firewall").gives::<settings::api::FirewallBody>(OK),
        put("/api/v1/projects/{project}/environments/{environment}/firewall", Project(FirewallWrite), settings::api::update::<OfEnvironment<proof::FirewallWrite>>)
            .says("Change mode and limits of an environment's firewall").records(Action::EnvironmentFirewall).needs_version().asks::<ChangeQuery>()
            .takes::<settings::api::NewFirewall>().gives::<settings::api::FirewallBody>(OK),
        get("/api/v1/projects/{project}/firewall/rules", Project(FirewallRead), rules::api::list::<OfProject<proof::FirewallRead>>)
            .says("The rules of the project and its environments").asks::<PageQuery>().gives::<Page<rules::Rule>>(OK),
        post("/api/v1/projects/{project}/firewall/rules", Project(FirewallWrite), rules::api::create::<OfProject<proof::FirewallWrite>>)
            .says("Add rules to the project").records(Action::ProjectFirewallRuleAdd).asks::<ChangeQuery>().up_to(rules::MAX_BODY)
            .takes::<rules::NewRules>().gives::<rules::AddedRules>(CREATED),
        get("/api/v1/projects/{project}/firewall/rules/{rule}", Project(FirewallRead), rules::change::show::<OfProject<proof::FirewallRead>>)
            .says("A rule of the project").gives::<rules::Rule>(OK),
        put("/api/v1/projects/{project}/firewall/rules/{rule}", Project(FirewallWrite), rules::change::update::<OfProject<proof::FirewallWrite>>)
            .says("Change a rule of the project").records(Action::ProjectFirewallRuleChange).needs_version().asks::<ChangeQuery>()
            .takes::<rules::ChangedRule>().gives::<rules::RuleAfterChange>(OK),
        delete("/api/v1/projects/{project}/firewall/rules/{rule}", Project(FirewallWrite), rules::api::remove::<OfProject<proof::FirewallWrite>>)
            .says("Remove a rule of the project").records(Action::ProjectFirewallRuleRemove).needs_version().asks::<ChangeQuery>()
            .gives::<projects::api::Effective>(OK),
        get("/api/v1/instance/firewall", Administrator, settings::api::show::<Instance>)
            .says("Mode and limits for every host").gives::<settings::api::FirewallBody>(OK),
        put("/api/v1/instance/firewall", Administrator, settings::api::update::<Instance>)
            .says("Change mode and limits for every host").records(Action::InstanceFirewall).asks_again(StepUp::DANGEROUS).needs_version().asks::<ChangeQuery>()
            .takes::<settings::api::NewFirewall>().gives::<settings::api::FirewallBody>(OK),
        get("/api/v1/instance/firewall/rules", Administrator, rules::api::list::<Instance>)
            .says("The rules for every host").asks::<PageQuery>().gives::<Page<rules::Rule>>(OK),
        post("/api/v1/instance/firewall/rules", Administrator, rules::api::create::<Instance>)
            .says("Add rules for every host").records(Action::InstanceFirewallRuleAdd).asks::<ChangeQuery>().up_to(rules::MAX_BODY)
            .takes::<rules::NewRules>().gives::<rules::AddedRules>(CREATED),
        get("/api/v1/instance/firewall/rules/{rule}", Administrator, rules::change::show::<Instance>)
            .says("A rule for every host").gives::<rules::Rule>(OK),
        put("/api/v1/instance/firewall/rules/{rule}", Administrator, rules::change::update::<Instance>)
            .says("Change a rule for every host").records(Action::InstanceFirewallRuleChange).needs_version().asks::<ChangeQuery>()
            .takes::<rules::ChangedRule>().gives::<rules::RuleAfterChange>(OK),
        delete("/api/v1/instance/firewall/rules/{rule}", Administrator, rules::api::remove::<Instance>)
            .says("Remove a rule for every host").records(Action::InstanceFirewallRuleRemove).needs_version().asks::<ChangeQuery>()
            .gives::<projects::api::Effective>(OK),
        get("/api/v1/instance/console-firewall", Administrator, settings::api::show::<Console>)
            .says("Mode and limits of the console").gives::<settings::api::FirewallBody>(OK),
        put("/api/v1/instance/console-firewall", Administrator, settings::api::update::<Console>)
            .says("Change mode and limits of the console").records(Action::ConsoleFirewall).asks_again(StepUp::DANGEROUS).needs_version().asks::<ChangeQuery>()
            .takes::<settings::api::NewFirewall>().gives::<settings::api::FirewallBody>(OK),
        get("/api/v1/instance/console-firewall/rules", Administrator, rules::api::list::<Console>)
            .says("The rules of the console").asks::<PageQuery>().gives::<Page<rules::Rule>>(OK),
        post("/api/v1/instance/console-firewall/rules", Administrator, rules::api::create::<Console>)
            .says("Add rules for the console").records(Action::ConsoleFirewallRuleAdd).asks::<ChangeQuery>().up_to(rules::MAX_BODY)
            .takes::<rules::NewRules>().gives::<rules::AddedRules>(CREATED),
        get("/api/v1/instance/console-firewall/rules/{rule}", Administrator, rules::change::show::<Console>)
            .says("A rule of the console").gives::<rules::Rule>(OK),
        put("/api/v1/instance/console-firewall/rules/{rule}", Administrator, rules::change::update::<Console>)
            .says("Change a rule of the console").records(Action::ConsoleFirewallRuleChange).needs_version().asks::<ChangeQuery>()
            .takes::<rules::ChangedRule>().gives::<rules::RuleAfterChange>(OK),
        delete("/api/v1/instance/console-firewall/rules/{rule}", Administrator, rules::api::remove::<Console>)
            .says("Remove a rule of the console").records(Action::ConsoleFirewallRuleRemove).needs_version().asks::<ChangeQuery>()
            .gives::<projects::api::Effective>(OK),

        // Headers
        get("/api/v1/projects/{project}/headers", Project(HeadersRead), headers::api::show)
            .says("The project's security headers").gives::<headers::api::HeadersBody>(OK),
        put("/api/v1/projects/{project}/headers", Project(HeadersWrite), headers::api::update)
            .says("Change the project's security headers").records(Action::HeadersChange).needs_version().asks::<ChangeQuery>()
            .takes::<headers::HeaderSettingsBody>().gives::<headers::api::HeadersBody>(OK),

        get("/api/v1/projects/{project}/headers/live", Project(HeadersRead), headers::live::show)
            .says("The headers that the site really sends").asks::<headers::live::LiveQuery>().gives::<headers::live::LiveHeaders>(OK),

        // Deployments
        get("/api/v1/projects/{project}/deployments", Project(DeploymentsRead), deployments::api::list)
            .says("The project's deployments, the newest first").asks::<deployments::wire::DeploymentQuery>()
            .gives::<Page<deployments::wire::DeploymentBody>>(OK),
        post("/api/v1/projects/{project}/deployments", Project(DeploymentsCreate), deployments::api::create)
            .says("Deploy a static site or the URL of an application").records(Action::DeploymentCreate)
            .takes_upload_or::<deployments::wire::NewDeployment>().gives::<deployments::wire::LiveDeploymentBody>(CREATED),
        get("/api/v1/projects/{project}/deployments/{deployment}", Project(DeploymentsRead), deployments::api::show)
            .says("A deployment").gives::<deployments::wire::DeploymentBody>(OK),
        post("/api/v1/projects/{project}/deployments/{deployment}/rollback", Project(DeploymentsRollback), deployments::api::roll_back)
            .says("Make an earlier deployment live again").records(Action::DeploymentRollback)
            .gives::<deployments::wire::LiveDeploymentBody>(OK),
    ]
}
