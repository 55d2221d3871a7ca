"""Parts `anonymous`, `function` and `graphql`: every route that is known, and who it answers."""
