package cluster

import _ "embed"

// The shop, which is the standard example with tables in MySQL: the unsharded
// keyspace commerce holds products and sequences for the sharded keyspace
// customer.
var (
	//go:embed shop/commerce.json
	shopCommerceVSchema string
	//go:embed shop/commerce.sql
	shopCommerceSchema string
	//go:embed shop/customer.json
	shopCustomerVSchema string
	//go:embed shop/customer.sql
	shopCustomerSchema string
)

// Shop is the keyspaces commerce, whose tables are product, customer_seq and
// orders_seq, and customer, whose tables are customer(customer_id, name, email)
// and orders(order_id, customer_id, sku, price), on that many shards.
func Shop(customerShards int) []Keyspace {
	return []Keyspace{
		{Name: "commerce", VSchema: shopCommerceVSchema, Schema: shopCommerceSchema},
		{Name: "customer", Shards: ShardNames(customerShards), VSchema: shopCustomerVSchema, Schema: shopCustomerSchema},
	}
}
