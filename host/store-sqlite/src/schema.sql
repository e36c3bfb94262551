-- Times are whole microseconds since 1970-01-01T00:00:00Z. Words are those of the domain's types. What the tables are for,
-- and which transaction bears, moves and buries their rows, is in ARCHITECTURE.md.

-- What wrote this database, and the oldest version that can read it.
create table schema (
    id            integer primary key check (id = 1),
    version       integer not null,
    oldest_reader integer not null
) strict;

-- This database. Ids of deliveries and requests begin at cell * 2^40, so that a tenant can move to another database.
create table installation (
    id          integer primary key check (id = 1),
    cell        integer not null check (cell >= 0),
    -- By which keys that are kept for ever are digested.
    digest_key  blob    not null check (length(digest_key) = 32),
    -- Since when this is a copy that nobody has accepted yet.
    restored_at integer
) strict;

-- The highest ids that were given. The writer reads them when it begins, and writes them with each commit that gave some.
create table last_id (
    name   text    not null primary key,
    number integer not null
) strict, without rowid;

-- Every accepted request as it came, so that anything can be reprocessed. Written once, in the order of its ids.
create table request (
    id          integer primary key,
    tenant      text    not null,
    endpoint    text    not null check (endpoint in ('leads', 'dispositions')),
    headers     text    not null,
    body        blob    not null,
    received_at integer not null
) strict;

-- Deliveries that have not ended: ready, leased, dead or in review. Small, since its rows are rewritten often.
create table queue (
    id              integer primary key,
    tenant          text    not null,
    kind            text    not null check (kind in ('inbound', 'lead', 'disposition')),
    dedup_key       text    not null,
    receipt         integer not null,
    -- The version of its payload; 0 is the body of its request.
    payload         integer not null,
    lead            text,
    -- Its line; null where it waits for nobody.
    order_key       text,
    rank            integer not null,
    -- Whether it waits its turn in the line; a do-not-call overtakes.
    waits           integer not null check (waits in (0, 1)),
    state           text    not null check (state in ('ready', 'leased', 'dead', 'review')),
    -- Ready, and not the head of its line.
    blocked         integer not null check (blocked in (0, 1)),
    reason          text,
    class           text,
    due             integer not null,
    fence           integer not null default 0,
    lease_owner     text,
    lease_until     integer,
    -- When a changing request of an attempt may last have left, and until when a look-up that finds nothing is too early.
    sent_at         integer,
    settles_at      integer,
    counted         integer not null default 0,
    throttles       integer not null default 0,
    throttled_since integer,
    conflicts       integer not null default 0,
    ambiguous       integer not null default 0,
    lost_leases     integer not null default 0,
    generation      integer not null default 0,
    accepted_at     integer not null,
    changed_at      integer not null,
    check ((state = 'leased') = (lease_owner is not null and lease_until is not null)),
    check (blocked = 0 or (state = 'ready' and order_key is not null))
) strict;

-- What may go as soon as it is due.
create index queue_ready on queue (tenant, kind, rank, due) where state = 'ready' and blocked = 0;
create index queue_leased on queue (lease_until) where state = 'leased';
-- Who waits in a line.
create index queue_waiting on queue (tenant, order_key, waits, id) where blocked = 1;
create index queue_state on queue (tenant, state);
create index queue_stopped on queue (tenant, lead) where state in ('dead', 'review');

-- Deliveries that have ended: done or discarded. Written once.
create table history (
    id          integer primary key,
    tenant      text    not null,
    kind        text    not null,
    dedup_key   text    not null,
    receipt     integer not null,
    payload     integer not null,
    lead        text,
    state       text    not null check (state in ('done', 'discarded')),
    reason      text,
    class       text,
    reference   text,
    counted     integer not null,
    ambiguous   integer not null,
    generation  integer not null,
    accepted_at integer not null,
    changed_at  integer not null
) strict;

create index history_tenant on history (tenant);
create index history_lead on history (lead, tenant);

-- The lines of deliveries that are ready or leased: who may go, or is under way. See the domain's `DeliveryLine`.
create table line (
    tenant    text    not null,
    order_key text    not null,
    head      integer not null,
    -- Whether the head may be overtaken while it is not under way.
    waits     integer not null check (waits in (0, 1)),
    under_way integer not null check (under_way in (0, 1)),
    primary key (tenant, order_key)
) strict, without rowid;

-- How many deliveries there are, so that nobody has to count them. The writer adds up each commit.
create table delivery_count (
    tenant     text    not null,
    state      text    not null,
    deliveries integer not null,
    primary key (tenant, state)
) strict, without rowid;

