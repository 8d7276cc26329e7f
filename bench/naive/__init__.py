"""A Channels server as tutorials write it, to be measured beside the product: Daphne, groups over Redis, the ORM."""
