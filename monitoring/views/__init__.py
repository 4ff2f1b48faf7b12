"""Pages of the chairside: read the request, call one verb or one query, answer."""
