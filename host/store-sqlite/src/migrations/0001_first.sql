-- Times are whole microseconds since 1970-01-01T00:00:00Z. Words are those of the domain's types.
-- Rows of inbox, payload, attempt, release and adapter are written once; delivery is small, since it is rewritten often.

-- Every accepted request as it came, so that anything can be reprocessed.
create table inbox (
    id          integer primary key autoincrement,
    tenant      text    not null,
    endpoint    text    not null check (endpoint in ('leads', 'dispositions')),
    digest      blob    not null check (length(digest) = 32),
    headers     text    not null,
    body        blob    not null,
    received_at integer not null
) strict;

create table delivery (
    id              integer primary key autoincrement,
    tenant          text    not null,
    kind            text    not null check (kind in ('inbound', 'lead', 'disposition')),
    dedup_key       text    not null,
    receipt         integer not null references inbox (id),
    -- The version of its payload; 0 is the body of its request.
    payload         integer not null,
    lead            text,
    -- Of the live deliveries with one order key, only the first may go.
    order_key       text,
    -- 0 is a do-not-call and overtakes; see Rank.
    rank            integer not null,
    state           text    not null check (state in ('ready', 'leased', 'done', 'dead', 'review', 'discarded')),
    reason          text,
    class           text,
    reference       text,
    due             integer not null,
    fence           integer not null default 0,
    lease_owner     text,
    lease_until     integer,
    counted         integer not null default 0,
    throttles       integer not null default 0,
    throttled_since integer,
    ambiguous       integer not null default 0,
    lost_leases     integer not null default 0,
    generation      integer not null default 0,
    accepted_at     integer not null,
    changed_at      integer not null,
    unique (tenant, kind, dedup_key),
    check ((state = 'leased') = (lease_owner is not null and lease_until is not null))
) strict;

create index delivery_ready on delivery (tenant, rank, due) where state = 'ready';
create index delivery_leased on delivery (lease_until) where state = 'leased';
create index delivery_live on delivery (tenant, order_key) where state in ('ready', 'leased');
create index delivery_open on delivery (tenant, state) where state <> 'done';
create index delivery_tenant on delivery (tenant);
create index delivery_lead on delivery (tenant, lead);

-- How many deliveries there are, so that nobody has to count them.
create table delivery_count (
    tenant     text    not null,
    state      text    not null,
    deliveries integer not null,
    primary key (tenant, state)
) strict, without rowid;

create trigger delivery_made after insert on delivery begin
    insert into delivery_count (tenant, state, deliveries) values (new.tenant, new.state, 1)
        on conflict (tenant, state) do update set deliveries = deliveries + 1;
end;

create trigger delivery_moved after update of state on delivery when old.state <> new.state begin
    update delivery_count set deliveries = deliveries - 1 where tenant = old.tenant and state = old.state;
    insert into delivery_count (tenant, state, deliveries) values (new.tenant, new.state, 1)
        on conflict (tenant, state) do update set deliveries = deliveries + 1;
end;

-- Keys under which a request counts as a repeat, until their window is over.
create table inbox_key (
    tenant     text    not null,
    endpoint   text    not null,
    idem_key   text    not null,
    digest     blob    not null,
    delivery   integer not null references delivery (id),
    seen_at    integer not null,
    expires_at integer not null,
    primary key (tenant, endpoint, idem_key)
) strict, without rowid;

create index inbox_key_expiry on inbox_key (expires_at);

-- What is to be delivered where it is not the request's body: a parsed lead, an edited document.
create table payload (
    delivery integer not null references delivery (id),
    version  integer not null check (version > 0),
    body     blob    not null,
    made_at  integer not null,
    primary key (delivery, version)
) strict;

create table attempt (
    delivery   integer not null references delivery (id),
    fence      integer not null,
    tenant     text    not null,
    release    integer not null,
    started_at integer not null,
    ended_at   integer,
    class      text,
    detail     text    not null default '{}',
    primary key (delivery, fence)
) strict, without rowid;

create index attempt_started on attempt (tenant, started_at);

-- A lead's document is the payload of its newest delivery, whose rising id is what a pulling agent's cursor counts.
create table lead (
    tenant       text    not null,
    lead         text    not null,
    priority     text    not null default 'normal',
    delivery     integer references delivery (id),
    accepted_at  integer,
    dnc_since    integer,
    manual_since integer,
    primary key (tenant, lead)
) strict, without rowid;

create index lead_to_read on lead (tenant, priority, delivery) where delivery is not null;

create table suppression (
    id      integer primary key autoincrement,
    tenant  text    not null,
    lead    text    not null,
    reason  text    not null,
    note    text    not null,
    at      integer not null,
    last_at integer not null,
    times   integer not null,
    unique (tenant, lead, reason)
) strict;

-- Written in the transaction of what it reports.
create table alert (
    id              integer primary key autoincrement,
    tenant          text    not null,
    kind            text    not null,
    delivery        integer references delivery (id),
    lead            text,
    message         text    not null,
    at              integer not null,
    acknowledged_at integer
) strict;

create index alert_open on alert (tenant, kind, at) where acknowledged_at is null;

create table adapter (
    id      integer primary key autoincrement,
    digest  blob not null unique check (length(digest) = 32),
    name    text not null,
    version text not null,
    record  text not null
) strict;

create index adapter_name on adapter (name, version);

create table adapter_bytes (
    digest blob not null primary key references adapter (digest),
    bytes  blob not null
) strict;

create table release (
    tenant     text    not null,
    number     integer not null check (number > 0),
    adapter    blob    not null references adapter (digest),
    spec       text    not null,
    created_at integer not null,
    primary key (tenant, number)
) strict;

create table tenant (
    name         text    not null primary key,
    active       integer not null,
    newest       integer not null,
    created_at   integer not null,
    activated_at integer not null,
    foreign key (name, active) references release (tenant, number)
) strict, without rowid;

create table secret (
    tenant text not null,
    name   text not null,
    value  text not null,
    primary key (tenant, name)
) strict, without rowid;

-- An operator's token has no tenant.
create table token (
    id         integer primary key autoincrement,
    hash       blob    not null unique check (length(hash) = 32),
    tenant     text,
    label      text    not null,
    created_at integer not null,
    revoked_at integer
) strict;

-- Written to when somebody asks whether the database can be.
create table probe (
    id    integer primary key check (id = 1),
    times integer not null
) strict;
