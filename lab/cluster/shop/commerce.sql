create table product(
  sku varchar(128) not null primary key,
  description varchar(128),
  price bigint
);
create table customer_seq(id bigint not null primary key, next_id bigint, cache bigint) comment 'vitess_sequence';
create table orders_seq(id bigint not null primary key, next_id bigint, cache bigint) comment 'vitess_sequence';
insert into customer_seq values (0, 1, 100);
insert into orders_seq values (0, 1, 100)
