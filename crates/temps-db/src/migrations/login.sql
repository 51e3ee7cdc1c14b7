-- When a session was last used, how long it may lie idle, and the last proof of who its user is.
ALTER TABLE sessions ADD COLUMN last_used_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN idle_seconds integer NOT NULL DEFAULT 1800;
ALTER TABLE sessions ADD COLUMN remembered BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sessions ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN proved_with text NOT NULL DEFAULT 'password';
ALTER TABLE sessions ADD COLUMN suspected BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE sessions SET last_used_at = created_at, proved_at = created_at;

-- The strongest second factor that a user has, kept with each change of one, so that every call can be decided by it.
ALTER TABLE users ADD COLUMN second_factor text NOT NULL DEFAULT 'none' CHECK (second_factor IN ('none', 'totp', 'passkey'));
ALTER TABLE users ADD COLUMN second_factor_required BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE totp_keys (
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  confirmed BOOLEAN NOT NULL,
  secret BYTEA NOT NULL,
  last_step BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT,
  PRIMARY KEY (user_id, confirmed)
) STRICT;

CREATE TABLE recovery_codes (
  id UUID PRIMARY KEY NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  code_hash BYTEA NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  used_at BIGINT
) STRICT;
CREATE INDEX recovery_codes_by_user ON recovery_codes (user_id);

-- Logins whose first factor was right and whose second is awaited. They are no sessions.
CREATE TABLE pending_logins (
  id UUID PRIMARY KEY NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_hash BYTEA NOT NULL UNIQUE,
  first_factor text NOT NULL,
  remembered BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
) STRICT;
CREATE INDEX pending_logins_by_user ON pending_logins (user_id);

-- Browsers from which a user has logged in before.
CREATE TABLE known_devices (
  id UUID PRIMARY KEY NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_hash BYTEA NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  ip text NOT NULL,
  user_agent text NOT NULL
) STRICT;
CREATE INDEX known_devices_by_user ON known_devices (user_id);

-- How often was guessed, by what is counted together. The subject in its name is a keyed hash.
CREATE TABLE guess_counts (
  bucket text PRIMARY KEY NOT NULL,
  thousandths integer NOT NULL,
  last_at BIGINT NOT NULL,
  not_before BIGINT NOT NULL
) STRICT;
CREATE INDEX guess_counts_by_age ON guess_counts (last_at);

-- The latest logins of a user and what failed. Failures of one network that follow each other are one row.
CREATE TABLE login_attempts (
  id UUID PRIMARY KEY NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  succeeded BOOLEAN NOT NULL,
  method text NOT NULL,
  ip text NOT NULL,
  user_agent text NOT NULL,
  attempts integer NOT NULL
) STRICT;
CREATE INDEX login_attempts_by_user ON login_attempts (user_id, at);

-- Proofs of work that were accepted, until they expire.
CREATE TABLE spent_proofs (
  hash BYTEA PRIMARY KEY NOT NULL,
  expires_at BIGINT NOT NULL
) STRICT;
