-- A decision on a delivery closes the alerts that ask for it.
create index alert_of_delivery on alert (delivery) where acknowledged_at is null;
-- Those of deliveries on which a person has decided before stay open no longer.
update alert set acknowledged_at = at
where acknowledged_at is null and kind in ('dead-letter', 'review')
    and delivery not in (select id from delivery where state in ('dead', 'review'));
