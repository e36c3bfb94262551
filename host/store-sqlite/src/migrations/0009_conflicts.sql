-- How often in a row the CRM's record moved while a delivery was written.
alter table delivery add column conflicts integer not null default 0;
