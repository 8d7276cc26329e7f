"""What a Channels server could cost at best, with none of the product's rules: one process, no layer, group commit."""
