-- Which component a name and version mean: one for ever, unless an operator orders another. The ids keep the order in which
-- the versions came, whatever is put under them later.
create table adapter_version (
    id      integer primary key autoincrement,
    name    text not null,
    version text not null,
    digest  blob not null references adapter (digest),
    unique (name, version)
) strict;

-- Until now the newest push took the name over.
insert into adapter_version (id, name, version, digest)
select max(id), name, version, digest from adapter group by name, version;

drop index adapter_name;