-- The keys of all deliveries, for ever, as digests. A disposition's has what a repeat is answered with.
create table delivery_key (
    digest      blob    not null primary key check (length(digest) = 16),
    delivery    integer not null,
    receipt     integer not null,
    body_digest blob,
    accepted_at integer not null
) strict, without rowid;

-- Keys under which a webhook counts as a repeat, as digests, until their window is over.
create table webhook_key (
    digest      blob    not null primary key check (length(digest) = 16),
    delivery    integer not null,
    receipt     integer not null,
    body_digest blob    not null,
    lead        text,
    accepted_at integer not null,
    expires_at  integer not null
) strict, without rowid;

create index webhook_key_expiry on webhook_key (expires_at);

-- What is to be delivered where it is not the request's body: a parsed lead, an edited document.
create table payload (
    delivery integer not null,
    version  integer not null check (version > 0),
    body     blob    not null,
    made_at  integer not null,
    primary key (delivery, version)
) strict, without rowid;

create table attempt (
    delivery   integer not null,
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
    delivery     integer,
    receipt      integer,
    payload      integer,
    accepted_at  integer,
    dnc_since    integer,
    manual_since integer,
    primary key (tenant, lead)
) strict, without rowid;

create index lead_to_read on lead (tenant, priority, delivery) where delivery is not null;
-- The leads that asked never to be called again, read when the database is opened.
create index lead_dnc on lead (tenant, lead) where dnc_since is not null;

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
    delivery        integer,
    lead            text,
    message         text    not null,
    at              integer not null,
    acknowledged_at integer,
    -- When a host announced it first.
    told_at         integer
) strict;

create index alert_open on alert (tenant, kind, at) where acknowledged_at is null;
create index alert_of_delivery on alert (delivery) where acknowledged_at is null;
create index alert_open_ids on alert (id) where acknowledged_at is null;
create index alert_untold on alert (id) where told_at is null;

create table adapter (
    id      integer primary key autoincrement,
    digest  blob not null unique check (length(digest) = 32),
    name    text not null,
    version text not null,
    record  text not null
) strict;

create table adapter_bytes (
    digest blob not null primary key references adapter (digest),
    bytes  blob not null
) strict;

-- A name and version mean one component, unless an operator ordered another.
create table adapter_version (
    id      integer primary key autoincrement,
    name    text not null,
    version text not null,
    digest  blob not null references adapter (digest),
    unique (name, version)
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

-- Secrets are sealed by the host; the database never holds one as it is.
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

-- An operator's token has no tenant.
create table token (
    id         integer primary key autoincrement,
    hash       blob    not null unique check (length(hash) = 32),
    tenant     text,
    label      text    not null,
    created_at integer not null,
    revoked_at integer
) strict;

-- Counts changes of what hosts follow: which release of each tenant is active, and which tokens are live. A host reads
-- this row each second, and all the others only when it has changed.
create table revision (
    id     integer not null primary key check (id = 1),
    number integer not null
) strict;
insert into revision values (1, 1);

-- What outlives a host of a tenant's breaker: what an operator forced, and since when the CRM has not answered.
create table breaker (
    tenant     text    not null primary key,
    forced     text    check (forced in ('open', 'closed')),
    open_since integer
) strict, without rowid;

-- What was done by the admin API: each row has the hash of the one before. It grows at its end, and nowhere else.
create table audit (
    seq     integer primary key,
    at      integer not null,
    actor   text    not null,
    label   text    not null,
    action  text    not null,
    target  text    not null,
    -- Of the answer; null where none was given yet.
    status  integer,
    request text    not null,
    prev    blob    not null,
    hash    blob    not null
) strict;

-- Where the trail begins, once its oldest entries are gone: the number and the hash of the last one that is.
create table audit_anchor (
    id   integer primary key check (id = 1),
    seq  integer not null,
    hash blob    not null
) strict;

create trigger audit_stays before update on audit begin
    select raise(abort, 'the audit trail is append-only');
end;

create trigger audit_is_kept before delete on audit begin
    select raise(abort, 'the audit trail is append-only');
end;

create trigger audit_grows_at_its_end before insert on audit
when new.seq <> (select coalesce(max(seq), 0) + 1 from audit) begin
    select raise(abort, 'the audit trail is append-only');
end;

-- Written to when somebody asks whether the database can be.
create table probe (
    id    integer primary key check (id = 1),
    times integer not null
) strict;
