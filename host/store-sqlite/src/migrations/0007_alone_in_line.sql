-- Most deliveries are alone in their line when they come, and have nobody to make wait: that is found out by two looks
-- into indexes, before anything is updated. What is done for the others is what was done for all.
drop trigger delivery_joined_line;

create trigger delivery_joined_line after insert on delivery
when new.state = 'ready' and new.order_key is not null and (
    exists (
        select 1 from delivery o
        where o.tenant = new.tenant and o.order_key = new.order_key and o.state = 'ready' and o.id <> new.id)
    or exists (
        select 1 from delivery o
        where o.tenant = new.tenant and o.order_key = new.order_key and o.state = 'leased'))
begin
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
