-- Written once for both databases; `migrations.rs` turns the types in capitals and STRICT into each one's own.
-- Times (`*_at`) are microseconds since 1970-01-01 in UTC.

CREATE TABLE instance (
  key text PRIMARY KEY NOT NULL,
  value text NOT NULL
) STRICT;

CREATE TABLE data_keys (
  id UUID PRIMARY KEY NOT NULL,
  owner text NOT NULL,
  version integer NOT NULL,
  wrapped BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  destroyed_at BIGINT,
  UNIQUE (owner, version)
) STRICT;

CREATE TABLE instance_secrets (
  name text PRIMARY KEY NOT NULL,
  value BYTEA NOT NULL,
  key_id UUID NOT NULL REFERENCES data_keys (id),
  updated_at BIGINT NOT NULL
) STRICT;

CREATE TABLE users (
  id UUID PRIMARY KEY NOT NULL,
  email text NOT NULL UNIQUE,
  name text NOT NULL,
  password_hash BYTEA,
  administrator BOOLEAN NOT NULL,
  state text NOT NULL CHECK (state IN ('invited', 'active', 'disabled')),
  created_at BIGINT NOT NULL,
  version integer NOT NULL
) STRICT;

CREATE TABLE links (
  id UUID PRIMARY KEY NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  purpose text NOT NULL,
  token_hash BYTEA NOT NULL UNIQUE,
  expires_at BIGINT NOT NULL,
  used_at BIGINT,
  created_at BIGINT NOT NULL,
  created_by UUID NOT NULL
) STRICT;
CREATE INDEX links_by_user ON links (user_id);

CREATE TABLE sessions (
  id UUID PRIMARY KEY NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_hash BYTEA NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT,
  ip text NOT NULL,
  user_agent text NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE projects (
  id UUID PRIMARY KEY NOT NULL,
  slug text NOT NULL UNIQUE,
  name text NOT NULL,
  created_by UUID NOT NULL,
  created_at BIGINT NOT NULL,
  version integer NOT NULL
) STRICT;

CREATE TABLE members (
  project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
  created_at BIGINT NOT NULL,
  PRIMARY KEY (project_id, user_id)
) STRICT;
CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE environments (
  id UUID PRIMARY KEY NOT NULL,
  project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  slug text NOT NULL,
  live_deployment_id UUID,
  created_at BIGINT NOT NULL,
  version integer NOT NULL,
  UNIQUE (project_id, slug)
) STRICT;

CREATE TABLE domains (
  id UUID PRIMARY KEY NOT NULL,
  project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  host text NOT NULL UNIQUE,
  kind text NOT NULL CHECK (kind IN ('generated', 'custom')),
  created_at BIGINT NOT NULL
) STRICT;
CREATE INDEX domains_by_project ON domains (project_id);
CREATE INDEX domains_by_environment ON domains (environment_id);

CREATE TABLE deployments (
  id UUID PRIMARY KEY NOT NULL,
  project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  environment_id UUID NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  number integer NOT NULL,
  kind text NOT NULL,
  manifest text,
  upstream_url text,
  files integer NOT NULL,
  bytes BIGINT NOT NULL,
  created_by UUID NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (environment_id, number),
  CHECK ((kind = 'static' AND manifest IS NOT NULL AND upstream_url IS NULL)
    OR (kind = 'upstream' AND manifest IS NULL AND upstream_url IS NOT NULL))
) STRICT;
CREATE INDEX deployments_by_project ON deployments (project_id, created_at);

CREATE TABLE firewalls (
  scope_key text PRIMARY KEY NOT NULL,
  scope text NOT NULL CHECK (scope IN ('instance', 'console', 'project', 'environment')),
  project_id UUID REFERENCES projects (id) ON DELETE CASCADE,
  environment_id UUID REFERENCES environments (id) ON DELETE CASCADE,
  mode text NOT NULL CHECK (mode IN ('open', 'allow_list')),
  limits text NOT NULL,
  version integer NOT NULL,
  updated_at BIGINT NOT NULL
) STRICT;
CREATE INDEX firewalls_by_project ON firewalls (project_id);
CREATE INDEX firewalls_by_environment ON firewalls (environment_id);

CREATE TABLE firewall_rules (
  id UUID PRIMARY KEY NOT NULL,
  scope text NOT NULL CHECK (scope IN ('instance', 'console', 'project', 'environment', 'emergency')),
  scope_key text NOT NULL,
  project_id UUID REFERENCES projects (id) ON DELETE CASCADE,
  environment_id UUID REFERENCES environments (id) ON DELETE CASCADE,
  action text NOT NULL CHECK (action IN ('block', 'allow')),
  network text NOT NULL,
  note text NOT NULL,
  author UUID,
  expires_at BIGINT,
  created_at BIGINT NOT NULL,
  version integer NOT NULL,
  UNIQUE (scope_key, action, network)
) STRICT;
CREATE INDEX firewall_rules_by_project ON firewall_rules (project_id);
CREATE INDEX firewall_rules_by_environment ON firewall_rules (environment_id);

CREATE TABLE header_settings (
  project_id UUID PRIMARY KEY NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  settings text NOT NULL,
  version integer NOT NULL,
  updated_at BIGINT NOT NULL
) STRICT;

CREATE TABLE certificates (
  id UUID PRIMARY KEY NOT NULL,
  host text NOT NULL UNIQUE,
  issuer text NOT NULL,
  chain text NOT NULL,
  key BYTEA NOT NULL,
  key_id UUID NOT NULL REFERENCES data_keys (id),
  not_before BIGINT NOT NULL,
  not_after BIGINT NOT NULL,
  created_at BIGINT NOT NULL
) STRICT;

CREATE TABLE audit_records (
  id UUID PRIMARY KEY NOT NULL,
  seq BIGINT UNIQUE,
  sealed_at BIGINT,
  previous_hash BYTEA,
  hash BYTEA,
  body text NOT NULL,
  project_id UUID,
  actor_id UUID,
  action text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('done', 'denied', 'failed')),
  created_at BIGINT NOT NULL,
  CHECK ((seq IS NULL) = (hash IS NULL) AND (seq IS NULL) = (previous_hash IS NULL) AND (seq IS NULL) = (sealed_at IS NULL))
) STRICT;
CREATE INDEX audit_records_unsealed ON audit_records (created_at, id) WHERE seq IS NULL;
CREATE INDEX audit_records_by_time ON audit_records (created_at, id);
CREATE INDEX audit_records_by_project ON audit_records (project_id, created_at, id);

CREATE TABLE leases (
  name text PRIMARY KEY NOT NULL,
  holder text NOT NULL,
  expires_at BIGINT NOT NULL
) STRICT;
