create table customer(
  customer_id bigint not null primary key,
  name varchar(128),
  email varchar(128)
);
create table orders(
  order_id bigint not null primary key,
  customer_id bigint not null,
  sku varchar(128),
  price bigint,
  key (customer_id)
)
