-- Who may go is written down when it changes, and not found out by every claim: of the ready deliveries with one order
-- key all but the first are blocked, and all of them while one is leased. So a claim reads what it takes, however many
-- wait. Triggers keep it, so that no statement can forget to.
alter table delivery add column blocked integer not null default 0 check (blocked in (0, 1));

drop index delivery_ready;
drop index delivery_live;

-- What may go as soon as it is due.
create index delivery_ready on delivery (tenant, kind, rank, due) where state = 'ready' and blocked = 0;
-- The line of each order key: do-not-calls first, then as accepted.
create index delivery_line on delivery (tenant, order_key, rank > 0, id)
    where state = 'ready' and order_key is not null;
-- Who of a line is under way.
create index delivery_under_way on delivery (tenant, order_key) where state = 'leased' and order_key is not null;

update delivery set blocked = 1
where state = 'ready' and order_key is not null and (
    exists (
        select 1 from delivery o
        where o.tenant = delivery.tenant and o.order_key = delivery.order_key and o.state = 'leased')
    or id <> (
        select o.id from delivery o
        where o.tenant = delivery.tenant and o.order_key = delivery.order_key and o.state = 'ready'
        order by o.rank > 0, o.id limit 1));

-- A ready delivery joins a line: at its end, at its head if it overtakes or was there before, or beside one under way.
create trigger delivery_joined_line after insert on delivery
when new.state = 'ready' and new.order_key is not null begin
    update delivery set blocked = 1 where blocked = 0 and id = (
        select o.id from delivery o
        where o.tenant = new.tenant and o.order_key = new.order_key and o.state = 'ready'
        order by o.rank > 0, o.id limit 1 offset 1);
    update delivery set blocked = 1 where blocked = 0 and id = new.id and (
        exists (
            select 1 from delivery o
            where o.tenant = new.tenant and o.order_key = new.order_key and o.state = 'leased')
        or new.id <> (
            select o.id from delivery o
            where o.tenant = new.tenant and o.order_key = new.order_key and o.state = 'ready'
            order by o.rank > 0, o.id limit 1));
end;

create trigger delivery_rejoined_line after update of state on delivery
when new.state = 'ready' and old.state <> 'ready' and new.order_key is not null begin
    update delivery set blocked = 1 where blocked = 0 and id = (
        select o.id from delivery o
        where o.tenant = new.tenant and o.order_key = new.order_key and o.state = 'ready'
        order by o.rank > 0, o.id limit 1 offset 1);
    update delivery set blocked = 1 where blocked = 0 and id = new.id and (
        exists (
            select 1 from delivery o
            where o.tenant = new.tenant and o.order_key = new.order_key and o.state = 'leased')
        or new.id <> (
            select o.id from delivery o
            where o.tenant = new.tenant and o.order_key = new.order_key and o.state = 'ready'
            order by o.rank > 0, o.id limit 1));
    update delivery set blocked = 0 where blocked = 1 and id = (
        select o.id from delivery o
        where o.tenant = new.tenant and o.order_key = new.order_key and o.state = 'ready'
        order by o.rank > 0, o.id limit 1)
    and not exists (
        select 1 from delivery o
        where o.tenant = new.tenant and o.order_key = new.order_key and o.state = 'leased');
end;

-- The next one's turn, when one that was under way or at the head has left for good.
create trigger delivery_left_line after update of state on delivery
when old.state in ('ready', 'leased') and new.state not in ('ready', 'leased') and new.order_key is not null begin
    update delivery set blocked = 0 where blocked = 1 and id = (
        select o.id from delivery o
        where o.tenant = new.tenant and o.order_key = new.order_key and o.state = 'ready'
        order by o.rank > 0, o.id limit 1)
    and not exists (
        select 1 from delivery o
        where o.tenant = new.tenant and o.order_key = new.order_key and o.state = 'leased');
end;

-- What outlives a host of a tenant's breaker: what an operator forced, and since when the CRM has not answered.
create table breaker (
    tenant     text    not null primary key,
    forced     text    check (forced in ('open', 'closed')),
    open_since integer
) strict, without rowid;
