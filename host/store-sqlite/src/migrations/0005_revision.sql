-- Counts changes of what hosts follow: which release of each tenant is active, and which tokens are live. A host reads
-- this row each second, and all the others only when it has changed.
create table revision (
    id     integer not null primary key check (id = 1),
    number integer not null
) strict;
insert into revision values (1, 1);

create trigger tenant_made after insert on tenant begin
    update revision set number = number + 1;
end;
create trigger tenant_pointed after update of active on tenant begin
    update revision set number = number + 1;
end;
create trigger token_made after insert on token begin
    update revision set number = number + 1;
end;
create trigger token_revoked after update of revoked_at on token begin
    update revision set number = number + 1;
end;
