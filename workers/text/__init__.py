"""What several families need to read text: shared, as families never import each other."""
