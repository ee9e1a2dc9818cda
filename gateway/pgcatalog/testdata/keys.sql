-- The tables of shopContents, for PostgreSQL 15.
create schema shop;
create table shop.orders (id bigint primary key, "Code" varchar(40) not null unique, d date default current_date, note text);
create table shop.items (order_id bigint not null references shop.orders(id), line int not null, constraint items_pkey primary key (order_id, line));
create index orders_d_idx on shop.orders (d, note);
create index orders_note_idx on shop.orders (lower(note)) where d is not null;
