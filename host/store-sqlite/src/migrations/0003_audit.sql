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
