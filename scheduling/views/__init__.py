"""Pages of the book: read the request, call one verb or one query, answer."""
