-- Mail that is on its way. What it says is sealed, because it may hold links.
CREATE TABLE mails (
  id UUID PRIMARY KEY NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  recipient text NOT NULL,
  content BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  attempts integer NOT NULL,
  failure text
) STRICT;
CREATE INDEX mails_by_time ON mails (next_at);
