-- When the host announced an alert. Earlier versions announced alerts as they came and kept no record of it.
alter table alert add column told_at integer;
update alert set told_at = at;
create index alert_untold on alert (id) where told_at is null;
