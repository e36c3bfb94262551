-- Secrets are sealed by the host; the database never holds one as it is. What an earlier version kept as it was stays
-- in plaintext_secret until the host has sealed it at its first start, and the table goes with it.
alter table secret rename to plaintext_secret;

create table secret (
    tenant     text    not null,
    name       text    not null,
    -- The id of the master key that it is sealed with.
    key        text    not null,
    nonce      blob    not null check (length(nonce) = 24),
    ciphertext blob    not null,
    set_at     integer not null,
    primary key (tenant, name)
) strict, without rowid;
