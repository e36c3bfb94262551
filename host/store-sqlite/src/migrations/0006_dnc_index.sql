-- The leads that asked never to be called again, read when the database is opened.
create index lead_dnc on lead (tenant, lead) where dnc_since is not null;
